// Certificate requests, read by two other implementations.

import { spawnSync } from 'node:child_process'
import { createPublicKey } from 'node:crypto'
import { expect, test } from 'vitest'
import { certificateRequest, newKey } from '../../core/csr.ts'
import { proved } from '../../operator/authority/certificate-request.ts'

// 40 names are more than 255 bytes, and more than 127: every form of a DER length.
const long = Array.from({ length: 40 }, (_, i) => `service-${i}.clinic.svc.cluster.local`)

test.each([
  ['no name', []],
  ['one name', ['ehr.clinic.svc']],
  ['four names', ['ehr', 'ehr.clinic', 'ehr.clinic.svc', 'ehr.clinic.svc.cluster.local']],
  ['forty names', long],
])('a request with %s is signed by its own key and says the names', async (_what, names) => {
  const key = newKey()
  const csr = certificateRequest(key, names)

  const seen = await proved(csr)
  if ('refused' in seen) throw new Error(seen.refused)
  expect(seen.names).toEqual(names)
  const spki = createPublicKey({ key: Buffer.from(seen.publicKey.rawData), format: 'der', type: 'spki' })
  expect(spki.equals(key.publicKey)).toBe(true)

  const openssl = spawnSync('openssl', ['req', '-verify', '-noout', '-text'], {
    input: csr,
    encoding: 'utf8',
  })
  expect(openssl.status).toBe(0)
  expect(openssl.stderr + openssl.stdout).toMatch(/verify OK/)
  for (const name of names) expect(openssl.stdout).toContain(`DNS:${name}`)
})
