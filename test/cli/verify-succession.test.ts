// A chain's first record names the one before it: signed by a key that no collector has.

import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { folderSource } from '../../cli/trail/folder-source.ts'
import type { TrailSource } from '../../cli/trail/source.ts'
import { checkExport, type Report } from '../../cli/verify/export-check.ts'
import { RunPool } from '../../cli/verify/run-pool.ts'
import type { AuditRecord, Predecessor } from '../../core/record.ts'
import { forgedStore } from '../collector/a-forger.ts'
import { aFolder, anEmbeddedStore, aPod, aTrail, Process } from '../collector/a-trail.ts'
import { aRefusal, aStart } from '../core/records.ts'
import { hipaaMcp } from '../support/command-line.ts'
import { verifies } from '../verifies.ts'
import { exported } from './an-export.ts'

type Made = { store: string; folder: string; witness: string; died: Process; next: Process }

/** A pod's process that died, and the one after it, whose first record names what `names` makes of what the collector said. */
async function aTrailOf(
  names: (told: Predecessor | undefined, died: Process) => Predecessor | undefined = (told) => told,
  pod = aPod(),
): Promise<Made> {
  const home = aFolder()
  const store = await anEmbeddedStore(home)
  const trail = await aTrail(store)
  const died = await Process.started(trail, pod)
  await died.write(aRefusal('r1'), aRefusal('r2'))
  const next = new Process(trail, pod)
  const before = names((await next.begin()).before, died)
  await next.write(aStart(next.origin, before === undefined ? {} : { before }), aRefusal('r3'))
  const folder = join(aFolder(), 'trail')
  const witness = await exported(trail, store, folder)
  await store.close()
  return { store: home, folder, witness, died, next }
}

const check = async (
  { folder, witness }: Pick<Made, 'folder' | 'witness'>,
  of: (source: TrailSource) => TrailSource = (source) => source,
  threads = 0,
): Promise<Report> =>
  await checkExport(
    { source: of(folderSource(folder)), witness, read: () => undefined },
    threads === 0 ? undefined : () => new RunPool(Infinity, threads),
  )

verifies('integrity:registry', 'which chain each succeeds is verified, and told with its size', async () => {
  const made = await aTrailOf()
  const report = await check(made)

  expect(report.findings).toEqual([])
  expect(report.chains.map(({ before }) => before)).toEqual([
    undefined,
    { origin: made.died.origin, named: true, size: 3 },
  ])
  const { out, code } = await hipaaMcp(['verify', made.folder, '--witness', made.witness])
  expect(code).toBe(0)
  expect(out.replaceAll(/\s+/g, ' ')).toMatch(/, succeeds [0-9a-f-]+\/0 of 3 records/)
})

test('a trail of a sidecar or collector of before, which names none, is read: that it does not is told', async () => {
  const made = await aTrailOf(() => undefined)
  const report = await check(made)

  expect(report.findings).toEqual([])
  expect(report.chains[1]?.before).toEqual({ origin: made.died.origin, named: false })
  const { out } = await hipaaMcp(['verify', made.folder, '--witness', made.witness])
  expect(out.replaceAll(/\s+/g, ' ')).toMatch(/, does not name [0-9a-f-]+\/0 before it/)
})

test('of one that was corrupt the name alone is compared', async () => {
  const made = await aTrailOf((told) => ({ origin: (told as Predecessor).origin }))
  const report = await check(made)

  expect(report.findings).toEqual([])
  expect(report.chains[1]?.before).toEqual({ origin: made.died.origin, named: true })
})

const ended = (told: Predecessor | undefined): NonNullable<Predecessor['ended']> =>
  (told as Required<Predecessor>).ended
const lies: readonly [string, Parameters<typeof aTrailOf>[0] & object, RegExp][] = [
  [
    'another chain',
    (told) => ({ ...(told as Predecessor), origin: 'hipaa-mcp.dev/clinic/ehr/other-pod/0' }),
    /it names hipaa-mcp.dev\/clinic\/ehr\/other-pod\/0 as the chain before it; the registry log has hipaa-mcp.dev\/.*\/0 there/,
  ],
  [
    'what is no chain',
    (told) => ({ ...(told as Predecessor), origin: '' }),
    /it names {2}as the chain before it/,
  ],
  [
    'fewer records',
    (told) => ({ ...(told as Predecessor), ended: { ...ended(told), size: 2 } }),
    /ended with 2 records; the registry log has no such end of it/,
  ],
  [
    'more records',
    (told) => ({ ...(told as Predecessor), ended: { ...ended(told), size: 4 } }),
    /ended with 4 records; the registry log has no such end of it/,
  ],
  [
    'another root',
    (told) => ({ ...(told as Predecessor), ended: { ...ended(told), root: `${'A'.repeat(43)}=` } }),
    /ended with 3 records; the registry log has no such end of it/,
  ],
]
test.each(lies)('a first record that names %s is found', async (_, names, says) => {
  const made = await aTrailOf(names)
  for (const report of [
    await check(made),
    await check(made, undefined, 2),
    await check(made, (source) => ({ ...source, file: async () => undefined })),
  ]) {
    expect(report.findings).toMatchObject([{ where: made.next.origin, index: 0 }])
    expect(report.findings[0]?.says).toMatch(says)
    expect(report.chains[1]?.before?.named).toBe(false)
  }
})

test('a first chain of a pod that names one before it is found', async () => {
  const store = await anEmbeddedStore()
  const trail = await aTrail(store)
  const first = new Process(trail)
  await first.begin()
  await first.write(aStart(first.origin, { before: { origin: 'hipaa-mcp.dev/clinic/ehr/gone/0' } }))
  const folder = join(aFolder(), 'trail')
  const witness = await exported(trail, store, folder)

  const { findings } = await check({ folder, witness })

  expect(findings.map(({ says }) => says)).toEqual([
    'it names hipaa-mcp.dev/clinic/ehr/gone/0 as the chain before it; the registry log has none there',
  ])
})

verifies(
  'integrity:registry',
  'whoever holds every key of the collector takes a chain out, and out of the log: the next one names it still',
  async () => {
    const { store, died, next } = await aTrailOf()
    const forged = await forgedStore(store, (records) =>
      records.filter((bytes) => {
        const record = JSON.parse(bytes.toString('utf8')) as AuditRecord
        return !('origin' in record && record.origin === died.origin)
      }),
    )
    const { namespace, server, podUid } = died.pod
    rmSync(join(forged, 'chains', namespace, server, podUid, '0'), { recursive: true })
    const other = await anEmbeddedStore(forged)
    const folder = join(aFolder(), 'trail')
    const witness = await exported(await aTrail(other), other, folder)

    const { findings } = await check({ folder, witness })

    expect(findings).toEqual([
      {
        where: next.origin,
        index: 0,
        says: `it names ${died.origin} as the chain before it; the registry log has none there`,
      },
    ])
  },
)
