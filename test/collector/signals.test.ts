import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Rule, type Seen, Signals } from '../../collector/signals.ts'
import { anIntent, anOrders, aPatient, aResult, at, aWho } from '../core/records.ts'
import { verifies } from '../verifies.ts'
import { anEmbeddedStore, aTrail, Process, registryIn } from './a-trail.ts'

const start = 1_790_000_000_000
const rule: Rule = { distinctPatients: 3, perSeconds: 3600 }
const seen = (said: Partial<Seen> & { numbers: number[]; minute?: number }): Seen => ({
  namespace: 'clinic',
  server: 'ehr',
  person: 'iss|sub',
  patients: said.numbers.map(aPatient),
  time: start + (said.minute ?? 0) * 60_000,
  rules: [rule],
  ...said,
})

verifies('breach:signal', 'one patient more than the rule allows raises it, once', () => {
  const signals = new Signals()

  expect(signals.see(seen({ numbers: [1, 2] }))).toEqual([])
  expect(signals.see(seen({ numbers: [2, 3], minute: 10 }))).toEqual([])
  expect(signals.see(seen({ numbers: [4], minute: 20 }))).toEqual([
    {
      namespace: 'clinic',
      server: 'ehr',
      rule: 'distinct-patients',
      person: 'iss|sub',
      distinctPatients: 4,
      perSeconds: 3600,
      firstSeen: at(start + 20 * 60_000),
      lastSeen: at(start + 20 * 60_000),
    },
  ])
  expect(signals.see(seen({ numbers: [5], minute: 30 }))).toEqual([])
  expect(signals.list()).toMatchObject([{ distinctPatients: 5, lastSeen: at(start + 30 * 60_000) }])
})

verifies('breach:signal', 'the same patients over and over raise nothing', () => {
  const signals = new Signals()
  for (let minute = 0; minute < 600; minute++) signals.see(seen({ numbers: [1, 2, 3], minute }))

  expect(signals.list()).toEqual([])
})

verifies('breach:signal', 'the window slides: patients seen longer ago do not count', () => {
  const signals = new Signals()
  for (let i = 0; i < 20; i++) signals.see(seen({ numbers: [i], minute: i * 25 }))
  expect(signals.list()).toEqual([])

  for (let i = 100; i < 104; i++) signals.see(seen({ numbers: [i], minute: 1000 + i / 10 }))
  expect(signals.list()).toHaveLength(1)
  // After a quiet time it is another signal.
  for (let i = 200; i < 204; i++) signals.see(seen({ numbers: [i], minute: 1300 + i / 10 }))
  expect(signals.list()).toHaveLength(2)
})

test('persons, servers and issuers are apart', () => {
  const signals = new Signals()
  signals.see(seen({ numbers: [1, 2] }))
  signals.see(seen({ numbers: [3, 4], person: 'other|sub' }))
  signals.see(seen({ numbers: [5, 6], server: 'lab' }))
  signals.see(seen({ numbers: [7, 8], namespace: 'ward' }))

  expect(signals.list()).toEqual([])
})

test('a record that comes late counts within the window of the newest, and not beyond', () => {
  const signals = new Signals()
  signals.see(seen({ numbers: [1, 2], minute: 100 }))
  signals.see(seen({ numbers: [3, 4], minute: 30 }))
  expect(signals.list()).toEqual([])
  signals.see(seen({ numbers: [5, 6], minute: 50 }))
  expect(signals.list()).toHaveLength(1)
})

test('each rule has its own count', () => {
  const rules = [rule, { distinctPatients: 1, perSeconds: 60 }]
  const signals = new Signals()
  signals.see(seen({ numbers: [1], minute: 0, rules }))
  signals.see(seen({ numbers: [2], minute: 5, rules }))
  expect(signals.list()).toEqual([])
  signals.see(seen({ numbers: [3], minute: 5.5, rules }))
  expect(signals.list()).toMatchObject([{ perSeconds: 60, distinctPatients: 2 }])
})

test('it agrees with counting over all that was ever seen, while records come in order', () => {
  const events = fc.array(fc.tuple(fc.nat({ max: 12 }), fc.nat({ max: 30 })), { maxLength: 60 })
  fc.assert(
    fc.property(events, (steps) => {
      const signals = new Signals()
      const history: { patient: number; minute: number }[] = []
      let minute = 0
      for (const [patient, wait] of steps) {
        minute += wait
        history.push({ patient, minute })
        const before = signals.list().length
        const raised = signals.see(seen({ numbers: [patient], minute }))
        const now = minute
        const count = new Set(history.filter((e) => e.minute > now - 60).map((e) => e.patient)).size
        if (raised.length > 0) expect(count).toBeGreaterThan(3)
        if (count > 3) {
          const newest = signals.list().at(-1)
          expect(newest?.lastSeen).toBe(at(start + now * 60_000))
          expect(signals.list().length).toBeGreaterThanOrEqual(Math.max(1, before))
        }
      }
    }),
  )
})

test('memory is bounded by patients per person and by persons', () => {
  const signals = new Signals()
  const before = process.memoryUsage().heapUsed
  for (let i = 0; i < 60_000; i++) signals.see(seen({ numbers: [i], person: `iss|${i}` }))
  for (let i = 0; i < 60; i++)
    signals.see(seen({ numbers: Array.from({ length: 1000 }, (_, j) => i * 1000 + j), minute: 1 }))

  expect(process.memoryUsage().heapUsed - before).toBeLessThan(60_000_000)
  expect(signals.list()[0]?.distinctPatients).toBeLessThanOrEqual(10_000)
})

verifies(
  'breach:signal',
  'a run over many patients through two pods, then a collector that starts anew',
  async () => {
    const store = await anEmbeddedStore()
    const clock = { now: start }
    const trail = await aTrail(store, clock)
    const pods = [await Process.started(trail), await Process.started(trail)] as const
    for (const process of pods)
      await process.write(anOrders({ breach: [{ distinctPatients: 10, perSeconds: 3600 }] }))
    const who = aWho({ sub: 'biller-7' })
    const see = async (process: Process, number: number): Promise<void> => {
      const time = at(start + number * 1000)
      await process.write(
        anIntent(`c${number}`, { who, at: time }),
        aResult(`c${number}`, { patients: [aPatient(number)], at: time }),
      )
    }
    for (let i = 0; i < 10; i++) await see(pods[i % 2] as Process, i)
    expect(trail.signals()).toEqual([])

    await see(pods[0], 10)
    await trail.sweep()

    const expected = {
      server: 'ehr',
      rule: 'distinct-patients',
      person: 'https://id.example.test|biller-7',
      distinctPatients: 11,
    }
    expect(trail.signals()).toMatchObject([expected])
    expect((await registryIn(store)).filter(({ kind }) => kind === 'signal')).toMatchObject([expected])

    clock.now += 60_000
    const anew = await aTrail(store, clock)
    for (const process of pods) process.trail = anew
    expect(anew.signals()).toMatchObject([expected])
    await see(pods[1], 11)
    await anew.sweep()
    expect(anew.signals()).toMatchObject([{ ...expected, distinctPatients: 12 }])
    expect((await registryIn(store)).filter(({ kind }) => kind === 'signal')).toHaveLength(1)
  },
)

test('no patient token stands in a signal', async () => {
  const signals = new Signals()
  signals.see(seen({ numbers: [1, 2, 3, 4, 5] }))

  expect(JSON.stringify(signals.list())).not.toContain(aPatient(1).token.slice(0, 8))
})
