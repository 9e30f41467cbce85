// The sidecar's key and its certificate request. The private key is made here, lives in this process's memory only, and
// is new for every renewal (45 CFR 164.312(a)(2)(iv), (e)(1): it cannot be read by anybody who reads Secrets or disks).

import 'reflect-metadata'
import { type KeyObject, X509Certificate, createPrivateKey, generateKeyPairSync } from 'node:crypto'
import { Pkcs10CertificateRequestGenerator, SubjectAlternativeNameExtension } from '@peculiar/x509'

/** EC P-256. */
export type OwnKey = { publicKey: KeyObject; privateKey: KeyObject }

const signing = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const

export function newKey(): OwnKey {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' })
}

/** PKCS #10, PEM. `names`: DNS names that the server certificate shall bear, where the issuer signs what the CSR says. */
export async function certificateRequest(key: OwnKey, names: readonly string[]): Promise<string> {
  const request = await Pkcs10CertificateRequestGenerator.create({
    keys: {
      publicKey: key.publicKey.toCryptoKey(signing, true, ['verify']) as CryptoKey,
      privateKey: key.privateKey.toCryptoKey(signing, false, ['sign']) as CryptoKey,
    },
    signingAlgorithm: signing,
    ...(names.length === 0
      ? {}
      : {
          extensions: [
            new SubjectAlternativeNameExtension(names.map((value) => ({ type: 'dns' as const, value }))),
          ],
        }),
  })
  return request.toString('pem')
}

/** For node:tls, which takes keys as PEM only. */
export function pemOf(key: OwnKey): string {
  return key.privateKey.export({ type: 'pkcs8', format: 'pem' })
}

/** What a chain's leaf says; `until` in milliseconds since 1970. Throws when the PEM is none or is not for this key. */
export function leafOf(chain: string, keyPem: string): { until: number; subjectAltName?: string } {
  const leaf = new X509Certificate(chain)
  if (!leaf.checkPrivateKey(createPrivateKey(keyPem)))
    throw new TypeError('The certificate is for another key')
  return {
    until: leaf.validToDate.getTime(),
    ...(leaf.subjectAltName === undefined ? {} : { subjectAltName: leaf.subjectAltName }),
  }
}
