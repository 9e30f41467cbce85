// A new key and the request for its certificate (PKCS #10, RFC 2986). The private key is made in the process that uses it,
// lives in its memory only, and is new for every renewal (45 CFR 164.312(a)(2)(iv), (e)(1)).
//
// The request is put together here, and not by an X.509 library: that would cost every guarded pod 20 MB of memory for
// these few bytes. The operator's library reads and verifies it.

import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'

/** EC P-256. */
export type OwnKey = { publicKey: KeyObject; privateKey: KeyObject }

export function newKey(): OwnKey {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' })
}

/** DER tags (ITU-T X.690). */
export const tags = {
  integer: 0x02,
  bits: 0x03,
  octets: 0x04,
  oid: 0x06,
  sequence: 0x30,
  set: 0x31,
  attributes: 0xa0,
  dnsName: 0x82,
}

/** Contents of object identifiers. */
const ids = {
  /** 1.2.840.10045.4.3.2 */
  ecdsaWithSha256: Buffer.from('2a8648ce3d040302', 'hex'),
  /** 1.2.840.113549.1.9.14 */
  extensionRequest: Buffer.from('2a864886f70d01090e', 'hex'),
  /** 2.5.29.17 */
  subjectAltName: Buffer.from('551d11', 'hex'),
}

/**
 * PKCS #10 (RFC 2986), PEM, without a subject: who it is for is decided by the operator. `names`: DNS names that the
 * server certificate shall bear, where the issuer signs what the request says.
 */
export function certificateRequest({ publicKey, privateKey }: OwnKey, names: readonly string[] = []): string {
  const alternatives = der(
    tags.sequence,
    ...names.map((name) => der(tags.dnsName, Buffer.from(name, 'ascii'))),
  )
  const extension = der(tags.sequence, der(tags.oid, ids.subjectAltName), der(tags.octets, alternatives))
  const attribute = der(
    tags.sequence,
    der(tags.oid, ids.extensionRequest),
    der(tags.set, der(tags.sequence, extension)),
  )
  const info = der(
    tags.sequence,
    der(tags.integer, Buffer.from([0])),
    der(tags.sequence),
    publicKey.export({ type: 'spki', format: 'der' }),
    der(tags.attributes, ...(names.length === 0 ? [] : [attribute])),
  )
  const signature = sign('sha256', info, privateKey)
  const algorithm = der(tags.sequence, der(tags.oid, ids.ecdsaWithSha256))
  // A bit string says first how many bits of its last byte are unused.
  const request = der(tags.sequence, info, algorithm, der(tags.bits, Buffer.from([0]), signature))
  return pemText('CERTIFICATE REQUEST', request)
}

/** RFC 7468. */
export function pemText(label: string, bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`
}

/** One value: tag, length, contents. */
export function der(tag: number, ...contents: readonly Buffer[]): Buffer {
  const body = Buffer.concat(contents)
  const short = body.length < 0x80
  const digits = body.length.toString(16)
  const length = short
    ? Buffer.from([body.length])
    : Buffer.from(digits.padStart(digits.length + (digits.length % 2), '0'), 'hex')
  return Buffer.concat([Buffer.from(short ? [tag] : [tag, 0x80 | length.length]), length, body])
}

/** For node:tls, which takes keys as PEM only. */
export function pemOf(key: OwnKey): string {
  return key.privateKey.export({ type: 'pkcs8', format: 'pem' })
}
