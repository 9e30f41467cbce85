// By which name, and on behalf of which page, a request may come.

import { connect } from 'node:tls'
import { afterEach, beforeEach, expect } from 'vitest'
import { aCall } from '../../support/message.ts'
import { aPolicy } from '../../support/policy.ts'
import { type Asking, aScene, caller, type Scene } from '../../support/scene.ts'
import { verifies } from '../../verifies.ts'

let scene: Scene
beforeEach(async () => {
  scene = await aScene({ hosts: () => ['ehr.clinic.svc', '127.0.0.1'] })
})
afterEach(async () => {
  expect(scene.faults).toEqual([])
  await scene.end()
})

const chart = 'https://chart.clinic.example.org'
const call = aCall()
const from = (headers: { [name: string]: string }): Asking => ({
  ...call,
  headers: { ...call.headers, ...headers },
})
const reasonOf = ({ status, json }: { status: number; json: Record<string, unknown> }) =>
  status === 200 ? 'served' : (json['error'] as { data: { reason: string } }).data.reason

const hosts: { listed: string[]; host: string; reason: string }[] = [
  { listed: [], host: 'ehr.clinic.svc', reason: 'served' },
  { listed: [], host: 'EHR.Clinic.svc:8443', reason: 'served' },
  { listed: [], host: 'evil.example', reason: 'host-unknown' },
  { listed: [], host: 'ehr.clinic.svc.evil.example', reason: 'host-unknown' },
  { listed: [], host: 'ehr.clinic.svc@evil.example', reason: 'host-unknown' },
  { listed: [], host: 'localhost', reason: 'host-unknown' },
  { listed: ['mcp.clinic.example.org'], host: 'MCP.clinic.example.org', reason: 'served' },
  { listed: ['mcp.clinic.example.org'], host: 'ehr.clinic.svc', reason: 'host-unknown' },
]
for (const { listed, host, reason } of hosts)
  verifies('transmission:sites', `Host ${host}, with ${listed.length} listed: ${reason}`, async () => {
    scene.use(aPolicy({ http: { hosts: listed, origins: [] } }))

    expect(reasonOf(await scene.ask(from({ host })))).toBe(reason)
    expect(scene.upstream.asked).toHaveLength(reason === 'served' ? 1 : 0)
  })

const origins: { listed: string[]; origin: string; reason: string }[] = [
  { listed: [], origin: chart, reason: 'origin-refused' },
  { listed: [], origin: 'https://ehr.clinic.svc', reason: 'origin-refused' },
  { listed: [], origin: 'null', reason: 'origin-refused' },
  { listed: [chart], origin: chart, reason: 'served' },
  { listed: [chart], origin: 'HTTPS://Chart.clinic.example.org', reason: 'served' },
  { listed: [chart], origin: 'http://chart.clinic.example.org', reason: 'origin-refused' },
  { listed: [chart], origin: `${chart}:8443`, reason: 'origin-refused' },
  { listed: [chart], origin: `${chart}.evil.example`, reason: 'origin-refused' },
  { listed: [chart], origin: `${chart}/`, reason: 'origin-refused' },
  { listed: [chart], origin: `${chart}, https://evil.example`, reason: 'origin-refused' },
  { listed: [chart], origin: 'null', reason: 'origin-refused' },
  { listed: [chart], origin: '', reason: 'origin-refused' },
]
for (const { listed, origin, reason } of origins)
  verifies('transmission:sites', `Origin ${origin}, with ${listed.length} listed: ${reason}`, async () => {
    scene.use(aPolicy({ http: { hosts: [], origins: listed } }))

    const reply = await scene.ask(from({ origin }))

    expect(reasonOf(reply)).toBe(reason)
    // Let through is not let read: no page gets leave from us.
    expect(Object.keys(reply.headers).filter((name) => name.startsWith('access-control'))).toEqual([])
    if (reason !== 'served') expect(scene.trail.entries).toMatchObject([{ kind: 'refusal', reason }])
  })

verifies('transmission:sites', 'a page whose name was bound to our address gets nowhere', async () => {
  scene.use(aPolicy({ http: { hosts: [], origins: [chart] } }))
  // What a browser sends: the page's own name as Host, and its own origin, or none at all for the same site.
  for (const headers of [
    { host: `evil.example:${scene.port}`, origin: `https://evil.example:${scene.port}` },
    { host: `evil.example:${scene.port}` },
    { host: '127.0.0.1', origin: 'https://evil.example' },
  ])
    expect(reasonOf(await scene.ask(from(headers)))).toMatch(/^(host-unknown|origin-refused)$/)

  expect(scene.trail.of('refusal')).toHaveLength(3)
  expect(scene.upstream.asked).toEqual([])
})

verifies(
  'transmission:sites',
  'of several faults the one that leaks is told, then the site, then the rest',
  async () => {
    const site = { host: 'evil.example', origin: 'https://evil.example' }
    const asking = { ...from({ ...site, 'content-type': 'text/plain' }), method: 'PUT' }

    expect(reasonOf(await scene.ask({ ...asking, path: '/x?patient=1' }))).toBe('query-in-url')
    expect(reasonOf(await scene.ask({ ...asking, path: '/x' }))).toBe('host-unknown')
    const known = from({ origin: site.origin, 'content-type': 'text/plain' })
    expect(reasonOf(await scene.ask({ ...known, path: '/x', method: 'PUT' }))).toBe('origin-refused')
    expect(reasonOf(await scene.ask({ ...from({}), path: '/x', method: 'PUT' }))).toBe('path-unknown')
    expect(reasonOf(await scene.ask({ ...from({}), method: 'PUT' }))).toBe('method-not-allowed')
  },
)

verifies('transmission:sites', 'two Host headers are none', async () => {
  const socket = connect({
    host: '127.0.0.1',
    port: scene.port,
    ca: scene.serversCa.cert,
    ...(await caller()),
  })
  socket.write(
    'POST /mcp HTTP/1.1\r\nhost: ehr.clinic.svc\r\nhost: evil.example\r\nconnection: close\r\ncontent-length: 0\r\n\r\n',
  )
  for await (const _ of socket);

  expect(scene.trail.of('refusal')).toHaveLength(1)
  expect(scene.trail.of('refusal')[0]?.reason).toMatch(/^(host-unknown|http-malformed)$/)
})
