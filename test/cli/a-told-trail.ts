// A trail whose patients are sealed with real keys, and the file of its keys as a privacy officer keeps it.

import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Store } from '../../collector/commit/commit.ts'
import type { Trail } from '../../collector/trail.ts'
import { patientToken } from '../../core/patient-seal.ts'
import type { AuditRecord, PatientToken } from '../../core/record.ts'
import { aFolder, anEmbeddedStore, aTrail, type Clock, Process } from '../collector/a-trail.ts'
import { aClose, anIntent, anOrders, aRefusal, aResult, at, aWho } from '../core/records.ts'
import { testKeys } from '../support/in-force.ts'
import { exported } from './an-export.ts'

/** When its first call begins; its processes started before. */
export const began = Date.parse('2026-09-21T15:00:00.000Z')
const minutes = (number: number): string => at(began + number * 60_000)

/** The patient as a sidecar of clinic/ehr writes them. */
export const sealed = (patient: string): PatientToken => patientToken(patient, testKeys, 'clinic/ehr')

/** The Secret of clinic/ehr, in a file that its holder alone can read. */
export function aKeyFile(folder: string, keys = testKeys): string {
  const file = join(folder, 'keys.json')
  const data = Object.fromEntries(
    Object.entries(keys).map(([name, key]) => [name, key.export().toString('base64')]),
  )
  writeFileSync(file, JSON.stringify({ apiVersion: 'v1', kind: 'Secret', data }))
  chmodSync(file, 0o600)
  return file
}

const nurse = aWho({ sub: 'nurse-7' })
const researcher = aWho({ sub: 'researcher-3', clientId: 'cohort-agent' })

/** Two pods that lived at one time: their calls alternate. */
export const toldRecords = (): { first: AuditRecord[]; second: AuditRecord[] } => {
  const grant = { name: 'bg-1', uid: 'u-1', requestedBy: 'nurse-7', approvedBy: 'chief-1' }
  return {
    first: [
      anOrders({ at: minutes(0) }),
      anIntent('c-1', { at: minutes(1), patients: [sealed('p-100')] }),
      aResult('c-1', { at: minutes(2), patients: [sealed('p-100')], kept: { '/code': 2 } }),
      anIntent('c-3', {
        at: minutes(5),
        who: researcher,
        role: 'researcher',
        purpose: 'HRESCH',
        tool: 'list_cohort',
      }),
      aResult('c-3', {
        at: minutes(6),
        patients: [sealed('p-100'), sealed('p-200')],
        relations: ['surname'],
      }),
      anIntent('c-5', { at: minutes(9), who: nurse, purpose: 'BTG', grant, patients: [sealed('p-300')] }),
      aResult('c-5', { at: minutes(10), patients: [sealed('p-300')], outcome: 'error', bytes: 40 }),
      aClose({ at: minutes(20) }),
    ],
    second: [
      anIntent('c-2', { at: minutes(3), who: nurse, patients: [sealed('p-200')] }),
      aResult('c-2', { at: minutes(4), patients: [sealed('p-200')] }),
      aRefusal('c-4', { at: minutes(7), who: nurse, purpose: 'TREAT', reason: 'tool-unknown' }),
      anIntent('c-6', { at: minutes(11), who: nurse, patients: [sealed('p-100')] }),
    ],
  }
}

export type Told = {
  folder: string
  key: string
  witness: string
  origins: [string, string]
  clock: Clock
}

/** With the collector that has it. */
export type Kept = Told & { trail: Trail; store: Store }

export async function aToldTrail(): Promise<Kept> {
  const clock = { now: began }
  const store = await anEmbeddedStore()
  const trail = await aTrail(store, clock)
  const [one, two] = [await Process.started(trail), await Process.started(trail)]
  const { first, second } = toldRecords()
  await one.write(...first)
  await two.write(...second)
  await one.checkpoint()
  await two.checkpoint()
  clock.now = began + 3_600_000
  const home = aFolder()
  const folder = join(home, 'trail')
  const witness = await exported(trail, store, folder)
  return { folder, key: aKeyFile(home), witness, origins: [one.origin, two.origin], clock, trail, store }
}
