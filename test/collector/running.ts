// The collector as a process of its own, with an operator that gives it a certificate, and writers that load it.

import { type ChildProcess, spawn } from 'node:child_process'
import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Pod } from '../../collector/registry.ts'
import { rawPublicKey } from '../../core/checkpoint.ts'
import { identity } from '../../core/identifiers.ts'
import { recordBytes } from '../../core/record.ts'
import type { ChainResponse } from '../../core/wire.ts'
import type { Authority } from '../../operator/authority/ca.ts'
import { aRefusal, aStart } from '../core/records.ts'
import { freePort } from '../support/free-port.ts'
import { aFolder, aPod } from './a-trail.ts'
import { anAuthority, certify, certifyRequest, Peer, uriOf } from './peers.ts'

const root = join(import.meta.dirname, '../..')
const node = join(root, 'node_modules/.bin/node')

export type Operator = { authority: Authority; url: string; issued: () => number; end: () => void }

/** Stands for the operator's channel: signs what is asked for with the right token. */
export async function anOperator(said: { seconds?: number; token?: string } = {}): Promise<Operator> {
  const authority = await anAuthority()
  let issued = 0
  const server = createServer(
    // Longer than any run: a fault's scenes ask it for more than ten minutes on a busy machine.
    { ...(await certify(authority, identity.operator, { seconds: 86_400 })), ca: authority.pem },
    (request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        if (request.headers.authorization !== `Bearer ${said.token ?? 'token'}`) {
          response.writeHead(401).end()
          return
        }
        const { csr } = JSON.parse(Buffer.concat(chunks).toString()) as { csr: string }
        certifyRequest(authority, csr, identity.collector, { seconds: said.seconds ?? 3600 })
          .then((channel) => {
            issued += 1
            response.end(JSON.stringify({ channel }))
          })
          .catch(() => response.writeHead(400).end())
      })
    },
  )
  server.listen(0)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const end = (): void => {
    server.closeAllConnections()
    server.close()
  }
  return { authority, url: `https://localhost:${port}`, issued: () => issued, end }
}

export type Collector = {
  child: ChildProcess
  port: number
  said: () => string
  /** What `/readyz` says; undefined while nothing answers. */
  readyz: () => Promise<string | undefined>
  metrics: () => Promise<string>
  /** What `/witnesses` says of those outside the cluster, and the key by which they know the log. */
  witnesses: () => Promise<{ says: string | undefined; log: string | undefined; each: string }>
  /** Resolves when `/readyz` says this. */
  until: (says: string, milliseconds?: number) => Promise<void>
  /** Ends it and waits. */
  kill: (signal: 'SIGKILL' | 'SIGTERM') => Promise<number | null>
}

const children: ChildProcess[] = []

/** Ends what a test left running. */
export function endCollectors(): void {
  for (const child of children.splice(0)) child.kill('SIGKILL')
}

export async function aCollector(
  operator: Operator,
  environment: { HIPAA_MCP_STORE: string; [name: string]: string },
): Promise<Collector> {
  const [port, health] = [await freePort(), await freePort()]
  const token = join(aFolder(), 'token')
  writeFileSync(token, 'token\n')
  const child = spawn(node, [join(root, 'collector/main.ts')], {
    env: {
      PATH: process.env['PATH'] ?? '',
      HIPAA_MCP_CHANNEL: operator.url,
      HIPAA_MCP_CA: operator.authority.pem,
      HIPAA_MCP_TOKEN: token,
      HIPAA_MCP_PORT_NUMBER: String(port),
      HIPAA_MCP_HEALTH_PORT_NUMBER: String(health),
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  children.push(child)
  let said = ''
  child.stdout?.on('data', (chunk: Buffer) => (said += chunk.toString()))
  child.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const exited = once(child, 'exit')
  const get = async (path: string): Promise<string | undefined> =>
    await fetch(`http://localhost:${health}${path}`).then(
      async (response) => (await response.text()).trim(),
      () => undefined,
    )
  return {
    child,
    port,
    said: () => said,
    readyz: async () => await get('/readyz'),
    metrics: async () => (await get('/metrics')) ?? '',
    witnesses: async () => {
      const [says, log, ...each] = (await get('/witnesses'))?.split('\n') ?? []
      return { says, log, each: each.join('\n') }
    },
    until: async (says, milliseconds = 60_000) => {
      const end = performance.now() + milliseconds
      while ((await get('/readyz')) !== says) {
        if (performance.now() > end)
          throw new Error(`/readyz says ${await get('/readyz')}, not ${says}:\n${said}`)
        await sleep(50)
      }
    },
    kill: async (signal) => {
      child.kill(signal)
      const [code] = (await exited) as [number | null]
      return code
    },
  }
}

/** Until each of them was told of so many more records that they are kept; within a minute. */
export async function acknowledgedMore(writers: readonly Writer[], more: number): Promise<void> {
  const end = performance.now() + 60_000
  for (const writer of writers) {
    const wanted = writer.acknowledged + more
    while (writer.acknowledged < wanted) {
      if (performance.now() > end)
        throw new Error(`${writer.origin} had ${writer.acknowledged} records acknowledged, not ${wanted}`)
      await sleep(5)
    }
  }
}

/**
 * A sidecar under load: sends records as fast as they are acknowledged, again whatever happens, and remembers what it
 * was told is kept.
 */
export class Writer {
  readonly pod: Pod = aPod()
  readonly sent: string[] = []
  /** Records below this index were acknowledged. */
  acknowledged = 0
  origin = ''
  stopped = false
  /** Requests that were not answered 200. */
  failures = 0
  readonly #operator: Operator
  readonly #key = generateKeyPairSync('ed25519').privateKey
  #peer: Peer | undefined
  #certificate: { key: string; cert: string } | undefined

  constructor(operator: Operator) {
    this.#operator = operator
  }

  /** Writes to the collector that listens there from now on. */
  async follow(port: number): Promise<void> {
    this.#certificate ??= await certify(this.#operator.authority, uriOf(this.pod))
    const before = this.#peer
    this.#peer = new Peer(port, this.#operator.authority.pem, this.#certificate)
    await before?.close()
  }

  /** Runs until `stopped`. */
  async run(): Promise<void> {
    while (!this.stopped) {
      try {
        await this.#step()
      } catch {
        this.failures += 1
        await sleep(20)
      }
    }
    await this.#peer?.close()
  }

  async #step(): Promise<void> {
    const peer = this.#peer as Peer
    if (this.origin === '') {
      const publicKey = rawPublicKey(this.#key).toString('base64')
      const { status, text } = await peer.ask('POST', '/v1/chains', JSON.stringify({ publicKey }))
      if (status !== 200) throw new Error(text)
      this.origin = (JSON.parse(text) as ChainResponse).origin
      this.sent.push(String(recordBytes(aStart(this.origin))))
    }
    if (this.sent.length === this.acknowledged)
      for (let i = 0; i < 3; i++) this.sent.push(String(recordBytes(aRefusal(randomUUID()))))
    const from = this.acknowledged
    const body = this.sent
      .slice(from)
      .map((line) => `${line}\n`)
      .join('')
    const { status, text } = await peer.ask(
      'POST',
      `/v1/records?origin=${encodeURIComponent(this.origin)}&from=${from}`,
      body,
    )
    if (status !== 200) {
      if (status === 409) throw new Error(`a fork of our own: ${text}`)
      throw new Error(text)
    }
    this.acknowledged = (JSON.parse(text) as { size: number }).size
  }
}
