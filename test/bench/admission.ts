// How long admission takes, beside a webhook of the same runtime that lets everything in: `node test/bench/admission.ts`.
// Both answer the same reviews over TLS, in turns, each in a process of its own; the client measures both alike. Ours reads
// the servers of the namespace for every pod, over HTTP from a process that stands where the API server stands.

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { Agent, createServer, request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { Agent as Dispatcher } from 'undici'
import { startWebhooks } from '../../operator/admission/server.ts'
import { makeAuthority } from '../../operator/authority/ca.ts'
import { keepCertificate } from '../../operator/authority/keep-certificate.ts'
import { apiClient } from '../../operator/cluster/client.ts'
import { aPod, surroundings } from '../operator/admission/pods.ts'
import { quiet } from '../operator/cluster/scripted-api.ts'
import { aServer } from '../operator/world.ts'

const reviews = 2_000
const warmUp = 500
/** In turns, so that what else the machine does meets both. */
const block = 100

async function allowAll(): Promise<number> {
  const certificate = await keepCertificate(await makeAuthority('bench', Date.now()), {
    names: ['localhost'],
    usages: ['server'],
    seconds: 3600,
  })
  const server = createServer(certificate.current(), (asked, response) => {
    const chunks: Buffer[] = []
    asked.on('data', (chunk: Buffer) => chunks.push(chunk))
    asked.on('end', () => {
      const review = JSON.parse(Buffer.concat(chunks).toString('utf8')) as { request: { uid: string } }
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(
        JSON.stringify({
          apiVersion: 'admission.k8s.io/v1',
          kind: 'AdmissionReview',
          response: { uid: review.request.uid, allowed: true },
        }),
      )
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

async function ours(api: string): Promise<number> {
  const client = apiClient({
    credentials: {
      server: api,
      dispatcher: new Dispatcher(),
      headers: async () => ({}),
      refresh: async () => undefined,
      close: async () => undefined,
    },
  })
  const { port } = await startWebhooks({
    client,
    authority: await makeAuthority('bench', Date.now()),
    surroundings,
    log: quiet,
    port: 0,
  })
  return port
}

async function api(): Promise<number> {
  const list = JSON.stringify({ items: [aServer()], metadata: { resourceVersion: '1' } })
  const server = createHttpServer((_, response) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end(list),
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

const parts: { readonly [name: string]: (argument: string) => Promise<number> } = { allowAll, ours, api }

async function started(name: string, argument = ''): Promise<{ child: ChildProcess; port: number }> {
  const child = fork(import.meta.filename, [name, argument])
  const [port] = (await once(child, 'message')) as [number]
  return { child, port }
}

const review = (path: string): string => {
  const pod = aPod()
  return JSON.stringify({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: `bench${path}`,
      operation: 'CREATE',
      namespace: 'clinic',
      resource: { group: '', version: 'v1', resource: 'pods' },
      object: pod,
      userInfo: { username: 'bench' },
    },
  })
}

/** Milliseconds of one review. The answer must let the pod in. */
async function ask(agent: Agent, port: number, path: string, body: string): Promise<number> {
  const began = performance.now()
  const text = await new Promise<string>((resolve, reject) => {
    const sent = request(
      { host: '127.0.0.1', port, path, method: 'POST', agent, rejectUnauthorized: false },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () => resolve(Buffer.concat(chunks).toString('utf8')))
      },
    )
    sent.on('error', reject)
    sent.end(body)
  })
  const took = performance.now() - began
  if (!text.includes('"allowed":true')) throw new Error(`A review was refused: ${text.slice(0, 300)}`)
  return took
}

const quantile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN

async function main(): Promise<void> {
  const children: ChildProcess[] = []
  try {
    const cluster = await started('api')
    const plain = await started('allowAll')
    const own = await started('ours', `http://127.0.0.1:${cluster.port}`)
    children.push(cluster.child, plain.child, own.child)
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const body = review('/inject')
    const times: { allowAll: number[]; ours: number[] } = { allowAll: [], ours: [] }
    for (let done = -warmUp; done < reviews; done += block)
      for (const [name, port] of [
        ['allowAll', plain.port],
        ['ours', own.port],
      ] as const)
        for (let index = 0; index < block; index += 1) {
          const took = await ask(agent, port, '/inject', body)
          if (done >= 0) times[name].push(took)
        }
    agent.destroy()
    const rows = (['allowAll', 'ours'] as const).map((name) => {
      const sorted = times[name].toSorted((a, b) => a - b)
      return { name, p50: quantile(sorted, 0.5), p99: quantile(sorted, 0.99) }
    })
    const [base, mine] = rows
    for (const { name, p50, p99 } of rows)
      console.log(`${name.padEnd(9)} p50 ${p50.toFixed(2)} ms  p99 ${p99.toFixed(2)} ms`)
    console.log(
      `ratio     p50 ${((mine?.p50 ?? 0) / (base?.p50 ?? 1)).toFixed(2)}     p99 ${((mine?.p99 ?? 0) / (base?.p99 ?? 1)).toFixed(2)}  (${reviews} reviews each)`,
    )
  } finally {
    for (const child of children) child.kill()
  }
}

const [part, argument = ''] = process.argv.slice(2)
const run = part === undefined ? undefined : parts[part]
if (run === undefined) await main()
else process.send?.(await run(argument))
