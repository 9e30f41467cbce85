// A chain's first record names the chain that it succeeds: with the real collector over real TLS.

import { cpSync } from 'node:fs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { leafHash, rootOf } from '../../../core/merkle.ts'
import { type AuditRecord, recordBytes } from '../../../core/record.ts'
import type { Reply } from '../../../sidecar/channel/link.ts'
import { beginTrail, type RunningTrail } from '../../../sidecar/trail/begin.ts'
import { CollectorClient } from '../../../sidecar/trail/collector-client.ts'
import { verifies } from '../../verifies.ts'
import { aLog, anInstallation, type Installation } from '../installation.ts'
import { anIntent, aResult, theOrders } from './entries.ts'

let installation: Installation
const running: RunningTrail[] = []
// Each begins with a pod that has no chain yet.
beforeEach(async () => {
  installation = await anInstallation()
})
afterEach(async () => {
  installation.collector.faults.set('well')
  await Promise.allSettled(running.splice(0).map(async (trail) => await trail.close()))
  await installation.end()
})

async function begun(
  acknowledge: 'Stream' | 'Local',
  folder: string,
  collector?: CollectorClient,
): Promise<RunningTrail> {
  const trail = await beginTrail({
    acknowledge,
    folder,
    collector: collector ?? new CollectorClient(await installation.link()),
    version: '1',
    onOver: () => undefined,
    log: aLog(),
    segmentSize: 64 * 1024,
  })
  running.push(trail)
  trail.chain.start('Development')
  await trail.chain.note(theOrders())
  return trail
}

const recordsOf = async ({ chain }: RunningTrail): Promise<AuditRecord[]> =>
  await installation.records(chain.origin)
const endOf = (records: readonly AuditRecord[]): { size: number; root: string } => ({
  size: records.length,
  root: rootOf(records.map((record) => leafHash(recordBytes(record)))).toString('base64'),
})

verifies('integrity:registry', 'a sidecar names the chain that it succeeds in its first record', async () => {
  const first = await begun('Stream', '')
  await first.chain.intend(anIntent('lost'))
  const second = await begun('Stream', '')
  await second.chain.close()
  await second.checkpoints.close()
  const third = await begun('Stream', '')

  const [one, two, three] = await Promise.all([first, second, third].map(recordsOf))
  expect(one?.[0]).not.toHaveProperty('before')
  expect(two?.[0]).toMatchObject({ before: { origin: first.chain.origin, ended: endOf(one ?? []) } })
  expect(three?.[0]).toMatchObject({ before: { origin: second.chain.origin, ended: endOf(two ?? []) } })
})

verifies(
  'integrity:registry',
  'what stood on a volume alone is in the end that the next first record names',
  async () => {
    const folder = installation.folder()
    const first = await begun('Local', folder)
    installation.collector.faults.set('away')
    await first.chain.intend(anIntent('a'))
    await first.chain.settle(aResult('a'))
    // As the volume of a process that was killed then.
    const left = installation.folder()
    cpSync(folder, left, { recursive: true })
    installation.collector.faults.set('well')
    const second = await begun('Local', left)
    await second.close()

    const records = await recordsOf(first)
    expect(records.map(({ kind }) => kind)).toEqual(['chain-started', 'orders', 'intent', 'result'])
    expect((await recordsOf(second))[0]).toMatchObject({
      kind: 'chain-started',
      before: { origin: first.chain.origin, ended: endOf(records) },
    })
  },
)

/** What the collector answers to who begins a chain, changed on its way. */
async function answering(change: (said: { before?: unknown }) => void): Promise<CollectorClient> {
  const link = await installation.link()
  return new CollectorClient({
    upgrade: async () => await Promise.resolve({ statusCode: 404, text: '' }),
    request: async (...asked) => {
      const answer = await link.request(...asked)
      if (asked[0].path !== '/v1/chains') return answer
      const said = JSON.parse(await answer.body.text()) as object
      change(said)
      return { ...answer, body: { text: async () => await Promise.resolve(JSON.stringify(said)) } } as Reply
    },
  })
}

test('a collector of before, which names none, is one to begin with', async () => {
  await begun('Stream', '')
  const second = await begun('Stream', '', await answering((said) => delete said.before))

  const [started] = await recordsOf(second)
  expect(started?.kind).toBe('chain-started')
  expect(started).not.toHaveProperty('before')
})

test('an answer that names what no record can hold begins nothing: it is asked again', async () => {
  const first = await begun('Stream', '')
  let asked = 0
  const second = await begun(
    'Stream',
    '',
    await answering((said) => {
      asked += 1
      if (asked === 1) said.before = { origin: first.chain.origin, ended: { size: 2 } }
    }),
  )

  expect(asked).toBe(2)
  expect((await recordsOf(second))[0]).toMatchObject({ before: { origin: first.chain.origin } })
})
