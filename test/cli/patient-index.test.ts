// The index of patients leads to everything that the trail tells of them, whichever way the trail is read.

import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { expect } from 'vitest'
import { folderSource } from '../../cli/trail/folder-source.ts'
import { PatientIndex } from '../../cli/trail/patient-access.ts'
import { makeIndex } from '../../cli/trail/patient-index.ts'
import { readTrail } from '../../cli/trail/read.ts'
import type { TrailSource } from '../../cli/trail/source.ts'
import { Calls, patientsOf, type Told } from '../../core/export/told.ts'
import { type AuditRecord, recordSchema } from '../../core/record.ts'
import { aFolder, anEmbeddedStore, aTrail, Process } from '../collector/a-trail.ts'
import { anIntent, aPatient, aRefusal, aResult, at } from '../core/records.ts'
import { verifies } from '../verifies.ts'
import { exported } from './an-export.ts'

const began = 1_790_000_000_000
const [one, two, three] = [aPatient(1), aPatient(2), aPatient(3)] as const

const anEvent = (
  call: string,
  minute: number,
  patients: { token: string; sealed: string }[],
): AuditRecord => ({
  schema: recordSchema,
  kind: 'event',
  at: at(began + minute * 60_000),
  call,
  iss: 'https://id.example.test',
  sub: 'clinician-1',
  method: 'notifications/message',
  result: `hmac-sha256:${'2'.repeat(64)}`,
  bytes: 10,
  patients,
  dropped: {},
  redacted: {},
})

/** Every way in which a patient comes into the trail. */
const records = (): AuditRecord[] => [
  anIntent('asked', { patients: [one] }),
  aResult('asked', { patients: [] }),
  anIntent('found', { patients: [] }),
  anIntent('both', { patients: [one, two] }),
  // Text that needs escaping is read another way than the rest.
  aResult('both', { patients: [two, three], kept: { '/"token":"': 1 } }),
  aResult('found', { patients: [three] }),
  anIntent('stream', { patients: [two] }),
  anEvent('stream', 1, [one]),
  aResult('stream', { patients: [] }),
  anEvent('stream', 2, []),
  anEvent('unknown', 3, [three]),
  aRefusal('refused'),
  anIntent('open', { patients: [one, three] }),
]

const told = async (source: TrailSource, witness: string): Promise<Told[]> => {
  const reading = await readTrail({ source, witness, read: () => undefined })
  const calls = new Calls()
  const all: Told[] = []
  for await (const { origin, index, record } of reading.records) {
    const said = calls.take({ origin, index }, record)
    if (said !== undefined && ['result', 'event'].includes(said.told.kind)) all.push(said.told)
  }
  return [...all, ...calls.unanswered().map((each) => each.told)]
}

const placed = (those: Told[]): string[] =>
  those.map(({ index, outcome }) => `${index} ${outcome}`).toSorted()

verifies('audit:disclosures', 'the index leads to all that the trail tells of a patient', async () => {
  const store = await anEmbeddedStore()
  const trail = await aTrail(store, { now: began })
  const process = await Process.started(trail)
  await process.write(...records())
  await process.checkpoint()
  const folder = join(aFolder(), 'trail')
  const witness = await exported(trail, store, folder)
  const byRuns = folderSource(folder)
  // As sources are read that have no file.
  const byLines: TrailSource = { ...byRuns, file: async () => undefined, hasPlaces: async () => true }
  const all = await told(byRuns, witness)

  for (const source of [byRuns, byLines]) {
    const path = join(aFolder(), randomBytes(4).toString('hex'))
    expect((await makeIndex(path, { source, witness, read: () => undefined }, 'pins')).ok).toBe(true)
    const index = await PatientIndex.open(path, source)
    for (const { token } of [one, two, three]) {
      const wanted = all.filter((each) => patientsOf(each).some((patient) => patient.token === token))
      expect(wanted.length).toBeGreaterThanOrEqual(3)
      const found: Told[] = []
      for await (const each of index?.told(new Set([token])) ?? []) found.push(each)
      expect(placed(found)).toEqual(placed(wanted))
    }
    index?.close()
  }
  await byRuns.close()
})
