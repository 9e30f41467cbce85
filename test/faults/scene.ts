// What stands in a fault's way: callers, a sidecar, its MCP server, a collector on its store, each a process of its own
// but callers and server, which count. Nothing here knows what the fault is.

import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Acknowledge } from '../../core/acknowledge.ts'
import { identity } from '../../core/identifiers.ts'
import { makeWork, type Work } from '../bench/work.ts'
import { certify } from '../collector/peers.ts'
import { anOperator, type Operator } from '../collector/running.ts'
import { freePort } from '../support/free-port.ts'
import { Callers } from './calls.ts'
import { type Before, Program } from './program.ts'
import { anMcpServer, type McpServer } from './server.ts'
import type { SidecarSettings } from './sidecar-main.ts'

/** Longer than any scene: none of these is renewed. */
export const aDay = { seconds: 86_400 }

const root = join(import.meta.dirname, '../..')
const node = join(root, 'node_modules/.bin/node')

/** What all scenes share. */
export type World = {
  operator: Operator
  work: Work
  server: McpServer
  keys: { hashes: Buffer; patients: Buffer; seal: Buffer }
  /** A new folder, which goes with the world. */
  folder: (name: string) => string
  /** Environment of every program of ours. */
  environment: { readonly [name: string]: string }
  end: () => void
}

/** `compiled`: folder of what Node compiled once, so that a program is back sooner. */
export async function aWorld(compiled: string): Promise<World> {
  const base = mkdtempSync(join(tmpdir(), 'hipaa-mcp-faults-'))
  const operator = await anOperator()
  const work = await makeWork(1)
  const server = await anMcpServer(work.result)
  work.policy.workload.port = server.port
  work.ownCa = operator.authority.pem
  let folders = 0
  return {
    operator,
    work,
    server,
    keys: { hashes: randomBytes(32), patients: randomBytes(32), seal: randomBytes(32) },
    folder: (name) => {
      const made = join(base, `${name}-${folders++}`)
      mkdirSync(made)
      return made
    },
    environment: { NODE_COMPILE_CACHE: compiled },
    end: () => {
      server.close()
      operator.end()
      rmSync(base, { recursive: true, force: true })
    },
  }
}

export type CollectorSpec = {
  /** HIPAA_MCP_STORE; an embedded one in a new folder unless told otherwise. */
  store?: string
  environment?: { readonly [name: string]: string }
  before?: Before
}

export class Collector {
  readonly program: Program
  readonly port: number
  readonly #health: number

  private constructor(program: Program, port: number, health: number) {
    this.program = program
    this.port = port
    this.#health = health
  }

  /** Started, not awaited. */
  static async start(world: World, { store, environment = {}, before }: CollectorSpec): Promise<Collector> {
    const [port, health] = [await freePort(), await freePort()]
    const token = join(world.folder('token'), 'token')
    writeFileSync(token, 'token\n')
    const program = new Program(
      'collector',
      [node, join(root, 'collector/main.ts')],
      {
        HIPAA_MCP_CHANNEL: world.operator.url,
        HIPAA_MCP_CA: world.operator.authority.pem,
        HIPAA_MCP_TOKEN: token,
        HIPAA_MCP_PORT_NUMBER: String(port),
        HIPAA_MCP_HEALTH_PORT_NUMBER: String(health),
        HIPAA_MCP_STORE: store ?? `embedded:${world.folder('store')}`,
        UV_THREADPOOL_SIZE: before === undefined ? '4' : '1',
        ...world.environment,
        ...environment,
      },
      before,
    )
    program.start()
    return new Collector(program, port, health)
  }

  async says(path: string): Promise<string | undefined> {
    return await fetch(`http://localhost:${this.#health}${path}`, {
      signal: AbortSignal.timeout(2_000),
    }).then(
      async (response) => (await response.text()).trim().split('\n')[0],
      () => undefined,
    )
  }

  async metrics(): Promise<string> {
    return await fetch(`http://localhost:${this.#health}/metrics`, {
      signal: AbortSignal.timeout(5_000),
    }).then(
      async (response) => await response.text(),
      () => '',
    )
  }

  /** Its clock, as it says it, milliseconds since 1970. */
  async clock(): Promise<number> {
    const { headers } = await fetch(`http://localhost:${this.#health}/readyz`, {
      signal: AbortSignal.timeout(5_000),
    })
    return Date.parse(headers.get('date') ?? '')
  }

  async ready(milliseconds = 120_000): Promise<void> {
    await until(
      `the collector is ready`,
      async () => (await this.says('/readyz')) === 'ok',
      milliseconds,
      this.program,
    )
  }
}

