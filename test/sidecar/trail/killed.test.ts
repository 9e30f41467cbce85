// Processes that are killed while they write, and what is there afterwards.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect } from 'vitest'
import type { Acknowledge } from '../../../core/acknowledge.ts'
import { identity } from '../../../core/identifiers.ts'
import type { AuditRecord } from '../../../core/record.ts'
import { CollectorClient } from '../../../sidecar/trail/collector-client.ts'
import { recover } from '../../../sidecar/trail/recovery.ts'
import { certify } from '../../collector/peers.ts'
import { verifies } from '../../verifies.ts'
import { aLog, anInstallation, type Installation, pod, until } from '../installation.ts'
import { recordsOn } from './volume.ts'

let installation: Installation
const children: ChildProcess[] = []
beforeAll(async () => {
  installation = await anInstallation()
})
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL')
  await installation.end()
})

type Writer = { child: ChildProcess; said: () => string[] }

async function aWriter(mode: Acknowledge, folder: string): Promise<Writer> {
  const { authority, collector } = installation
  const certificate = await certify(authority, identity.sidecar(pod.namespace, pod.server, pod.podUid))
  const settings = join(installation.folder(), 'settings.json')
  writeFileSync(
    settings,
    JSON.stringify({ port: collector.faults.port, ca: authority.pem, ...certificate, mode, folder }),
  )
  const child = spawn(process.execPath, [join(import.meta.dirname, 'writer.ts'), settings], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.push(child)
  let text = ''
  child.stdout?.on('data', (bytes: Buffer) => {
    text += bytes.toString('utf8')
  })
  return { child, said: () => text.split('\n').slice(0, -1) }
}

/** Kills it in the middle of its work. Returns its origin and what it was told is acknowledged. */
async function killed({ child, said }: Writer): Promise<{ origin: string; acknowledged: string[] }> {
  const ended = once(child, 'close')
  child.kill('SIGKILL')
  expect(await ended).toEqual([null, 'SIGKILL'])
  const [first = '', ...acknowledged] = said()
  return { origin: first.slice('origin '.length), acknowledged }
}

const named = (records: AuditRecord[]): Set<string> =>
  new Set(records.flatMap((one) => ('call' in one ? [`${one.kind} ${one.call}`] : [])))
const held = async (origin: string): Promise<Set<string>> => named(await installation.records(origin))

verifies(
  'audit:acknowledged-is-kept',
  'Stream: a sidecar killed under load, three times over',
  async () => {
    for (const least of [50, 400, 1_000]) {
      const writer = await aWriter('Stream', '')
      await until('work', () => writer.said().length > least, 60_000)

      const { origin, acknowledged } = await killed(writer)

      const kept = await held(origin)
      expect(acknowledged.length).toBeGreaterThan(least - 2)
      expect(acknowledged.filter((record) => !kept.has(record))).toEqual([])
    }
  },
  240_000,
)

verifies(
  'audit:acknowledged-is-kept',
  'Local: a sidecar killed under load with the collector away, and its records recovered',
  async () => {
    const folder = installation.folder()
    const writer = await aWriter('Local', folder)
    await until('it began', () => writer.said().length > 20, 60_000)
    installation.collector.faults.set('away')
    const before = writer.said().length
    await until(
      'work on the volume alone, over several segments',
      () => writer.said().length > before + 1_500,
      60_000,
    )

    const { origin, acknowledged } = await killed(writer)
    const early = await held(origin)
    expect(acknowledged.filter((record) => !early.has(record)).length).toBeGreaterThan(1_000)

    installation.collector.faults.set('well')
    await recover({ folder, collector: new CollectorClient(await installation.link()), log: aLog() })

    const kept = await held(origin)
    expect(acknowledged.filter((record) => !kept.has(record))).toEqual([])
  },
  240_000,
)

verifies(
  'audit:both',
  'a sidecar killed under load, three times over: what was acknowledged is on the volume and with the collector',
  async () => {
    for (const least of [50, 400, 1_000]) {
      const folder = installation.folder()
      const writer = await aWriter('Both', folder)
      await until('work', () => writer.said().length > least, 60_000)

      const { origin, acknowledged } = await killed(writer)

      expect(acknowledged.length).toBeGreaterThan(least - 2)
      const collected = await held(origin)
      const onVolume = named(recordsOn(folder))
      expect(acknowledged.filter((record) => !collected.has(record))).toEqual([])
      expect(acknowledged.filter((record) => !onVolume.has(record))).toEqual([])
      await recover({ folder, collector: new CollectorClient(await installation.link()), log: aLog() })
      const all = await held(origin)
      expect([...onVolume].filter((record) => !all.has(record))).toEqual([])
    }
  },
  240_000,
)
