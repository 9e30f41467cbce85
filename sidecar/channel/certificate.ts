// What a certificate says that the operator gave.

import { createPrivateKey, X509Certificate } from 'node:crypto'

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
