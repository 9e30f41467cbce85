// What a TLS connection proved, found out once when it begins.

import { hash } from 'node:crypto'
import type { TLSSocket } from 'node:tls'
import { type Person, personOf } from '../core/identity/person.ts'
import { plainAddress } from '../core/peer-address.ts'
import type { Who } from '../core/record.ts'

export type Connection = {
  /** Its address, plain. */
  readonly peer: string
  /** SHA-256 thumbprint of the client certificate, base64url (RFC 8705 3.1, x5t#S256). */
  readonly certificate: string
  /** Whose it is, where it is one that was enrolled. */
  readonly person?: Person
  /** Milliseconds since 1970. */
  readonly expires: number
  /** Which client CA it was accepted under: counts up when the CA changes. */
  readonly generation: number
  /** Who was last proved to ask over it. */
  caller?: Who
}

/** The connection of a socket whose handshake has ended; undefined when it shows no certificate. */
export function connectionOf(socket: TLSSocket, generation: number): Connection | undefined {
  const certificate = socket.getPeerCertificate(false)
  if (!socket.authorized || certificate.raw === undefined) return undefined
  const person = personOf(certificate.subjectaltname)
  return {
    peer: plainAddress(socket.remoteAddress),
    certificate: hash('sha256', certificate.raw, 'base64url'),
    ...(person === undefined ? {} : { person }),
    expires: Date.parse(certificate.valid_to),
    generation,
  }
}

/** Address of the peer, also when the TLS socket is destroyed already: the TCP socket below it still knows. */
export function peerOf(socket: TLSSocket): string {
  const { ['_parent']: below } = socket as { _parent?: { remoteAddress?: string } }
  return plainAddress(socket.remoteAddress ?? below?.remoteAddress)
}

export type HandshakeFailure =
  | (typeof reasons)[keyof typeof reasons]
  | 'certificate-not-trusted'
  | 'too-many-connections'
  | 'too-many-handshakes'
  | 'other'

/** Why a handshake failed, out of a table: the library's own texts hold what the peer sent. */
export function handshakeFailure(error: Error & { code?: string }, socket: TLSSocket): HandshakeFailure {
  if (socket.authorizationError !== null && socket.authorizationError !== undefined)
    return 'certificate-not-trusted'
  const known: { readonly [code: string]: HandshakeFailure } = reasons
  return known[error.code ?? ''] ?? 'other'
}

const reasons = {
  ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE: 'no-certificate',
  ERR_SSL_UNSUPPORTED_PROTOCOL: 'version-too-low',
  ERR_SSL_VERSION_TOO_LOW: 'version-too-low',
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: 'version-too-low',
  ERR_SSL_NO_SHARED_CIPHER: 'no-shared-cipher',
  ERR_SSL_HTTP_REQUEST: 'not-tls',
  ERR_SSL_WRONG_VERSION_NUMBER: 'not-tls',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'not-tls',
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: 'peer-distrusts-us',
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: 'peer-distrusts-us',
  ECONNRESET: 'broken-off',
  ERR_TLS_HANDSHAKE_TIMEOUT: 'late',
  GAVE_WAY: 'gave-way',
} as const
