// Who saw a patient, out of the archive: an index of years leads to the segments in which the patient stands, and no other is opened.

import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { type Unsealing, unsealedSource } from '../../cli/trail/archive-source.ts'
import { dataKeysIn } from '../../cli/trail/data-keys.ts'
import { PatientIndex } from '../../cli/trail/patient-access.ts'
import { makeIndex } from '../../cli/trail/patient-index.ts'
import type { TrailSource } from '../../cli/trail/source.ts'
import { wrappedKeys } from '../../cli/trail-data-keys.ts'
import { trustedIn } from '../../cli/verify-archive/check.ts'
import type { Witnesses } from '../../collector/witnesses/witnesses.ts'
import { keyOfSegment } from '../../core/archive/keys.ts'
import type { Archived } from '../../core/record.ts'
import { parseWitnessPolicy } from '../../core/witness-policy.ts'
import { MemoryBucket } from '../archive/a-bucket.ts'
import { aSealedArchive, readerOf } from '../archive/a-sealed-archive.ts'
import { place } from '../archive/an-archive.ts'
import { aFolder, type Process, registryIn } from '../collector/a-trail.ts'
import { AWitness, askingThem } from '../collector/a-witness.ts'
import { aRefusal } from '../core/records.ts'
import { verifies } from '../verifies.ts'
import { began, sealed, toldRecords } from './a-told-trail.ts'

/** An archive in which patients stand: segments of four records, a chain of nine among the others. */
async function aScene() {
  const clock = { now: began + 3_600_000 }
  const witness = new AWitness('outside', clock)
  const { witnesses } = askingThem([witness], { clock: () => clock.now })
  const bucket = new MemoryBucket()
  let log = ''
  const archive = await aSealedArchive(bucket, {
    clock,
    witnesses,
    calls: [toldRecords().first],
    known: (of: Witnesses) => {
      ;({ log } = of)
      witness.knows(log)
    },
  })
  const policy = parseWitnessPolicy(`log ${log}\n${witness.line}quorum outside\n`)
  /** Opens it, and remembers of which segments the key was asked for. */
  const opened = async (held?: Unsealing['ask']): Promise<{ source: TrailSource; asked: string[] }> => {
    const asked: string[] = []
    const byCollector: Unsealing['ask'] = async ({ origin, segment, keyId, wrapped, from }) => {
      asked.push(`${origin} ${from}`)
      return await archive.wrapper.unwrap(
        { keyId, wrapped: Buffer.from(wrapped, 'base64') },
        { origin, segment },
      )
    }
    const source = await unsealedSource('s3://trail/clinic', {
      reader: readerOf(bucket),
      location: place,
      trusted: trustedIn({ policy }),
      server: { namespace: 'clinic', server: 'ehr' },
      ask: held ?? byCollector,
      read: () => undefined,
    })
    return { source, asked }
  }
  const index = join(aFolder(), 'patients.index')
  const made = await opened()
  const report = await makeIndex(index, { source: made.source, policy, read: () => undefined }, 'pins')
  expect(report.findings).toEqual([])
  await made.source.close()
  return { ...archive, opened, index, bucket, policy, caller: archive.callers[0] as Process, all: made.asked }
}

/** Calls that saw the patient, by the index. */
async function callsOf(index: string, source: TrailSource, patient: string): Promise<string[]> {
  const found = await PatientIndex.open(index, source)
  if (found === undefined) throw new Error('It is no index of this trail')
  const calls: string[] = []
  for await (const { call } of found.told(new Set([sealed(patient).token]))) calls.push(call ?? '')
  found.close()
  return calls
}

verifies(
  'audit:disclosures',
  'a patient is found in the archive by the index, and no segment is opened but those in which the patient stands',
  async () => {
    const { opened, index, caller, all } = await aScene()
    // Four of two other chains, and three of this one.
    expect(all.length).toBe(7)

    const { source, asked } = await opened()
    expect(await callsOf(index, source, 'p-300')).toEqual(['c-5'])
    expect(asked).toEqual([`${caller.origin} 4`])
    expect(await callsOf(index, source, 'p-100')).toEqual(['c-1', 'c-3'])
    expect(asked).toEqual([`${caller.origin} 4`, `${caller.origin} 0`])
    await source.close()
    const nobody = await opened()
    expect(await callsOf(index, nobody.source, 'p-999')).toEqual([])
    expect(nobody.asked).toEqual([])
    await nobody.source.close()
  },
)

