// How long admission takes, beside a webhook of the same runtime that lets everything in: `node test/bench/admission.ts`.
// Both answer the same reviews over TLS, in turns, each in a process of its own; the client measures both alike, and asks ours
// as the API server does. Where ours reads live, it asks over HTTP that same process, as it asks the API server that asked it, which
// takes no time to look anything up.

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { Agent, createServer, request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { Agent as Dispatcher } from 'undici'
import type { HipaaMcpServer } from '../../crds/hipaamcpserver.generated.ts'
import { copyOf } from '../../operator/admission/copy.ts'
import { judgeNew } from '../../operator/admission/judge.ts'
import type { Pod } from '../../operator/admission/pod.ts'
import { startWebhooks } from '../../operator/admission/server.ts'
import { makeAuthority } from '../../operator/authority/ca.ts'
import { keepCertificate } from '../../operator/authority/keep-certificate.ts'
import { pathSecret } from '../../operator/authority/webhook-path.ts'
import { apiClient } from '../../operator/cluster/client.ts'
import { kinds } from '../../operator/cluster/kinds.ts'
import { listWatch } from '../../operator/cluster/list-watch.ts'
import type { Namespace } from '../../operator/objects.ts'
import { aBystander, aPod, surroundings } from '../operator/admission/pods.ts'
import { quiet } from '../operator/cluster/scripted-api.ts'
import { aServer } from '../operator/world.ts'

const rounds = 5
/** Of each kind, in each round. */
const reviews = 2_000
/** Of each kind: by then the runtime has compiled what is asked for often. */
const warmUp = 4_000
const namespace = 'clinic'
/** In turns, so that what else the machine does meets both, and neither webhook is asked one kind alone for long. */
const block = 50

/** Where a process listens, and what the API server's path to it ends with. */
type Place = { port: number; secret: string }

async function allowAll(): Promise<Place> {
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
  return { port: (server.address() as AddressInfo).port, secret: '' }
}

async function ours(api: string): Promise<Place> {
  const client = apiClient({
    credentials: {
      server: api,
      dispatcher: new Dispatcher(),
      headers: async () => ({}),
      refresh: async () => undefined,
      close: async () => undefined,
    },
  })
  const servers = listWatch<HipaaMcpServer>(client, { kind: kinds.server, log: quiet })
  const namespaces = listWatch<Namespace>(client, { kind: kinds.namespace, log: quiet })
  for (const one of [servers, namespaces]) one.start()
  const copy = copyOf({ servers, namespaces })
  while (copy(namespace) === undefined) await sleep(10)
  const authority = await makeAuthority('bench', Date.now())
  const { port } = await startWebhooks({ client, authority, surroundings, copy, log: quiet, port: 0 })
  return { port, secret: pathSecret(authority.webhookKey, Date.now()) }
}

const list = (item: object) => JSON.stringify({ items: [item], metadata: { resourceVersion: '1' } })

/** Lists of one server and one namespace, and watches in which nothing happens. */
async function api(): Promise<{ port: number; close: () => void }> {
  const servers = list(aServer())
  const namespaces = list({ metadata: { name: namespace } })
  const server = createHttpServer(({ url = '' }, response) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    if (url.includes('watch=true')) response.flushHeaders()
    else response.end(url.includes('hipaamcpservers') ? servers : namespaces)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    port,
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}

const parts: { readonly [name: string]: (argument: string) => Promise<Place> } = { allowAll, ours }

async function started(name: string, argument = ''): Promise<{ child: ChildProcess } & Place> {
  const child = fork(import.meta.filename, [name, argument])
  const [place] = (await once(child, 'message')) as [Place]
  return { child, ...place }
}

const review = (pod: Pod): string =>
  JSON.stringify({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: 'bench',
      operation: 'CREATE',
      namespace,
      resource: { group: '', version: 'v1', resource: 'pods' },
      object: pod,
      userInfo: { username: 'bench' },
    },
  })

/** As the mutating webhook lets it in. */
function letIn(pod: Pod): Pod {
  const judged = judgeNew(pod, [aServer()], surroundings)
  if ('violations' in judged) throw new Error(judged.violations.join('; '))
  return judged.pod
}

type Question = { name: string; path: string; body: string }

/** What the API server asks of a pod, one after the other. */
const questions: readonly Question[] = [
  { name: 'guarded, to inject', path: '/inject', body: review(aPod()) },
  { name: 'guarded, as it is then', path: '/validate', body: review(letIn(aPod())) },
  { name: 'bystander, to inject', path: '/inject', body: review(aBystander()) },
  { name: 'bystander, as it is then', path: '/validate', body: review(letIn(aBystander())) },
]

/** Milliseconds of one review. The answer must let the pod in. */
async function took(agent: Agent, port: number, path: string, body: string): Promise<number> {
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
  const milliseconds = performance.now() - began
  if (!text.includes('"allowed":true')) throw new Error(`A review was refused: ${text.slice(0, 300)}`)
  return milliseconds
}

const quantile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN

const quantilesOf = (times: readonly number[]): { p50: number; p99: number } => {
  const sorted = times.toSorted((one, other) => one - other)
  return { p50: quantile(sorted, 0.5), p99: quantile(sorted, 0.99) }
}

async function main(): Promise<void> {
  const children: ChildProcess[] = []
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const cluster = await api()
  try {
    const plain = await started('allowAll')
    children.push(plain.child)
    const own = await started('ours', `http://127.0.0.1:${cluster.port}`)
    children.push(own.child)
    const ask = async (count: number) => {
      const times = questions.map(() => ({ plain: [] as number[], own: [] as number[] }))
      for (let done = 0; done < count; done += block)
        for (const [which, { path, body }] of questions.entries())
          for (const [whose, { port, secret }] of [
            ['plain', plain],
            ['own', own],
          ] as const)
            for (let index = 0; index < block; index += 1)
              times[which]?.[whose].push(await took(agent, port, `${path}/${secret}`, body))
      return times
    }
    await ask(warmUp)
    const taken: Awaited<ReturnType<typeof ask>>[] = []
    for (let round = 0; round < rounds; round += 1) taken.push(await ask(reviews))
    for (const [which, { name }] of questions.entries()) {
      const column = (part: 'p50' | 'p99'): string => {
        const pairs = taken
          .map((times) => times[which] ?? { plain: [], own: [] })
          .map(({ plain, own }) => ({ base: quantilesOf(plain)[part], mine: quantilesOf(own)[part] }))
          .toSorted((one, other) => one.mine / one.base - other.mine / other.base)
        const { base, mine } = pairs[Math.floor(rounds / 2)] ?? { base: Number.NaN, mine: Number.NaN }
        const ratios = pairs.map((pair) => (pair.mine / pair.base).toFixed(1))
        return `${part} ${mine.toFixed(2)} / ${base.toFixed(2)} ms (${ratios.join(' ')})`
      }
      console.log(`${name.padEnd(24)} ${column('p50')}   ${column('p99')}`)
    }
    console.log(
      `(the middle of ${rounds} rounds of ${reviews} reviews each: ours / one that lets everything in, and the quotients of all rounds)`,
    )
  } finally {
    agent.destroy()
    for (const child of children) child.kill()
    cluster.close()
  }
}

const [part, argument = ''] = process.argv.slice(2)
const run = part === undefined ? undefined : parts[part]
if (run === undefined) await main()
else process.send?.(await run(argument))
