// What of certificate requests is refused before anybody is asked to sign it.

import { expect, test } from 'vitest'
import { certificateRequest, newKey } from '../../../core/csr.ts'
import { proved } from '../../../operator/authority/certificate-request.ts'

test('a key that names its curve in a way of its own is refused, and nothing fails', async () => {
  const pem = certificateRequest(newKey(), ['ehr.clinic.example'])
  const bytes = Buffer.from(pem.replaceAll(/-----[A-Z ]+-----|\n/g, ''), 'base64')
  // The object identifier of P-256 becomes what parameters begin with that are written out.
  const curve = bytes.indexOf(Buffer.from('06082a8648ce3d030107', 'hex'))
  bytes[curve] = 0x02

  expect(await proved(bytes.toString('base64'))).toHaveProperty('refused')
})
