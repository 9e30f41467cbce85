// A new key and the request for its certificate (PKCS #10, RFC 2986). The key never leaves the process that made it.

import 'reflect-metadata'
import { KeyObject } from 'node:crypto'
import * as x509 from '@peculiar/x509'

const ecdsa = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const

/**
 * `key` is PKCS #8, PEM, as node:tls takes it. The request asks for no name unless `commonName` is given: who the
 * certificate speaks for is decided by the signer, from what it knows itself.
 */
export async function newKeyAndRequest(
  names: { commonName?: string } = {},
): Promise<{ key: string; csr: string }> {
  const keys = await crypto.subtle.generateKey(ecdsa, true, ['sign', 'verify'])
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: names.commonName === undefined ? [] : [{ CN: [names.commonName] }],
    keys,
    signingAlgorithm: ecdsa,
  })
  const key = KeyObject.from(keys.privateKey).export({ type: 'pkcs8', format: 'pem' })
  return { key, csr: `${request.toString('pem').trimEnd()}\n` }
}
