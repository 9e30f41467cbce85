// What this machine proves: a key of its own, made anew for every login, the self-signed certificate that a token may be
// bound to before there is another (RFC 8705 3 binds to any), and proofs of possession (RFC 9449).

import 'reflect-metadata'
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  randomBytes,
  randomUUID,
  X509Certificate,
} from 'node:crypto'
import * as x509 from '@peculiar/x509'
import { exportJWK, SignJWT } from 'jose'
import type { KeyPair } from './net.ts'

const ecdsa = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const hour = 3_600_000

/** A certificate that the key signs for itself, for an hour. It proves nothing but that whoever shows it holds the key. */
export async function selfSigned(key: string): Promise<KeyPair> {
  const pkcs8 = createPrivateKey(key).export({ type: 'pkcs8', format: 'der' })
  const spki = createPublicKey(key).export({ type: 'spki', format: 'der' })
  const keys = {
    privateKey: await crypto.subtle.importKey('pkcs8', pkcs8, ecdsa, false, ['sign']),
    publicKey: await crypto.subtle.importKey('spki', spki, ecdsa, true, ['verify']),
  }
  const made = await x509.X509CertificateGenerator.createSelfSigned({
    name: [{ CN: ['hipaa-mcp connect'] }],
    keys,
    signingAlgorithm: ecdsa,
    // Positive (RFC 5280 4.1.2.2).
    serialNumber: `4${randomBytes(16).toString('hex').slice(1)}`,
    // Clocks differ a little.
    notBefore: new Date(Date.now() - 60_000),
    notAfter: new Date(Date.now() + hour),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth]),
    ],
  })
  return { key, cert: `${made.toString('pem').trimEnd()}\n` }
}

/** When a certificate ends, milliseconds since 1970. */
export function endOf(certificate: string): number {
  return new X509Certificate(certificate).validToDate.getTime()
}

/** Signs one request (RFC 9449 4.2). `token`: the access token that it comes with. */
export async function proof(
  key: string,
  request: { method: string; url: string; token?: string; nonce?: string },
): Promise<string> {
  const { method, url, token, nonce } = request
  const { origin, pathname } = new URL(url)
  const claims = {
    jti: randomUUID(),
    htm: method,
    htu: `${origin}${pathname}`,
    ...(token === undefined ? {} : { ath: createHash('sha256').update(token).digest('base64url') }),
    ...(nonce === undefined ? {} : { nonce }),
  }
  return await new SignJWT(claims)
    .setIssuedAt()
    .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk: await exportJWK(createPublicKey(key)) })
    .sign(createPrivateKey(key))
}
