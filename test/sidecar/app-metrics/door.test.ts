// The app's metrics by way of the sidecar: what is asked of the app, and what becomes of an app that is away or hostile.

import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import type { AppMetrics } from '../../../core/policy.ts'
import { appMetricsDoor } from '../../../sidecar/app-metrics/door.ts'
import { verifies } from '../../verifies.ts'

const open: Server[] = []
afterEach(() => {
  for (const one of open.splice(0)) {
    one.closeAllConnections()
    one.close()
  }
})

async function listening(listener: RequestListener): Promise<number> {
  const server = createServer(listener)
  open.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

const metrics = '# TYPE jobs_total counter\njobs_total 3\nlast{patient="Smith"} 1\n'
const well: RequestListener = (_request, response) => void response.end(metrics)

async function aDoor(app: RequestListener, change: Partial<AppMetrics> = {}) {
  const seen: { outcomes: string[]; dropped: [string, number][]; rule: AppMetrics | undefined } = {
    outcomes: [],
    dropped: [],
    rule: { port: await listening(app), path: '/metrics', names: ['jobs_total'], labels: [], ...change },
  }
  const door = appMetricsDoor({
    rule: () => seen.rule,
    scraped: (outcome) => seen.outcomes.push(outcome),
    dropped: (reason, count) => seen.dropped.push([reason, count]),
  })
  const port = await listening((_request, response) => door(response))
  return {
    seen,
    ask: async () => {
      const response = await fetch(`http://127.0.0.1:${port}/app-metrics`)
      return {
        status: response.status,
        type: response.headers.get('content-type'),
        text: await response.text(),
      }
    },
  }
}

verifies('transmission:app-metrics', 'what is declared is served, and what is not is counted', async () => {
  const { ask, seen } = await aDoor(well)

  expect(await ask()).toEqual({
    status: 200,
    type: 'text/plain; version=0.0.4; charset=utf-8',
    text: '# TYPE jobs_total counter\njobs_total 3\n',
  })
  expect(seen).toMatchObject({ outcomes: ['served'], dropped: [['name-undeclared', 1]] })
})

verifies('transmission:app-metrics', 'nothing is asked or served while none are declared', async () => {
  let asked = 0
  const { ask, seen } = await aDoor((...args) => {
    asked += 1
    well(...args)
  })
  seen.rule = undefined

  expect((await ask()).status).toBe(404)
  expect(asked).toBe(0)
})

test('the app is asked once, however many ask at a time', async () => {
  let asked = 0
  const { ask } = await aDoor((_request, response) => {
    asked += 1
    setTimeout(() => response.end(metrics), 50)
  })

  const answers = await Promise.all(Array.from({ length: 20 }, ask))
  expect(new Set(answers.map(({ text }) => text)).size).toBe(1)
  expect(asked).toBe(1)
})

const secret = 'Mary Smith, MRN 778812'
const faults: [string, RequestListener, string][] = [
  ['says no', (_request, response) => void response.writeHead(500).end(secret), 'not-metrics'],
  [
    'leads elsewhere',
    (_request, response) => void response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(secret),
    'not-metrics',
  ],
  [
    'compresses',
    (_request, response) => void response.writeHead(200, { 'content-encoding': 'gzip' }).end(secret),
    'not-metrics',
  ],
  [
    'answers, and then speaks no HTTP',
    ({ socket }) =>
      void socket.end(`HTTP/1.1 500 x\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n${secret}`),
    'not-metrics',
  ],
  [
    'changes the protocol',
    ({ socket }) => void socket.end('HTTP/1.1 101 x\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'),
    'unreachable',
  ],
  [
    'says two lengths',
    ({ socket }) =>
      void socket.end(`HTTP/1.1 200 x\r\ncontent-length: 22\r\ncontent-length: 2\r\n\r\n${secret}`),
    'unreachable',
  ],
  ['says too much', (_request, response) => void response.end(secret.repeat(60_000)), 'too-large'],
  ['hangs up', (request) => void request.socket.destroy(), 'unreachable'],
  [
    'hangs up amid its answer',
    (_request, response) => {
      response.writeHead(200, { 'content-length': 1_000 })
      response.write(secret)
      setTimeout(() => response.destroy(), 20)
    },
    'unreachable',
  ],
]
for (const [what, app, outcome] of faults)
  verifies('transmission:app-metrics', `an app that ${what} gets no word out`, async () => {
    const { ask, seen } = await aDoor(app)

    const { status, text } = await ask()
    expect(status).toBe(502)
    expect(JSON.parse(text)).toEqual({ says: 'The app gave no metrics', why: outcome })
    expect(seen.outcomes).toEqual([outcome])
  })

test('an app that never ends is given up', async () => {
  const { ask } = await aDoor((_request, response) => void response.write('# '))
  expect(JSON.parse((await ask()).text)).toMatchObject({ why: 'late' })
}, 15_000)
