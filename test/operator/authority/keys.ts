// Keys and certificate requests as sidecars and auditors make them.

import 'reflect-metadata'
import * as x509 from '@peculiar/x509'
import { privateKeyPem } from '../../../operator/authority/ca.ts'

export type Requested = { csr: string; key: string }

/** A new key and its request, PEM. */
export async function aRequestFor(
  names: string[] = [],
  algorithm: EcKeyGenParams | RsaHashedKeyGenParams = { name: 'ECDSA', namedCurve: 'P-256' },
): Promise<Requested> {
  const signingAlgorithm = { ...algorithm, hash: 'SHA-256' }
  const keys = await crypto.subtle.generateKey(signingAlgorithm, true, ['sign', 'verify'])
  const csr = await x509.Pkcs10CertificateRequestGenerator.create({
    name: [{ CN: ['whoever'] }],
    keys,
    signingAlgorithm,
    extensions:
      names.length === 0
        ? []
        : [new x509.SubjectAlternativeNameExtension(names.map((value) => ({ type: 'dns' as const, value })))],
  })
  return { csr: csr.toString('pem'), key: await privateKeyPem(keys.privateKey) }
}

/** The same request with another key in it: its signature no longer fits. */
export async function aForgedRequest(): Promise<string> {
  const [{ csr }, other] = await Promise.all([aRequestFor(), aRequestFor()])
  const bytes = Buffer.from(new x509.Pkcs10CertificateRequest(csr).rawData)
  const stolen = Buffer.from(new x509.Pkcs10CertificateRequest(other.csr).publicKey.rawData)
  const own = Buffer.from(new x509.Pkcs10CertificateRequest(csr).publicKey.rawData)
  stolen.copy(bytes, bytes.indexOf(own))
  return x509.PemConverter.encode(bytes, 'CERTIFICATE REQUEST')
}