verifies(
  'audit:disclosures',
  'an index of the archive outlives that it was asked, and not that more was archived',
  async () => {
    const { opened, index, trail, archive, clock, live, policy } = await aScene()
    // Each look is on record, and archived with the log.
    await trail.registry.update(() => [
      { kind: 'unsealed', origin: live.origin, segment: 's', by: 'officer' },
    ])
    clock.now += 1_000_000
    await archive.round()
    const asked = await opened()
    expect(await callsOf(index, asked.source, 'p-300')).toEqual(['c-5'])
    await asked.source.close()

    for (const id of ['x', 'y', 'z']) await live.write(aRefusal(id))
    await trail.sealing?.sweep()
    clock.now += 1_000_000
    await archive.round()
    clock.now += 1_000_000
    await trail.hold('clinic', 'ehr', 'officer')
    await archive.round()
    const grown = await opened()
    expect(await PatientIndex.open(index, grown.source)).toBeUndefined()

    // What ended and was read is not opened again.
    const made = await makeIndex(index, { source: grown.source, policy, read: () => undefined }, 'pins')
    expect(made.findings).toEqual([])
    expect(grown.asked).toEqual([`${live.origin} 0`, `${live.origin} 4`])
    expect(made.chains.map(({ records }) => records)).toEqual([11, 8, 9])
    expect(await callsOf(index, grown.source, 'p-300')).toEqual(['c-5'])
    expect(await callsOf(index, grown.source, 'p-100')).toEqual(['c-1', 'c-3'])
    await grown.source.close()

    // With other keys, or when it is wanted, everything is.
    for (const [pins, anew] of [
      ['others', false],
      ['others', true],
    ] as const) {
      const again = await opened()
      await makeIndex(index, { source: again.source, policy, read: () => undefined }, pins, { anew })
      expect(again.asked.length).toBe(8)
      await again.source.close()
    }
  },
)

verifies(
  'audit:unsealing',
  'without a collector an archive is read by data keys that their holder unwrapped, listed by what stands in it',
  async () => {
    const { index, bucket, policy, wrapper, opened } = await aScene()
    const lines: string[] = []
    const of = { prefix: place.prefix, trusted: trustedIn({ policy }), namespace: 'clinic', server: 'ehr' }
    for await (const line of wrappedKeys({ reader: readerOf(bucket), ...of })) {
      const { segment, keyId, wrapped, context } = JSON.parse(line) as {
        segment: string
        keyId: string
        wrapped: string
        context: { origin: string; segment: string }
      }
      const key = await wrapper.unwrap({ keyId, wrapped: Buffer.from(wrapped, 'base64') }, context)
      lines.push(JSON.stringify({ segment, key: key.toString('base64') }))
    }
    expect(lines.length).toBe(7)
    const file = join(aFolder(), 'keys')
    writeFileSync(file, lines.join('\n'), { mode: 0o644 })
    await expect(dataKeysIn(file)).rejects.toThrow(/Others can read/)
    chmodSync(file, 0o600)

    const { source } = await opened(await dataKeysIn(file))
    const report = await makeIndex(index, { source, policy, read: () => undefined }, 'held', { anew: true })
    expect(report.findings).toEqual([])
    expect(await callsOf(index, source, 'p-100')).toEqual(['c-1', 'c-3'])
    await source.close()

    writeFileSync(file, lines.slice(1).join('\n'))
    const lacking = await opened(await dataKeysIn(file))
    await expect(
      makeIndex(index, { source: lacking.source, policy, read: () => undefined }, 'held', { anew: true }),
    ).rejects.toThrow(/has no key for segment/)
    await lacking.source.close()
    writeFileSync(file, '{"segment":"x","key":"c2hvcnQ="}')
    await expect(dataKeysIn(file)).rejects.toThrow(/^Line 1 of .* is none/)
  },
)

verifies(
  'audit:disclosures',
  'of a segment that was changed since the index was made nothing is told',
  async () => {
    const { opened, index, bucket, caller, store } = await aScene()
    const archived = (await registryIn(store)).find(
      (record) => record.kind === 'archived' && record.origin === caller.origin && record.from === 4,
    ) as Archived
    const key = keyOfSegment(place.prefix, archived)
    const [version] = bucket.objects.get(key) as { bytes: Buffer }[]
    const bytes = version?.bytes as Buffer
    bytes[bytes.length - 1] = (bytes.at(-1) as number) ^ 1

    const { source } = await opened()
    await expect(callsOf(index, source, 'p-300')).rejects.toThrow(/is not what was sealed/)
    await source.close()
  },
)
