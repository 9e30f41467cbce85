// Leaves of the operator's own authorities.

import 'reflect-metadata'
import * as x509 from '@peculiar/x509'
import { type Authority, ecdsa, pemOf, serialNumber } from './ca.ts'

export type Leaf = {
  publicKey: x509.PublicKey
  /** URI name out of core/identifiers.ts `identity`. Absent: the certificate proves no role of ours. */
  identity?: string
  /** DNS names. */
  names: readonly string[]
  usages: readonly ('server' | 'client')[]
  /** Validity. It never outlives the authority. */
  seconds: number
}

const usageIds = {
  server: x509.ExtendedKeyUsage.serverAuth,
  client: x509.ExtendedKeyUsage.clientAuth,
} as const

/** Leaf certificate, PEM. `now` in milliseconds since 1970. */
export async function issue(authority: Authority, leaf: Leaf, now: number): Promise<string> {
  const end = Math.min(now + leaf.seconds * 1000, authority.certificate.notAfter.getTime())
  const alternatives: x509.JsonGeneralName[] = [
    ...(leaf.identity === undefined ? [] : [{ type: 'url' as const, value: leaf.identity }]),
    ...leaf.names.map((value) => ({ type: 'dns' as const, value })),
  ]
  if (alternatives.length === 0) throw new Error('A certificate without any name proves nothing')
  const certificate = await x509.X509CertificateGenerator.create({
    // Who it is stands in the alternative names alone: a subject could be mistaken for one (RFC 9525 §2).
    subject: [{ O: ['hipaa-mcp'] }],
    issuer: authority.certificate.subject,
    publicKey: leaf.publicKey,
    signingKey: authority.key,
    signingAlgorithm: ecdsa,
    serialNumber: serialNumber(),
    // Clocks differ: see ca.ts.
    notBefore: new Date(now - 300_000),
    notAfter: new Date(end),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension(leaf.usages.map((usage) => usageIds[usage])),
      new x509.SubjectAlternativeNameExtension(alternatives),
      await x509.AuthorityKeyIdentifierExtension.create(authority.certificate),
    ],
  })
  return pemOf(certificate)
}
