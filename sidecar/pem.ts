// Certificates in PEM.

import { X509Certificate } from 'node:crypto'

/** Whether a text holds one certificate or more, each of which can be read. */
export function holdsCertificates(text: string): boolean {
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  try {
    return blocks.length > 0 && blocks.every((block) => new X509Certificate(block).validTo !== '')
  } catch {
    return false
  }
}
