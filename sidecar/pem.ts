// Certificates in PEM.

import { X509Certificate } from 'node:crypto'

/** Whether a text holds one certificate or more, each of which can be read. */
export function holdsCertificates(text: string): boolean {
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  try {
    for (const block of blocks) new X509Certificate(block)
  } catch {
    return false
  }
  return blocks.length > 0
}
