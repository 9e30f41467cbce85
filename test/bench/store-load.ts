// One collector as a process of its own, and sidecars that load it: as many connections as callers, one record a request.

import { type ChildProcess, spawn } from 'node:child_process'
import { generateKeyPairSync, type KeyObject, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { rawPublicKey, signCheckpoint } from '../../core/checkpoint.ts'
import { identity } from '../../core/identifiers.ts'
import { leafHash, rootOf } from '../../core/merkle.ts'
import { recordBytes } from '../../core/record.ts'
import type { Authority } from '../../operator/authority/ca.ts'
import { Link } from '../../sidecar/channel/link.ts'
import { CollectorClient } from '../../sidecar/trail/collector-client.ts'
import { certify } from '../collector/peers.ts'
import { anIntent, aStart } from '../core/records.ts'

/** `bytes`: what the store holds of records. */
export type Where = {
  place: string
  bytes: () => number /** Another collector may have it open as well. */
  shared: boolean
}
export type Carried = {
  records: number
  /** Microseconds a record. */
  cpu: number
  /** A record. */
  bytes: number
  begun: number
  /** Microseconds of CPU a record that another collector took, of one that follows. */
  followed: number | undefined
  /** Microseconds of CPU a checkpoint. */
  checkpoint: number
  checkpoints: number
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
type Caller = {
  link: Link
  client: CollectorClient
  key: KeyObject
  origin: string
  size: number
  note: string
}

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
  const key = generateKeyPairSync('ed25519').privateKey
  return { link, client: new CollectorClient(link, 60_000), key, origin: '', size: 0, note: '' }
}

async function begin(caller: Caller): Promise<void> {
  const { client, key } = caller
  const { origin } = await client.begin(rawPublicKey(key))
  const first = recordBytes(aStart(origin))
  await client.records(origin, 0, [first])
  const head = { origin, size: 1, root: rootOf([leafHash(first)]) }
  Object.assign(caller, {
    origin,
    size: 1,
    note: signCheckpoint(head, { name: origin, kind: 'ed25519', key }),
  })
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
  let other: ChildProcess | undefined
  try {
    for (let i = 0; i < all.length; i += 16) await Promise.all(all.slice(i, i + 16).map(begin))
    if (where.shared) ({ child: other } = await aBenchCollector(work, where.place))
    const otherCpu = (): number => (other?.pid === undefined ? 0 : cpuOf(other.pid))
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
    const otherBefore = otherCpu()
    const done = await load(seconds * 1000)
    const took = (performance.now() - began) / 1000
    const spent = cpuOf(pid) - cpu
    const grown = where.bytes() - bytes
    // It follows every two seconds.
    await sleep(3000)
    const followed = other === undefined ? undefined : ((otherCpu() - otherBefore) / done) * 1e6
    other?.kill('SIGTERM')

    const more = await Promise.all(
      Array.from({ length: connections }, async () => await aCaller(authority, port)),
    )
    all.push(...more)
    await sleep(1000)
    const [before, since] = [residentKiB(pid), performance.now()]
    for (let i = 0; i < more.length; i += 16) await Promise.all(more.slice(i, i + 16).map(begin))
    const begun = more.length / ((performance.now() - since) / 1000)
    await sleep(1000)
    const memory = (residentKiB(pid) - before) / more.length
    const [signing, cpuBefore] = [performance.now(), cpuOf(pid)]
    for (let i = 0; i < more.length; i += callers)
      await Promise.all(
        more.slice(i, i + callers).map(async ({ client, note }) => await client.checkpoint(note)),
      )
    const signed = (performance.now() - signing) / 1000
    return {
      followed,
      checkpoint: ((cpuOf(pid) - cpuBefore) / more.length) * 1e6,
      checkpoints: more.length / signed,
      records: done / took,
      cpu: (spent / done) * 1e6,
      bytes: grown / done,
      begun,
      memory,
    }
  } finally {
    for (const { link } of all) await link.close()
    other?.kill('SIGTERM')
    child.kill('SIGTERM')
    await once(child, 'exit')
  }
}