export type SceneSpec = {
  mode: Acknowledge
  collector?: CollectorSpec
  /** One that runs already, instead. It is not ended with the scene. */
  running?: Collector
  /** UID of the sidecar's pod; another one each time unless told otherwise. */
  uid?: string
  /** Where the sidecar finds the collector; at its own port unless told otherwise. */
  collectorPort?: (port: number) => Promise<number>
  sidecar?: {
    before?: Before
    folder?: string
    segmentSize?: number
    environment?: { readonly [name: string]: string }
  }
}

let pods = 0

export class Scene {
  readonly world: World
  readonly collector: Collector
  readonly sidecar: Program
  /** Those who call now. */
  callers: Callers
  readonly folder: string
  readonly #newCallers: () => Callers
  readonly #owned: boolean

  private constructor(
    world: World,
    collector: Collector,
    sidecar: Program,
    newCallers: () => Callers,
    folder: string,
    owned: boolean,
  ) {
    this.world = world
    this.collector = collector
    this.sidecar = sidecar
    this.#newCallers = newCallers
    this.callers = newCallers()
    this.folder = folder
    this.#owned = owned
  }

  /** Resolves when a call was answered, unless told not to wait. */
  static async start(world: World, spec: SceneSpec, waits = true): Promise<Scene> {
    const collector = spec.running ?? (await Collector.start(world, spec.collector ?? {}))
    if (spec.running === undefined && waits) await collector.ready()
    const port = await freePort()
    const { before, folder = world.folder('trail'), segmentSize, environment = {} } = spec.sidecar ?? {}
    const uid = spec.uid ?? `pod-${process.pid}-${pods++}`
    const sidecar = await certify(world.operator.authority, identity.sidecar('bench', 'ehr', uid), aDay)
    const settings: SidecarSettings = {
      work: { ...world.work, sidecar },
      keys: {
        hashes: world.keys.hashes.toString('base64'),
        patients: world.keys.patients.toString('base64'),
        seal: world.keys.seal.toString('base64'),
      },
      port,
      upstreamPort: world.server.port,
      collectorPort: (await spec.collectorPort?.(collector.port)) ?? collector.port,
      mode: spec.mode,
      folder,
      ...(segmentSize === undefined ? {} : { segmentSize }),
    }
    const file = join(world.folder('settings'), 'settings.json')
    writeFileSync(file, JSON.stringify(settings))
    const program = new Program(
      'sidecar',
      [node, join(import.meta.dirname, 'sidecar-main.ts'), file],
      { UV_THREADPOOL_SIZE: before === undefined ? '4' : '1', ...world.environment, ...environment },
      before,
    )
    program.start()
    const scene = new Scene(
      world,
      collector,
      program,
      () => new Callers(port, settings.work, nextCall),
      folder,
      spec.running === undefined,
    )
    if (waits) await scene.answers()
    return scene
  }

  /** Other callers from now on, so that what one fault did is told from what another did. Those before are through. */
  async changeCallers(): Promise<void> {
    await this.callers.close()
    this.callers = this.#newCallers()
  }

  /** Until a call is answered. Resolves to the milliseconds that it took. */
  async answers(milliseconds = 120_000): Promise<number> {
    const began = performance.now()
    const before = this.callers.answers.length
    await until(
      'a call is answered',
      async () => (await this.callers.one()) && this.callers.answers.length > before,
      milliseconds,
      this.sidecar,
      this.collector.program,
    )
    return performance.now() - began
  }

  /** Ends the sidecar as a pod ends: its chain is closed and everything shipped. */
  async closeSidecar(): Promise<void> {
    await this.callers.stop()
    for (let tries = 0; tries < 5; tries++) {
      await this.sidecar.stop()
      // Closed with everything shipped. Otherwise the rest is on its volume, and the next process ships it before it serves.
      if (this.sidecar.ends.at(-1) === '0') return
      this.sidecar.start()
      await this.answers(120_000)
    }
    throw new Error(`The sidecar does not end well: ${this.sidecar.ends.join(', ')}`)
  }

  async end(): Promise<void> {
    await this.callers.close()
    await this.sidecar.stop(1_000)
    if (this.#owned) await this.collector.program.stop(5_000)
  }
}

/** Numbers of calls, of all scenes: the counting server is one. */
let calls = 0
const nextCall = (): number => (calls += 1)

/** What was waited for did not come in time: a fault of a program, or a machine that is at something else. */
export class Late extends Error {}

/** Resolves when it holds. Rejects with Late after so long, with what the programs said last. */
export async function until(
  what: string,
  holds: () => Promise<boolean> | boolean,
  milliseconds: number,
  ...programs: Program[]
): Promise<void> {
  const end = performance.now() + milliseconds
  while (!(await holds())) {
    if (performance.now() > end) {
      const said = programs.map(
        ({ name, said, ends }) =>
          `${name} (ended: ${ends.join(', ') || 'never'}) said:\n${said.slice(-1500)}`,
      )
      throw new Late(`It did not come within ${milliseconds / 1000} s: ${what}\n${said.join('\n')}`)
    }
    await sleep(25)
  }
}
