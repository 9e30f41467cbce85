// What one pod may put into the trail that all share: chains, and calls without a result.

import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'vitest'
import { openMetrics } from '../../collector/metrics.ts'
import { anIntent, aRefusal, aResult } from '../core/records.ts'
import { verifies } from '../verifies.ts'
import { anEmbeddedStore, aPod, aTrail, Process, reasonOf, registryIn } from './a-trail.ts'

verifies(
  'audit:collector-bounds',
  'a pod begins a hundred chains within ten minutes and no more, also by another collector; another pod is not held up',
  async () => {
    const store = await anEmbeddedStore()
    const clock = { now: 1_790_000_000_000 }
    const trail = await aTrail(store, clock)
    const pod = aPod()
    const begun: Process[] = []
    for (let i = 0; i < 100; i += 1) {
      clock.now += 1_000
      begun.push(new Process(trail, pod))
      await begun.at(-1)?.begin()
    }
    const registered = async () =>
      (await registryIn(store)).filter(({ kind }) => kind === 'registered').length

    expect(await reasonOf(new Process(trail, pod).begin())).toBe('too-many-chains')
    // By the log, and not by what one process remembers.
    expect(await reasonOf(new Process(await aTrail(store, clock), pod).begin())).toBe('too-many-chains')
    expect(await registered()).toBe(100)
    // An answer that was lost is given again: that is no further chain.
    expect(await begun.at(-1)?.begin()).toMatchObject({ restart: 99 })
    expect(await new Process(trail, aPod()).begin()).toMatchObject({ restart: 0 })
    // The first of them is ten minutes old.
    clock.now += 502_000
    expect(await new Process(trail, pod).begin()).toMatchObject({ restart: 100 })
  },
  60_000,
)

verifies('audit:collector-bounds', 'of one pod sixteen requests for a chain wait at a time', async () => {
  const trail = await aTrail(await anEmbeddedStore())
  const pod = aPod()
  const asked = Array.from({ length: 18 }, async () => await reasonOf(new Process(trail, pod).begin()))
  expect((await Promise.all(asked)).filter((one) => one === 'busy')).toHaveLength(2)
  expect(await new Process(trail, pod).begin()).toMatchObject({ restart: 16 })
})

verifies(
  'audit:collector-bounds',
  'a chain of ten thousand calls without a result takes their results and no further call',
  async () => {
    const trail = await aTrail(await anEmbeddedStore())
    const process = await Process.started(trail)
    for (let i = 0; i < 10; i += 1)
      await process.write(...Array.from({ length: 1000 }, (_, k) => anIntent(`c${i * 1000 + k}`)))

    expect(await reasonOf(process.write(anIntent('more')))).toBe('too-many-open')
    process.records.pop()
    await process.write(aRefusal('more'), aResult('c7'))
    expect(await process.write(anIntent('more'))).toBe(10_004)
  },
)

verifies(
  'audit:collector-bounds',
  'what is refused is counted by reason and server, and what is held is told',
  async () => {
    const metrics = openMetrics()
    metrics.watchBodies({ bytes: 7 })
    metrics.turnedAway('too-much-at-once', { role: 'sidecar', ...aPod() })
    metrics.turnedAway('no-certificate', undefined)
    const server = createServer((request, response) => metrics.answer(request, response)).listen(0)
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const lines = (await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()).split('\n')
    server.closeAllConnections()
    server.close()

    expect(lines).toContain(
      'hipaa_mcp_collector_refusals_total{reason="too-much-at-once",namespace="clinic",server="ehr"} 1',
    )
    expect(lines).toContain('hipaa_mcp_collector_refusals_total{reason="no-certificate"} 1')
    expect(lines).toContain('hipaa_mcp_collector_body_bytes 7')
  },
)
