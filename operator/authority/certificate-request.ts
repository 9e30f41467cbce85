// PKCS #10 requests as they come from sidecars and auditors: read, and refused unless proved.

import 'reflect-metadata'
import * as x509 from '@peculiar/x509'

/** A request whose signature is good: the sender holds the key. `names` are the DNS names that it asks for. */
export type Proved = { publicKey: x509.PublicKey; names: string[] }

const curves: ReadonlySet<string> = new Set(['P-256', 'P-384'])

/** Reads PEM. Gives the reason, for the sender, when it is malformed, not signed by its key, or the key is of another kind. */
export async function proved(request: string): Promise<Proved | { refused: string }> {
  let csr: x509.Pkcs10CertificateRequest
  let algorithm: { name: string; namedCurve?: string }
  try {
    csr = new x509.Pkcs10CertificateRequest(request)
    // The key is read here alone: one in a form of its own throws.
    algorithm = csr.publicKey.algorithm
  } catch {
    return { refused: 'The certificate request is not PKCS #10: send it as PEM' }
  }
  if (algorithm.name !== 'ECDSA' || !curves.has(algorithm.namedCurve ?? ''))
    return { refused: 'The key of the certificate request must be EC P-256 or P-384: make a new key' }
  // A request that nobody signed would let the sender have somebody else's key certified.
  const good = await csr.verify().catch(() => false)
  if (!good) return { refused: 'The certificate request is not signed by its own key: make a new request' }
  const extension = csr.getExtension('2.5.29.17')
  const names =
    extension instanceof x509.SubjectAlternativeNameExtension
      ? extension.names.items.filter(({ type }) => type === 'dns').map(({ value }) => value)
      : []
  return { publicKey: csr.publicKey, names }
}
