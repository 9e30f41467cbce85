// Several collectors behind one address, as behind a Service, and sidecars of our own that write to them: the real trail of
// a sidecar, over real TLS, on one connection at a time.

import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { writeExport } from '../../cli/export-write.ts'
import { identity } from '../../core/identifiers.ts'
import type { ExportLine } from '../../core/wire.ts'
import { Link } from '../../sidecar/channel/link.ts'
import { beginTrail, type RunningTrail } from '../../sidecar/trail/begin.ts'
import { CollectorClient } from '../../sidecar/trail/collector-client.ts'
import type { ChainOver } from '../../sidecar/trail/home.ts'
import { hipaaMcp, type Ran } from '../support/command-line.ts'
import { aFolder, aPod } from './a-trail.ts'
import { certify, Peer, uriOf } from './peers.ts'
import type { Collector, Operator } from './running.ts'

/** New connections go to the collectors in turn; one that does not take them is left out. */
export type Service = {
  port: number
  /** Those that are asked from now on. */
  behind: Collector[]
  /** Breaks what stands between callers and this collector: nothing goes through any more, and nothing says so. */
  partition: (from: Collector) => void
  close: () => void
}

export async function aService(collectors: readonly Collector[]): Promise<Service> {
  const open = new Map<Collector, Set<Socket>>()
  let turn = 0
  const pass = async (socket: Socket): Promise<void> => {
    for (let tries = 0; tries < service.behind.length; tries++) {
      const to = service.behind[turn++ % service.behind.length] as Collector
      const upstream = connect(to.port, '127.0.0.1')
      try {
        await once(upstream, 'connect')
      } catch {
        continue
      }
      const both = open.get(to) ?? new Set()
      open.set(to, both.add(socket).add(upstream))
      for (const [one, other] of [
        [socket, upstream],
        [upstream, socket],
      ] as const) {
        one.pipe(other)
        one.on('error', () => other.destroy())
        one.on('close', () => {
          other.destroy()
          both.delete(one)
        })
      }
      return
    }
    socket.destroy()
  }
  const server: Server = createServer((socket) => {
    socket.on('error', () => socket.destroy())
    void pass(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const service: Service = {
    port: (server.address() as { port: number }).port,
    behind: [...collectors],
    partition: (from) => {
      for (const socket of open.get(from) ?? []) socket.unpipe().pause()
    },
    close: () => {
      server.close()
      for (const sockets of open.values()) for (const socket of sockets) socket.destroy()
    },
  }
  return service
}

/** A sidecar's trail, and what it was told is kept. */
export class Sidecar {
  readonly acknowledged: string[] = []
  readonly #trail: RunningTrail
  readonly #link: Link
  /** Why its chain can never go on. */
  over: ChainOver | undefined
  stopped = false
  /** Longest time between two acknowledgements, milliseconds. */
  longest = 0

  constructor(trail: RunningTrail, link: Link) {
    this.#trail = trail
    this.#link = link
  }

  static async begun(operator: Operator, { port }: { port: number }): Promise<Sidecar> {
    const pod = aPod()
    const link = new Link({
      base: new URL(`https://localhost:${port}`),
      ca: operator.authority.pem,
      lookup: (_, { all }, answer) =>
        all === true ? answer(null, [{ address: '127.0.0.1', family: 4 }]) : answer(null, '127.0.0.1', 4),
      credentials: await certify(operator.authority, uriOf(pod)),
      connections: 1,
    })
    const all: { sidecar?: Sidecar } = {}
    const trail = await beginTrail({
      acknowledge: 'Stream',
      folder: '',
      collector: new CollectorClient(link, 2_000),
      version: 'test',
      onOver: (over) => {
        if (all.sidecar !== undefined) all.sidecar.over = over
      },
      log: { info: () => undefined, warn: () => undefined, error: () => undefined },
    })
    all.sidecar = new Sidecar(trail, link)
    return all.sidecar
  }

  get origin(): string {
    return this.#trail.chain.origin
  }

  /** Records until `stopped`, one after the other, each again under another name where it was not acknowledged. */
  async run(): Promise<void> {
    let last = performance.now()
    while (!this.stopped && this.over === undefined) {
      const call = randomUUID()
      try {
        await this.#trail.chain.refuse({
          kind: 'refusal',
          call,
          reason: 'tool-unknown',
          stage: 'authorize',
          peer: '10.0.0.9',
        })
        this.acknowledged.push(call)
        this.longest = Math.max(this.longest, performance.now() - last)
        last = performance.now()
      } catch {
        await sleep(20)
      }
    }
  }

  async close(): Promise<void> {
    await this.#trail.close()
    await this.#link.close()
  }
}

/** Exports the trail from one collector, verifies it, and returns the calls that each chain holds, in order. */
export async function verified(
  operator: Operator,
  { port }: Pick<Collector, 'port'>,
): Promise<Ran & { calls: Map<string, string[]>; registry: { kind: string; origin?: string }[] }> {
  const auditor = new Peer(
    port,
    operator.authority.pem,
    await certify(operator.authority, identity.auditor('officer@clinic.example')),
  )
  const { text } = await auditor.ask('GET', '/v1/export?namespace=clinic&server=ehr')
  await auditor.close()
  const lines = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as ExportLine)
  const folder = join(aFolder(), 'trail')
  async function* given(): AsyncGenerator<ExportLine> {
    yield* lines
  }
  const { witness } = await writeExport(given(), {
    folder,
    server: 'clinic/ehr',
    now: new Date().toISOString(),
    read: () => undefined,
  })
  const calls = new Map<string, string[]>()
  const registry: { kind: string; origin?: string }[] = []
  let chain = ''
  for (const line of lines) {
    if ('chain' in line) ({ chain } = line)
    if (!('record' in line)) continue
    const record = JSON.parse(line.record) as { kind: string; origin?: string; call?: string }
    if (chain.endsWith('/registry')) registry.push(record)
    else if (record.call !== undefined) calls.set(chain, [...(calls.get(chain) ?? []), record.call])
  }
  return { ...(await hipaaMcp(['verify', folder, '--witness', witness])), calls, registry }
}
