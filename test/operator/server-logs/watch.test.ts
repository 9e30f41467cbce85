// The operator's look at servers' own logs, over a scripted API server.

import { afterEach, expect } from 'vitest'
import type { HipaaMcpServer } from '../../../crds/hipaamcpserver.generated.ts'
import { watchLogs } from '../../../operator/server-logs/watch.ts'
import { verifies } from '../../verifies.ts'
import { type Answer, quiet, type Scripted, scriptedApi } from '../cluster/scripted-api.ts'
import { aGuardedPod, aServer, aWorld, now as start } from '../world.ts'

let api: Scripted | undefined
afterEach(async () => {
  await api?.close()
  api = undefined
})

type Workload = HipaaMcpServer['spec']['workload']

/** A pod of one container whose log is `lines`, and a clock that the test moves. */
async function watched(answer: Answer, workload: Partial<Workload> = {}, restarts = () => 0) {
  const pod = aGuardedPod('ehr-1')
  const server = aServer({ workload: { port: 8080, path: '/mcp', ...workload } })
  const { world } = aWorld({
    servers: [server],
    pods: [
      {
        ...pod,
        spec: { ...pod.spec, containers: [{ name: 'ehr' }] },
        status: {
          ...pod.status,
          get containerStatuses() {
            return [{ name: 'ehr', restartCount: restarts() }]
          },
        },
      },
    ],
  })
  api = await scriptedApi(answer)
  const changed: string[][] = []
  let time = start
  const logs = watchLogs({
    world,
    client: api.client,
    onChange: (servers) => changed.push(servers),
    log: quiet,
    now: () => time,
  })
  return { logs, changed, api, later: (ms: number) => (time += ms) }
}

const stamped = (at: number, text: string): string => `${new Date(at).toISOString()} ${text}\n`
const text =
  (...lines: string[]): Answer =>
  (_, response) =>
    response.writeHead(200, { 'content-type': 'text/plain' }).end(lines.join(''))

verifies('transmission:server-logs', 'a line with an MRN: by kind, once, and for an hour', async () => {
  const { logs, changed, later } = await watched(text(stamped(start - 5_000, 'found MRN-00481516')))
  expect(logs.of('clinic/ehr')).toBeUndefined()

  await logs.look()
  later(15_000)
  // The API server gives the same line again: it reads whole seconds.
  await logs.look()

  expect(logs.of('clinic/ehr')).toEqual({ found: ['mrn'], thrownAway: [], unread: false })
  expect(logs.counts()).toMatchObject([{ server: 'clinic/ehr', found: { mrn: 1, ssn: 0, email: 0 } }])
  expect(changed).toEqual([['clinic/ehr']])
  expect(JSON.stringify([logs.of('clinic/ehr'), logs.counts(), changed])).not.toContain('00481516')

  later(3_600_001)
  await logs.look()
  expect(logs.of('clinic/ehr')?.found).toEqual([])
  expect(changed).toHaveLength(2)
})

verifies(
  'transmission:server-logs',
  'the app’s own container is read, within its budget, from where it was',
  async () => {
    const long = stamped(start - 1_000, 'x'.repeat(1_200))
    const { logs, api, later } = await watched(
      (request, response, url) =>
        text(long.slice(0, Number(url.searchParams.get('limitBytes'))))(request, response, url),
      { logs: { bytesPerMinute: 4_096 } },
    )

    await logs.look()
    later(15_000)
    await logs.look()

    const asked = api.requests.map((request) => new URL(request.split(' ')[1] ?? '', 'http://api'))
    expect(asked.map(({ pathname }) => pathname)).toEqual(
      Array.from({ length: 2 }, () => '/api/v1/namespaces/clinic/pods/ehr-1/log'),
    )
    expect(asked.map(({ searchParams }) => searchParams.get('container'))).toEqual(['ehr', 'ehr'])
    expect(asked.map(({ searchParams }) => searchParams.get('limitBytes'))).toEqual(['1024', '1024'])
    // An hour back at first; then, since the budget was used up, from the first look on.
    expect(asked.map(({ searchParams }) => Date.parse(searchParams.get('sinceTime') ?? ''))).toEqual([
      start - 3_600_000,
      start,
    ])
    expect(logs.counts()[0]?.bytes).toBe(2_048)
  },
)

verifies('transmission:server-logs', 'the last words of a container that crashed count', async () => {
  let restarts = 0
  const { logs, api, later } = await watched(
    (request, response, url) =>
      text(
        url.searchParams.has('previous')
          ? stamped(start + 1_000, 'Error: no patient with SSN 219-09-9999')
          : '',
      )(request, response, url),
    {},
    () => restarts,
  )
  await logs.look()
  restarts = 1
  later(15_000)

  await logs.look()

  expect(logs.of('clinic/ehr')?.found).toEqual(['ssn'])
  expect(api.requests.filter((request) => request.includes('previous=true'))).toHaveLength(1)
})

verifies('transmission:server-logs', 'watch: Off reads nothing', async () => {
  const { logs, api } = await watched(text(stamped(start, 'MRN-00481516')), { logs: { watch: 'Off' } })

  await logs.look()

  expect(api.requests).toEqual([])
  expect(logs.of('clinic/ehr')).toBeUndefined()
})

verifies(
  'transmission:server-logs',
  'a right that is missing is told after five minutes, not as a finding',
  async () => {
    const { logs, later } = await watched((_, response) =>
      response
        .writeHead(403, { 'content-type': 'application/json' })
        .end('{"reason":"Forbidden","message":"no"}'),
    )

    await logs.look()
    expect(logs.of('clinic/ehr')).toEqual({ found: [], thrownAway: [], unread: false })
    later(300_001)
    await logs.look()

    expect(logs.of('clinic/ehr')).toEqual({ found: [], thrownAway: [], unread: true })
  },
)

verifies('transmission:server-logs', 'a container that has not started is no fault', async () => {
  const { logs, later } = await watched((_, response) =>
    response
      .writeHead(400, { 'content-type': 'application/json' })
      .end('{"reason":"BadRequest","message":"waiting"}'),
  )
  await logs.look()
  later(300_001)
  await logs.look()

  expect(logs.of('clinic/ehr')?.unread).toBe(false)
})

verifies('stdio:silent', 'what a stdio server wrote and was thrown away is known by kind', async () => {
  const said = JSON.stringify({ program: 'wrapper', lines: 3, bytes: 90, identifiers: { mrn: 2 } })
  const { logs } = await watched(text(stamped(start - 1, said)), { transport: 'Stdio' })

  await logs.look()

  expect(logs.of('clinic/ehr')).toEqual({ found: [], thrownAway: ['mrn'], unread: false })
})
