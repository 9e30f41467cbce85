import { hash } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect } from 'vitest'
import { identity } from '../../../core/identifiers.ts'
import type { IdentityResponse } from '../../../core/wire.ts'
import { proved } from '../../../operator/authority/certificate-request.ts'
import { issue } from '../../../operator/authority/issue.ts'
import { Link } from '../../../sidecar/channel/link.ts'
import { beginTrail } from '../../../sidecar/trail/begin.ts'
import { CollectorClient } from '../../../sidecar/trail/collector-client.ts'
import { recoverVolume } from '../../../sidecar/trail/recover-volume.ts'
import { SegmentDamaged } from '../../../sidecar/trail/recovery.ts'
import { verifies } from '../../verifies.ts'
import { aLog, anInstallation, type Heard, type Installation, pod, until } from '../installation.ts'
import { loopback } from '../loopback.ts'
import { anIntent, aResult } from './entries.ts'

let installation: Installation
beforeAll(async () => {
  installation = await anInstallation()
})
afterAll(async () => await installation.end())

/** A volume as a pod leaves it whose collector was away when it died: `left` calls that nobody else has. */
async function aLeftVolume(left: number): Promise<{ folder: string; origin: string }> {
  const folder = installation.folder()
  const trail = await beginTrail({
    acknowledge: 'Local',
    folder,
    collector: new CollectorClient(await installation.link(), 400),
    version: '1',
    onOver: () => undefined,
    log: aLog(),
    segmentSize: 16 * 1024,
  })
  trail.chain.start('Production')
  await trail.chain.intend(anIntent('first'))
  await until('the first is shipped', () => trail.unshipped() === 0)
  installation.collector.faults.set('away')
  for (let i = 0; i < left; i += 1) {
    await trail.chain.intend(anIntent(`c${i}`))
    await trail.chain.settle(aResult(`c${i}`))
  }
  await trail.chain.intend(anIntent('open'))
  // The process is dead for what follows: it writes on into files that nobody reads.
  const copy = installation.folder()
  for (const name of readdirSync(folder)) writeFileSync(join(copy, name), readFileSync(join(folder, name)))
  for (const name of readdirSync(folder)) writeFileSync(join(folder, name), '')
  return { folder: copy, origin: trail.chain.origin }
}

/** The operator's answer to a recovery pod, whichever role it gives. */
function aChannel(uri: string): { request: Link['request'] } {
  return {
    request: async ({ body }) => {
      const key = await proved((JSON.parse(String(body)) as { csr: string }).csr)
      if ('refused' in key) throw new Error(key.refused)
      const leaf = { publicKey: key.publicKey, identity: uri, names: [], seconds: 300 }
      const answer: IdentityResponse = {
        channel: await issue(installation.authority, { ...leaf, usages: ['client'] }, Date.now()),
      }
      const text = async () => await Promise.resolve(JSON.stringify(answer))
      return {
        statusCode: 200,
        body: { text, json: async () => JSON.parse(await text()) as unknown, dump: async () => {} } as never,
      }
    },
  }
}

async function recovering(folder: string, uri: string, log: Heard = aLog()): Promise<number> {
  const base = new URL(`https://localhost:${installation.collector.faults.port}`)
  const collector = new Link({ base, ca: installation.authority.pem, lookup: loopback })
  try {
    return await recoverVolume({ folder, token: installation.token, channel: aChannel(uri), collector, log })
  } finally {
    await collector.close()
  }
}

const own = identity.recovery(pod.namespace, pod.server, pod.podUid)
const hashes = (folder: string) =>
  readdirSync(folder).map((name) => `${name} ${hash('sha256', readFileSync(join(folder, name)))}`)

verifies(
  'audit:local-recovered',
  'what a pod left while its collector was away arrives in order, its open call becomes unknown, and the volume is as it was',
  async () => {
    const { folder, origin } = await aLeftVolume(80)
    const before = hashes(folder)
    expect(before.length).toBeGreaterThan(2)
    const log = aLog()
    const running = recovering(folder, own, log)
    await until('it waits for the collector', () => log.lines.some((line) => line.includes('wait')))
    installation.collector.faults.set('well')

    await running
    await recovering(folder, own)

    const records = await installation.records(origin)
    const calls = records.flatMap((one) => (one.kind === 'intent' ? [one.call] : []))
    expect(calls).toEqual(['first', ...Array.from({ length: 80 }, (_, i) => `c${i}`), 'open'])
    expect((await installation.records('hipaa-mcp.dev/registry')).at(-1)).toMatchObject({
      kind: 'ended',
      origin,
      how: 'recovered',
      size: records.length,
      unknown: ['first', 'open'],
    })
    expect(hashes(folder)).toEqual(before)
  },
  20_000,
)

verifies('audit:local-recovered', 'a damaged segment ends it, and no chain is called recovered', async () => {
  const { folder, origin } = await aLeftVolume(80)
  installation.collector.faults.set('well')
  const [, second = ''] = readdirSync(folder).toSorted()
  const bytes = readFileSync(join(folder, second))
  bytes.fill(0xff, 600, 616)
  writeFileSync(join(folder, second), bytes)

  await expect(recovering(folder, own)).rejects.toThrow(SegmentDamaged)

  const registry = await installation.records('hipaa-mcp.dev/registry')
  expect(registry.filter((one) => one.kind === 'ended' && one.origin === origin)).toEqual([])
})

verifies(
  'audit:local-recovered',
  'a volume with the chain of another pod, server or namespace is refused at once: nothing of it is taken, nothing is said',
  async () => {
    const { folder, origin } = await aLeftVolume(1)
    installation.collector.faults.set('well')
    const before = hashes(folder)
    const others = [
      identity.recovery(pod.namespace, pod.server, '00000000-0000-4000-8000-000000000099'),
      identity.recovery(pod.namespace, 'other', pod.podUid),
      identity.recovery('elsewhere', pod.server, pod.podUid),
    ]
    for (const other of others)
      await expect(recovering(folder, other)).rejects.toMatchObject({ reason: 'chain-foreign' })

    expect(await installation.records(origin)).toHaveLength(2)
    expect(
      (await installation.records('hipaa-mcp.dev/registry')).filter(
        (one) => 'origin' in one && one.origin === origin,
      ),
    ).toMatchObject([{ kind: 'registered' }])
    expect(hashes(folder)).toEqual(before)
  },
  20_000,
)
