// What the server itself may reach: a business associate only while an agreement with it is active.

import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Outcome } from '../../sample/agent.ts'
import { call, inWords } from '../calls.ts'
import { claim } from '../claims.ts'
import { until } from '../kubectl.ts'
import { manifest } from '../manifests.ts'
import { type Clinic, out } from '../scene.ts'
import { command } from '../screen.ts'

const at = (offset: number): string =>
  new Date(Date.now() + offset * 1_000).toISOString().replace(/\.\d+Z$/, 'Z')

/** The agreement with the vendor; ends `seconds` from now. */
export async function agreement(seconds: number): Promise<string> {
  return await manifest('agreement', {
    EFFECTIVE: at(-86_400),
    EXPIRES: at(seconds),
    DOCUMENT_SHA256: createHash('sha256').update('sample agreement').digest('hex'),
  })
}

/** Asks the server for something that makes it call the vendor. */
async function coverage(clinic: Clinic): Promise<Outcome> {
  const patient_id = clinic.records.at(-1)?.patient.id ?? ''
  return await call(clinic, 'check_coverage', { patient_id }, { person: 'billing' })
}

export async function egress(clinic: Clinic): Promise<void> {
  const { kubectl } = clinic
  const without = await coverage(clinic)
  claim(
    'without an agreement the vendor is not reached',
    !without.ok && without.code === 'tool',
    inWords(without),
  )

  const text = await agreement(365 * 86_400)
  await writeFile(join(out, 'agreement.yaml'), text)
  command('kubectl apply -f out/demo/agreement.yaml')
  await kubectl.apply(text)
  const applied = performance.now()
  const answered = await until('the agreement opens the way', 30, async () => {
    const seen = await coverage(clinic)
    return seen.ok ? seen : undefined
  })
  claim(
    'with it the call goes through',
    answered.ok && JSON.stringify(answered.result.structuredContent).includes('Harbourlight Mutual'),
    `${inWords(answered)} (${seconds(applied)} after the apply, sign-in included)`,
  )

  command('kubectl delete baa harbourlight')
  await kubectl.run(['delete', 'baa', 'harbourlight'])
  const deleted = performance.now()
  const closed = await until('the end of the agreement closes the way', 30, async () => {
    const seen = await coverage(clinic)
    return seen.ok ? undefined : seen
  })
  claim(
    'its end closes the way',
    !closed.ok,
    `${inWords(closed)} (${seconds(deleted)} after the delete, sign-in included)`,
  )
}

const seconds = (from: number): string => `${((performance.now() - from) / 1_000).toFixed(1)} s`
