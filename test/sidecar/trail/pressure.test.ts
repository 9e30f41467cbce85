// Local: what happens step by step while the collector is away for long.

import { execFileSync } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { beginTrail, type RunningTrail, type TrailOptions } from '../../../sidecar/trail/begin.ts'
import { CollectorClient } from '../../../sidecar/trail/collector-client.ts'
import { marksFor, usualMarks } from '../../../sidecar/trail/pressure.ts'
import { verifies } from '../../verifies.ts'
import { aLog, anInstallation, type Heard, type Installation, until } from '../installation.ts'
import { anIntent, aResult } from './entries.ts'

let installation: Installation
beforeAll(async () => {
  installation = await anInstallation()
})
afterAll(async () => await installation.end())

async function begun(folder: string, log: Heard, more: Partial<TrailOptions> = {}): Promise<RunningTrail> {
  const trail = await beginTrail({
    acknowledge: 'Local',
    folder,
    collector: new CollectorClient(await installation.link(), 400),
    version: '1',
    onOver: (why) => expect.unreachable(why.reason),
    log,
    segmentSize: 16 * 1024,
    ...more,
  })
  onTestFinished(async () => {
    installation.collector.faults.set('well')
    await trail.close()
  })
  return trail
}

/** Calls begin and end until one is refused. Returns how many there were, each with both records, and why no more. */
async function callsUntilRefused(trail: RunningTrail, each: (i: number) => void): Promise<[number, string]> {
  for (let i = 0; ; i += 1) {
    try {
      await trail.chain.intend(anIntent(`c${i}`))
    } catch (error) {
      return [i, (error as { reason: string }).reason]
    }
    await trail.chain.settle(aResult(`c${i}`))
    each(i)
  }
}

const kept = async (origin: string, kind: 'intent' | 'result') =>
  (await installation.records(origin)).flatMap((one) => (one.kind === kind ? [one.call] : []))

verifies(
  'audit:back-pressure',
  'Local: a warning, then no new call while what runs goes on, then nothing; afterwards everything is there',
  async () => {
    const log = aLog()
    const marks = {
      warn: { bytes: 20_000, milliseconds: 600_000 },
      refuse: { bytes: 40_000, milliseconds: 600_000 },
      full: { bytes: 60_000 },
    }
    const trail = await begun(installation.folder(), log, { marks })
    await trail.chain.intend(anIntent('runs'))
    installation.collector.faults.set('away')
    const steps: unknown[] = []

    const [count, why] = await callsUntilRefused(trail, () => steps.push(trail.chain.pressure()?.step))

    expect(why).toBe('collector-behind')
    expect([...new Set(steps)]).toEqual([undefined, 'warn', 'refuse'])
    expect(trail.unshipped()).toBeGreaterThan(marks.refuse.bytes)
    const began = performance.now()
    await expect(trail.chain.intend(anIntent('new'))).rejects.toMatchObject({ reason: 'collector-behind' })
    expect(performance.now() - began).toBeLessThan(100)
    // The call that began before is recorded to its end.
    await trail.chain.settle(aResult('runs'))
    await until('the log says so', () => log.lines.some((line) => line.includes('too far behind')))

    installation.collector.faults.set('well')
    await until('it takes calls again', () => trail.chain.pressure() === undefined)
    await trail.chain.intend(anIntent('again'))
    await until('all is shipped', () => trail.unshipped() === 0)
    await until('the log says so', () => log.lines.some((line) => line.includes('has room again')))

    const all = Array.from({ length: count }, (_, i) => `c${i}`)
    expect(await kept(trail.chain.origin, 'intent')).toEqual(['runs', ...all, 'again'])
    expect(await kept(trail.chain.origin, 'result')).toEqual([...all, 'runs'])
  },
)

verifies(
  'audit:back-pressure',
  'Local: what waits for too long refuses too, however little it is',
  async () => {
    const short = { bytes: 1_000_000, milliseconds: 300 }
    const marks = { warn: { ...short, milliseconds: 100 }, refuse: short, full: { bytes: 1_000_000 } }
    const trail = await begun(installation.folder(), aLog(), { marks })
    installation.collector.faults.set('away')
    await trail.chain.intend(anIntent('a'))
    await until('it warns', () => trail.chain.pressure()?.step === 'warn')
    await until('it refuses', () => trail.chain.pressure()?.step === 'refuse')
    await expect(trail.chain.intend(anIntent('b'))).rejects.toMatchObject({ reason: 'collector-behind' })
    // Whatever the clock of the pod says.
    await sleep(10)
    expect(trail.chain.pressure()?.step).toBe('refuse')
  },
)

verifies(
  'audit:back-pressure',
  'Local: a small volume refuses before it is full, so that what runs can be recorded',
  async () => {
    const folder = installation.folder()
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=512k', 'hipaa-mcp-test', folder])
    onTestFinished(() => void execFileSync('umount', ['--lazy', folder]))
    const trail = await begun(folder, aLog())
    installation.collector.faults.set('away')
    await trail.chain.intend(anIntent('runs'))

    const [, why] = await callsUntilRefused(trail, () => undefined)

    expect(why).toBe('collector-behind')
    expect(trail.home.trouble()).not.toBe('disk-full')
    await trail.chain.settle(aResult('runs'))
  },
)

test('a large volume has the usual marks', async () => {
  expect(await marksFor('/')).toEqual(usualMarks)
})
