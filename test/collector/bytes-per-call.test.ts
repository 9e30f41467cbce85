// How many bytes both records of a call take on the collector's disk, as the embedded store writes them: each record committed
// by itself, which is the dearest, and as a busy pod sends them.

import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { expect, test } from 'vitest'
import { openEmbedded } from '../../collector/commit/embedded.ts'
import { encodeFrame, frameAt, packFrame } from '../../collector/commit/frame.ts'
import { frameDictionary, tightDictionary } from '../../collector/commit/frame-dictionary.ts'
import { patientToken } from '../../core/patient-seal.ts'
import { type AuditRecord, recordBytes, recordOf, type Who } from '../../core/record.ts'
import { textOf } from '../claims.ts'
import { testKeys } from '../support/in-force.ts'
import { aFolder, anEmbeddedStore, aTrail, Process, recordsIn } from './a-trail.ts'

const hash = (): string => `hmac-sha256:${randomBytes(32).toString('hex')}`
const policy = randomBytes(32).toString('hex')

/** People of one provider, as its tokens name them. */
const people = Array.from(
  { length: 20 },
  (): Who => ({
    sub: randomUUID(),
    iss: 'https://login.microsoftonline.com/0b1f4c7e-5d7a-4a0c-9d5a-1f0e5a3c9b21/v2.0',
    clientId: randomUUID(),
    token: randomBytes(16).toString('base64url'),
    certificate: randomBytes(32).toString('base64url'),
    mfa: { rule: 'amr', value: 'mfa', authTime: 1_790_000_000, grade: 'claim' },
  }),
)

/** Both records, with all that a call has which names a patient and finds them. */
function aCallOf(i: number): [AuditRecord, AuditRecord] {
  const at = (ms: number): string => new Date(1_790_000_000_000 + i * 977 + ms).toISOString()
  const call = randomUUID()
  const patients = [patientToken(`MRN-${String(i % 300).padStart(8, '0')}`, testKeys, 'clinic/ehr')]
  const intent = recordOf(
    {
      kind: 'intent',
      call,
      who: people[i % people.length] as Who,
      purpose: 'TREAT',
      role: 'attending-physician',
      method: 'tools/call',
      revision: '2025-11-25',
      peer: `10.42.${i % 7}.${i % 250}`,
      tool: 'list_active_conditions',
      arguments: hash(),
      argumentNames: ['encounter', 'patient_id'],
      patients,
      policy,
    },
    at(0),
  )
  const result = recordOf(
    {
      kind: 'result',
      call,
      outcome: 'ok',
      result: hash(),
      bytes: 1200 + (i % 900),
      patients,
      kept: { 'Condition.code': 3, 'Condition.onset': 3, 'Condition.clinicalStatus': 3 },
      dropped: { '*': 41 + (i % 5) },
      redacted: { names: 2, dates: 1 },
      milliseconds: 9 + (i % 40),
    },
    at(20),
  )
  return [intent, result]
}

function bytesIn(folder: string): number {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.segment') && name.includes('/ehr/'))
    .reduce((sum, name) => sum + statSync(join(folder, name)).size, 0)
}

/** Bytes on disk by call, in commits of so many records. */
async function bytesPerCall(calls: number, atOnce: number): Promise<number> {
  const folder = aFolder()
  const store = await anEmbeddedStore(folder)
  const process = await Process.started(await aTrail(store))
  const before = bytesIn(folder)
  const records = Array.from({ length: calls }, (_, i) => aCallOf(i)).flat()
  for (let i = 0; i < records.length; i += atOnce) await process.write(...records.slice(i, i + atOnce))
  // What is counted is what is read.
  expect((await recordsIn(store, process.origin)).slice(1)).toEqual(
    records.map((record) => String(recordBytes(record))),
  )
  return Math.round((bytesIn(folder) - before) / calls)
}

test('what both records of a call take on the collector’s disk is what docs/stores.md says', async () => {
  const written = aCallOf(7).reduce((sum, record) => sum + recordBytes(record).length, 0)
  const measured = [
    written,
    ...(await Promise.all([1, 8, 64].map(async (atOnce) => await bytesPerCall(320, atOnce)))),
  ]
  const [, says = ''] = /<!-- bytes per call: (.*?) -->/.exec(await textOf('docs/stores.md')) ?? []
  const said = says.split(' ').map(Number)

  expect(measured[1]).toBeLessThanOrEqual(700)
  for (const [i, is] of measured.entries())
    expect(Math.abs((said[i] ?? 0) - is) / is, `${says} is ${measured.join(' ')}`).toBeLessThan(0.05)
})

test('frames that were written before are read, and packed ones that are no frames of ours are broken', () => {
  const records = aCallOf(1).map(recordBytes)
  const [old, packed] = [encodeFrame(5, records), packFrame(5, records)]

  for (const bytes of [old, packed])
    expect(frameAt(bytes, 0)).toMatchObject({ from: 5, records, end: bytes.length })
  expect(packed.length).toBeLessThan(old.length / 2)
  for (let cut = 1; cut < packed.length; cut++) expect(frameAt(packed.subarray(0, cut), 0)).toBe('torn')
  // A frame whose sums are right, and whose payload is not zstd's: not what was committed.
  for (const form of [2, 3]) {
    const forged = encodeFrame(5, records)
    forged[3] = form
    forged.writeUInt32LE(crc32(forged.subarray(0, 20)), 20)
    expect(frameAt(forged, 0)).toBe('broken')
  }
})

test('a store that an earlier version wrote goes on', async () => {
  const folder = aFolder()
  const store = await openEmbedded({ folder, onPoisoned: () => undefined })
  const origin = 'hipaa-mcp.dev/clinic/ehr/pod-1/0'
  await store.begin({ origin, vkey: 'k' })
  const records = [0, 1, 2].flatMap(aCallOf).map(recordBytes)
  const { writeFileSync } = await import('node:fs')
  await store.append(origin, 0, records.slice(0, 1))
  await store.close()
  const [name = ''] = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((one) =>
    one.endsWith('.segment'),
  )
  writeFileSync(join(folder, name), encodeFrame(0, records.slice(0, 2)))
  const again = await anEmbeddedStore(folder)

  await again.append(origin, 2, records.slice(2))

  expect(await recordsIn(again, origin)).toEqual(records.map(String))
})

test('what frames are packed by never changes', () => {
  const sums = [frameDictionary, tightDictionary].map((one) => createHash('sha256').update(one).digest('hex'))

  expect(sums).toEqual([
    'ffc4eea9bbdfec39071360c8f3ae5ba7fef0826acaf8d172c5001885811a81bd',
    'e2212d6ea76ab96cf15cc3023e2bd4e032be11d7a8acf238a0bab7f30c641917',
  ])
})
