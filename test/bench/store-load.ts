// One collector as a process of its own, and sidecars that load it: as many connections as callers, one record a request.

import { type ChildProcess, spawn } from 'node:child_process'
import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { rawPublicKey } from '../../core/checkpoint.ts'
import { identity } from '../../core/identifiers.ts'
import { recordBytes } from '../../core/record.ts'
import type { Authority } from '../../operator/authority/ca.ts'
import { Link } from '../../sidecar/channel/link.ts'
import { CollectorClient } from '../../sidecar/trail/collector-client.ts'
import { certify } from '../collector/peers.ts'
import { anIntent, aStart } from '../core/records.ts'

/** `bytes`: what the store holds of records. */
export type Where = { place: string; bytes: () => number }
export type Carried = {
  records: number
  /** Microseconds a record. */
  cpu: number
  /** A record. */
  bytes: number
  begun: number
  /** KiB a connection that has a chain. */
  memory: number
}
export type Load = {
  authority: Authority
  /** File for collector-main.ts. */
  work: string
  where: Where
  callers: number
  seconds: number
  connections: number
}

/** A sidecar's link and chain. */
type Caller = { link: Link; client: CollectorClient; origin: string; size: number }

export async function aBenchCollector(
  work: string,
  place: string,
): Promise<{ child: ChildProcess; port: number }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'collector-main.ts'), work, place], {
    env: { ...process.env, UV_THREADPOOL_SIZE: '16' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
    const { port } = JSON.parse(chunk.toString().split('\n')[0] ?? '{}') as { port?: number }
    if (port !== undefined) return { child, port }
  }
  throw new Error('The collector of the bench ended: its log says why')
}

export async function aCaller(authority: Authority, port: number): Promise<Caller> {
  const link = new Link({
    base: new URL(`https://localhost:${port}`),
    ca: authority.pem,
    lookup: (_, { all }, answer) =>
      all === true ? answer(null, [{ address: '127.0.0.1', family: 4 }]) : answer(null, '127.0.0.1', 4),
    credentials: await certify(authority, identity.sidecar('clinic', 'ehr', randomUUID()), {
      seconds: 86_400,
    }),
    connections: 1,
  })
  return { link, client: new CollectorClient(link, 60_000), origin: '', size: 0 }
}

async function begin(caller: Caller): Promise<void> {
  const { origin } = await caller.client.begin(rawPublicKey(generateKeyPairSync('ed25519').publicKey))
  caller.origin = origin
  await caller.client.records(origin, 0, [recordBytes(aStart(origin))])
  caller.size = 1
}

/** CPU seconds of a process, user and system. */
function cpuOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) / 100
}

function residentKiB(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
}

export async function carried({
  authority,
  work,
  where,
  callers,
  seconds,
  connections,
}: Load): Promise<Carried> {
  const { child, port } = await aBenchCollector(work, where.place)
  const pid = child.pid as number
  const all = await Promise.all(Array.from({ length: callers }, async () => await aCaller(authority, port)))
  try {
    await Promise.all(all.map(begin))
    const record = recordBytes(anIntent('0199f3c2-6f0e-7000-8000-000000000000'))
    const load = async (milliseconds: number): Promise<number> => {
      let done = 0
      const until = performance.now() + milliseconds
      const run = async (caller: Caller): Promise<void> => {
        while (performance.now() < until) {
          await caller.client.records(caller.origin, caller.size, [record])
          caller.size += 1
          done += 1
        }
      }
      await Promise.all(all.map(run))
      return done
    }
    await load(1000)
    const [bytes, cpu, began] = [where.bytes(), cpuOf(pid), performance.now()]
    const done = await load(seconds * 1000)
    const took = (performance.now() - began) / 1000
    const spent = cpuOf(pid) - cpu
    const grown = where.bytes() - bytes

    const more = await Promise.all(
      Array.from({ length: connections }, async () => await aCaller(authority, port)),
    )
    all.push(...more)
    await sleep(1000)
    const [before, since] = [residentKiB(pid), performance.now()]
    for (let i = 0; i < more.length; i += 50) await Promise.all(more.slice(i, i + 50).map(begin))
    const begun = more.length / ((performance.now() - since) / 1000)
    await sleep(1000)
    return {
      records: done / took,
      cpu: (spent / done) * 1e6,
      bytes: grown / done,
      begun,
      memory: (residentKiB(pid) - before) / more.length,
    }
  } finally {
    for (const { link } of all) await link.close()
    child.kill('SIGTERM')
    await once(child, 'exit')
  }
}
