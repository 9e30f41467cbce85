// What the kubelet waits for before it starts the app.

import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { healthServer } from '../../../sidecar/health.ts'
import { untilReady } from '../../../sidecar/until-ready.ts'
import { verifies } from '../../verifies.ts'

let server: Server | undefined
afterEach(() => {
  server?.closeAllConnections()
  server?.close()
})

async function health(reasons: readonly string[] = []): Promise<{ server: Server; port: number }> {
  server = healthServer({
    reasons: () => reasons,
    locked: () => undefined,
    metrics: (_request, response) => response.end(),
    appMetrics: (response) => response.end(),
    drain: async () => await Promise.resolve(),
    probes: new Map(),
    podIp: '10.1.2.3',
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { server, port: (server.address() as AddressInfo).port }
}

verifies(
  'audit:no-record-no-service',
  'the app waits as long as it is no, and starts no more then',
  async () => {
    const { port } = await health(['no-policy'])
    const began = performance.now()
    expect(await untilReady(port, 300)).toBe(false)
    expect(performance.now() - began).toBeGreaterThan(290)
  },
)

test('the app waits through a no of /readyz, and starts at the moment of the yes', async () => {
  const reasons = ['no-policy']
  const { port } = await health(reasons)
  let yes = Number.NaN
  setTimeout(() => {
    reasons.pop()
    yes = performance.now()
  }, 200)
  expect(await untilReady(port, 30_000)).toBe(true)
  expect(performance.now() - yes).toBeLessThan(800)
})

test('the app waits for a sidecar that does not listen yet, and for none that never does', async () => {
  const { server: late, port } = await health()
  late.close()
  await once(late, 'close')
  expect(await untilReady(port, 200)).toBe(false)

  setTimeout(() => late.listen(port, '127.0.0.1'), 200)
  expect(await untilReady(port, 30_000)).toBe(true)
})
