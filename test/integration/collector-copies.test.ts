// The collector as a process that copies: what was acknowledged reaches the target though it is killed again and again.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, expect } from 'vitest'
import { aFolder } from '../collector/a-trail.ts'
import { aReceiver, logsIn } from '../collector/copies/a-receiver.ts'
import { aCollector, acknowledgedMore, anOperator, endCollectors, Writer } from '../collector/running.ts'
import { verifies } from '../verifies.ts'

const operator = await anOperator()

afterEach(endCollectors)
afterAll(operator.end)

verifies(
  'audit:copies',
  'the collector is killed with -9 under load: every acknowledged record reaches the target, and /copies says so',
  async () => {
    let hung = false
    const receiver = await aReceiver(() => (hung ? 'hangs' : undefined))
    const file = join(aFolder(), 'targets.yaml')
    writeFileSync(file, `- { name: siem, as: otlp, url: ${receiver.url}, ca: ${receiver.ca} }\n`)
    const environment = { HIPAA_MCP_STORE: `embedded:${join(aFolder(), 'store')}`, HIPAA_MCP_COPIES: file }
    let collector = await aCollector(operator, environment)
    await collector.until('ok')
    const writers = [new Writer(operator), new Writer(operator)]
    for (const writer of writers) await writer.follow(collector.port)
    const running = Promise.all(writers.map(async (writer) => await writer.run()))
    for (let kill = 0; kill < 3; kill++) {
      hung = kill === 1
      await acknowledgedMore(writers, 40)
      // A copy is under way, or hangs.
      await sleep(Math.random() * 600)
      await collector.kill('SIGKILL')
      collector = await aCollector(operator, environment)
      await collector.until('ok')
      for (const writer of writers) await writer.follow(collector.port)
    }
    hung = false
    for (const writer of writers) writer.stopped = true
    await running

    const missing = (origin: string, acknowledged: number): number => {
      const copied = new Set(logsIn(receiver.bodies).map(({ uid }) => uid))
      return Array.from({ length: acknowledged }, (_, i) => `${origin}#${i}`).filter(
        (uid) => !copied.has(uid),
      ).length
    }
    for (const { origin, acknowledged } of writers) {
      await expect.poll(() => missing(origin, acknowledged), { timeout: 30_000, interval: 500 }).toBe(0)
    }
    expect(await collector.metrics()).toMatch(/hipaa_mcp_copy_behind\{copy="siem"\} 0/)
    expect(await collector.kill('SIGTERM')).toBe(0)
  },
)
