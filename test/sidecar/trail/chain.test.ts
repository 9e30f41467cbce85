// One chain: order, one commit at a time, deadlines, and what stays in the chain when nobody waits any more.

import { generateKeyPairSync } from 'node:crypto'
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises'
import fc from 'fast-check'
import { expect, onTestFinished, test, vi } from 'vitest'
import { verifyNote } from '../../../core/checkpoint.ts'
import { leafHash, rootOf } from '../../../core/merkle.ts'
import { type AuditRecord, parseRecord } from '../../../core/record.ts'
import { Chain, type Limits } from '../../../sidecar/trail/chain.ts'
import { ChainOver, type Home } from '../../../sidecar/trail/home.ts'
import { Pace } from '../../../sidecar/trail/pace.ts'
import type { Pressure } from '../../../sidecar/trail/pressure.ts'
import { verifies } from '../../verifies.ts'
import { until } from '../installation.ts'
import { aCounted, anIntent, aRefusal, aResult, theOrders } from './entries.ts'

const { privateKey: key, publicKey } = generateKeyPairSync('ed25519')
const origin = 'hipaa-mcp.dev/clinic/ehr/pod-uid-1/0'

/** Longer than a busy machine keeps anybody waiting. */
const patient = { deadline: 60_000 }

type Behaviour = 'commits' | 'fails' | 'hangs' | 'loses the answer' | 'is over'

/** A home in memory. It fails the test when the same place is ever offered two records. */
class MemoryHome implements Home {
  behaviour: Behaviour = 'commits'
  readonly places: string[] = []
  committed = 0
  readonly commits: { from: number; count: number }[] = []
  /** When each commit began, steady, milliseconds. */
  readonly began: number[] = []
  /** Commits that were handed to the system, as a request of Node's is: in a turn of `process.nextTick`. */
  handed = 0
  inFlight = 0
  most = 0
  #release: (() => void)[] = []

  async commit(from: number, records: readonly Buffer[]): Promise<void> {
    this.inFlight += 1
    this.most = Math.max(this.most, this.inFlight)
    this.commits.push({ from, count: records.length })
    this.began.push(performance.now())
    process.nextTick(() => {
      this.handed += 1
    })
    try {
      for (const [i, record] of records.entries()) {
        const before = this.places[from + i]
        if (before !== undefined && before !== String(record)) throw new ChainOver('chain-forked')
        this.places[from + i] = String(record)
      }
      if (this.behaviour === 'hangs') await new Promise<void>((resolve) => this.#release.push(resolve))
      else await sleep(1)
      if (this.behaviour === 'is over') throw new ChainOver('chain-forked')
      if (this.behaviour === 'fails') throw new Error('away')
      this.committed = Math.max(this.committed, from + records.length)
      if (this.behaviour === 'loses the answer') throw new Error('reset')
    } finally {
      this.inFlight -= 1
    }
  }
  release(): void {
    this.behaviour = 'commits'
    for (const resolve of this.#release.splice(0)) resolve()
  }
  witness = async (): Promise<void> => await Promise.resolve()
  trouble = (): string | undefined => undefined
  pressed: Pressure | undefined
  pressure = (): Pressure | undefined => this.pressed
  witnessed = (): number => 0
  close = async (): Promise<void> => await Promise.resolve()

  get records(): AuditRecord[] {
    return this.places.slice(0, this.committed).map((text) => parseRecord(Buffer.from(text)))
  }
}

function aChain(limits: Partial<Limits> = {}) {
  const home = new MemoryHome()
  const over: ChainOver[] = []
  const chain = new Chain({
    origin,
    key,
    home,
    acknowledge: 'Stream',
    version: '1',
    onOver: (why) => over.push(why),
    limits: { deadline: 200, ...limits },
  })
  return { chain, home, over }
}

/** `acknowledged`, or why not. */
const outcome = async (promise: Promise<void>): Promise<string> =>
  await promise.then(
    () => 'acknowledged',
    (error: { reason?: string; message: string }) => error.reason ?? error.message,
  )
const kinds = (home: MemoryHome) => home.records.map(({ kind }) => kind)

test('the next commit is on its way before those go on whom the one before kept', async () => {
  const { chain, home } = aChain(patient)
  home.behaviour = 'hangs'
  const first = chain.intend(anIntent('a'))
  await vi.waitFor(() => expect(home.commits).toHaveLength(1))
  const second = chain.intend(anIntent('b'))
  const begun = first.then(() => home.handed)
  home.release()

  expect(await begun).toBe(2)
  await second
  expect(home.most).toBe(1)
})

verifies(
  'audit:no-record-no-service',
  'a commit that ends the chain at once takes nothing back of the one before',
  async () => {
    const { chain, home } = aChain(patient)
    home.behaviour = 'hangs'
    const first = chain.intend(anIntent('a'))
    await vi.waitFor(() => expect(home.commits).toHaveLength(1))
    const second = outcome(chain.intend(anIntent('b')))
    vi.spyOn(home, 'commit').mockRejectedValue(new ChainOver('chain-forked'))
    home.release()

    expect(await outcome(first)).toBe('acknowledged')
    expect(await second).toBe('chain-forked')
    expect(await outcome(chain.intend(anIntent('c')))).toBe('chain-forked')
  },
)

test('a chain begins with chain-started, and records follow in the order in which they came', async () => {
  const { chain, home } = aChain()
  chain.start('Production')
  await chain.note(theOrders())
  await Promise.all([chain.intend(anIntent('a')), chain.settle(aResult('a')), chain.refuse(aRefusal('b'))])

  expect(kinds(home)).toEqual(['chain-started', 'orders', 'intent', 'result', 'refusal'])
  expect(home.records[0]).toMatchObject({
    origin,
    profile: 'Production',
    acknowledge: 'Stream',
    version: '1',
  })
})

test('one commit is in flight; what one turn of the event loop brings, and what arrives meanwhile, goes together', async () => {
  const { chain, home } = aChain(patient)
  home.behaviour = 'hangs'
  const intended = (from: number) =>
    Array.from({ length: 50 }, async (_, i) => await chain.intend(anIntent(`c${from + i}`)))
  const first = intended(0)
  // Later, and in the same turn: as calls do whose bytes came together.
  for (let i = 0; i < 20; i++) await Promise.resolve()
  first.push(...intended(50))
  await until('the first commit', () => home.commits.length === 1, patient.deadline)
  const meanwhile = [...intended(100), ...(await turn().then(() => intended(150)))]
  home.release()
  await Promise.all([...first, ...meanwhile])

  expect(home.most).toBe(1)
  // `chain-started` stands before the first.
  expect(home.commits).toEqual([
    { from: 0, count: 101 },
    { from: 101, count: 100 },
  ])
})

test('each commit begins when Pace says, and Pace hears of each', async () => {
  vi.spyOn(Pace.prototype, 'wait').mockReturnValue(40)
  const heard = vi.spyOn(Pace.prototype, 'began')
  onTestFinished(() => void vi.restoreAllMocks())
  const { chain, home } = aChain(patient)

  for (let round = 0; round < 5; round += 1) await chain.note(aCounted())

  const apart = home.began.slice(1).map((at, i) => at - (home.began[i] as number))
  // Timers count whole milliseconds. A busy machine only makes it more.
  expect(Math.min(...apart)).toBeGreaterThan(38)
  expect(heard.mock.calls.map(([, records]) => records)).toEqual(home.commits.map(({ count }) => count))
})

verifies('audit:no-record-no-service', 'nobody is told before the home has it', async () => {
  const { chain, home } = aChain(patient)
  home.behaviour = 'hangs'
  let told = false
  const intended = chain.intend(anIntent('a')).then(() => (told = true))
  await sleep(30)
  expect(told).toBe(false)

  home.release()
  await intended
})

verifies(
  'audit:no-record-no-service',
  'an intent that waits too long is refused, and the next ones at once',
  async () => {
    const { chain, home } = aChain()
    home.behaviour = 'fails'

    expect(await outcome(chain.intend(anIntent('a')))).toBe('trail-late')
    const began = performance.now()
    expect(await outcome(chain.intend(anIntent('b')))).toBe('trail-late')
    expect(performance.now() - began).toBeLessThan(50)
    expect(chain.trouble()).toBe('trail-late')

    home.behaviour = 'commits'
    await until('the trail is well again', () => chain.trouble() === undefined)
    expect(await outcome(chain.intend(anIntent('c')))).toBe('acknowledged')
  },
)

test('what was handed over keeps its place; an intent that was not is taken back, a result stays', async () => {
  const { chain, home } = aChain()
  chain.start('Development')
  await chain.note(theOrders())
  home.behaviour = 'hangs'
  const sent = outcome(chain.intend(anIntent('sent')))
  await sleep(5)
  const waiting = [
    chain.intend(anIntent('waiting')),
    chain.settle(aResult('earlier')),
    chain.note(aCounted()),
  ]

  expect(await Promise.all([sent, ...waiting.map(outcome)])).toEqual(Array(4).fill('trail-late'))
  home.release()

  // Its caller was refused, so the call that was recorded did not run: the trail says so itself.
  await until('everything is committed', () => home.committed === 5)
  expect(home.records.slice(2)).toMatchObject([
    { kind: 'intent', call: 'sent' },
    { kind: 'result', call: 'earlier' },
    { kind: 'result', call: 'sent', outcome: 'error', bytes: 0 },
  ])
})

test('results have room where no new call begins', async () => {
  const { chain, home } = aChain({ soft: 2_000, hard: 100_000, deadline: 2_000 })
  home.behaviour = 'hangs'
  const intents = Array.from({ length: 10 }, async (_, i) => await outcome(chain.intend(anIntent(`c${i}`))))
  const result = outcome(chain.settle(aResult('c0')))
  home.release()

  const told = await Promise.all(intents)
  expect(told).toContain('trail-full')
  expect(told).toContain('acknowledged')
  expect(await result).toBe('acknowledged')
})

verifies(
  'audit:back-pressure',
  'Stream: a backlog warns at half of what may wait, and refuses new calls when that waits',
  async () => {
    const { chain, home } = aChain({ soft: 4_000, hard: 100_000, deadline: 10_000 })
    home.behaviour = 'hangs'
    const told: Promise<string>[] = []
    const steps: string[] = []
    for (let i = 0; i < 20; i += 1) {
      told.push(outcome(chain.intend(anIntent(`c${i}`))))
      const { step, reason } = chain.pressure() ?? {}
      steps.push(`${step} ${reason}`)
    }
    const began = performance.now()
    expect(await outcome(chain.intend(anIntent('one more')))).toBe('trail-full')
    expect(performance.now() - began).toBeLessThan(100)
    expect([...new Set(steps)]).toEqual(['undefined undefined', 'warn trail-full', 'refuse trail-full'])

    home.release()
    const outcomes = await Promise.all(told)
    await until('it is well again', () => chain.pressure() === undefined)
    // Whoever was not refused is in the chain, each once.
    const kept = home.records.flatMap((one) => (one.kind === 'intent' ? [one.call] : []))
    expect(kept).toEqual(outcomes.flatMap((one, i) => (one === 'acknowledged' ? [`c${i}`] : [])))
  },
)

verifies('audit:back-pressure', 'Stream: a commit that takes long warns, then refuses at once', async () => {
  const { chain, home } = aChain({ deadline: 400 })
  home.behaviour = 'hangs'
  const first = outcome(chain.intend(anIntent('a')))
  await until('it warns', () => chain.pressure()?.step === 'warn')
  expect(chain.pressure()).toEqual({ step: 'warn', reason: 'trail-late' })
  await until('it refuses', () => chain.pressure()?.step === 'refuse')
  expect(await first).toBe('trail-late')
  home.release()
})

verifies('audit:back-pressure', 'a home under pressure: nothing begins, what runs is recorded', async () => {
  const { chain, home } = aChain()
  await chain.intend(anIntent('runs'))
  home.pressed = { step: 'warn', reason: 'collector-behind' }
  await chain.intend(anIntent('still-taken'))
  home.pressed = { step: 'refuse', reason: 'collector-behind' }

  expect(await outcome(chain.intend(anIntent('new')))).toBe('collector-behind')
  expect(await outcome(chain.settle(aResult('runs')))).toBe('acknowledged')
  expect(await outcome(chain.refuse(aRefusal('new')))).toBe('acknowledged')
  expect(chain.pressure()).toEqual({ step: 'refuse', reason: 'collector-behind' })
})

test('beyond the hard limit nothing is taken', async () => {
  const { chain, home } = aChain({ soft: 500, hard: 1_000 })
  home.behaviour = 'hangs'
  const results = Array.from({ length: 10 }, async (_, i) => await outcome(chain.settle(aResult(`c${i}`))))
  home.release()

  expect(await Promise.all(results)).toContain('trail-full')
})

test('a chain that is over rejects everybody and says so once', async () => {
  const { chain, home, over } = aChain()
  home.behaviour = 'is over'

  expect(await Promise.all([chain.intend(anIntent('a')), chain.settle(aResult('b'))].map(outcome))).toEqual([
    'chain-forked',
    'chain-forked',
  ])
  expect(await outcome(chain.intend(anIntent('c')))).toBe('chain-forked')
  expect(chain.trouble()).toBe('chain-forked')
  expect(over.map(({ reason }) => reason)).toEqual(['chain-forked'])
})

test('a malformed record is refused and blocks nothing behind it', async () => {
  const { chain, home } = aChain()
  const malformed = { ...anIntent('a'), purpose: undefined as unknown as string }

  expect(await outcome(chain.intend(malformed))).toMatch(/malformed/)
  expect(await outcome(chain.intend({ ...anIntent('b'), arguments: 'Ada Example' }))).toMatch(/malformed/)
  expect(await outcome(chain.intend(anIntent('c')))).toBe('acknowledged')
  expect(kinds(home)).toEqual(['chain-started', 'intent'])
})

test('a record that is too large is refused and blocks nothing behind it', async () => {
  const { chain } = aChain()
  expect(await outcome(chain.refuse({ ...aRefusal('a'), peer: 'p'.repeat(70_000) }))).toMatch(/larger/)
  expect(await outcome(chain.refuse(aRefusal('b')))).toBe('acknowledged')
})

test('a chain closes with the calls that are open, and takes nothing after', async () => {
  const { chain, home } = aChain()
  await Promise.all([
    chain.intend(anIntent('open')),
    chain.intend(anIntent('done')),
    chain.settle(aResult('done')),
  ])

  await chain.close()

  expect(home.records.at(-1)).toMatchObject({ kind: 'chain-closed', open: ['open'] })
  expect(await outcome(chain.refuse(aRefusal('late')))).toBe('trail-closed')
})

verifies('integrity:chain', 'a checkpoint covers exactly the acknowledged records', async () => {
  const { chain, home } = aChain()
  await Promise.all(Array.from({ length: 20 }, async (_, i) => await chain.intend(anIntent(`c${i}`))))

  const note = chain.checkpoint()

  expect(verifyNote(note, { name: origin, kind: 'ed25519', key: publicKey })).toBeDefined()
  const root = rootOf(home.places.map((text) => leafHash(Buffer.from(text)))).toString('base64')
  expect(note.split('\n').slice(0, 3)).toEqual([origin, '21', root])
})

verifies(
  'audit:no-record-no-service',
  'whatever the home does, an acknowledged record is in it, once, at one place',
  async () => {
    const step = fc.record({
      behaviour: fc.constantFrom<Behaviour>('commits', 'fails', 'loses the answer', 'commits'),
      calls: fc.integer({ min: 0, max: 4 }),
      wait: fc.integer({ min: 0, max: 4 }),
    })
    let runs = 0
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8 }), async (steps) => {
        const { chain, home, over } = aChain({ deadline: 1_000 })
        runs += 1
        const acknowledged: string[] = []
        const calls: Promise<unknown>[] = []
        for (const [at, { behaviour, calls: count, wait }] of steps.entries()) {
          home.behaviour = behaviour
          for (let i = 0; i < count; i += 1) {
            const call = `${at}-${i}`
            calls.push(chain.intend(anIntent(call)).then(() => acknowledged.push(call)))
          }
          await sleep(wait)
        }
        home.behaviour = 'commits'
        await Promise.all(calls)

        expect(over).toEqual([])
        const seen = home.records.flatMap((record) => (record.kind === 'intent' ? [record.call] : []))
        expect(new Set(seen).size).toBe(seen.length)
        expect(acknowledged.filter((call) => !seen.includes(call))).toEqual([])
      }),
      { numRuns: 15 },
    )
    expect(runs).toBeGreaterThan(0)
  },
)

verifies(
  'audit:back-pressure',
  'a chain with as many open calls as it may have takes no further one until a result comes',
  async () => {
    const { chain } = aChain({ ...patient, open: 2 })
    await chain.intend(anIntent('a'))
    await chain.intend(anIntent('b'))
    expect(await outcome(chain.intend(anIntent('c')))).toBe('too-many-open')
    expect(chain.pressure()).toEqual({ step: 'refuse', reason: 'too-many-open' })
    expect(await outcome(chain.refuse(aRefusal('c')))).toBe('acknowledged')

    await chain.settle(aResult('a'))
    expect(chain.pressure()).toBeUndefined()
    expect(await outcome(chain.intend(anIntent('c')))).toBe('acknowledged')
  },
)

verifies(
  'audit:back-pressure',
  'calls whose results had no room end the chain when they are half of what may be open, once all else is recorded',
  async () => {
    const { chain, home, over } = aChain({ ...patient, hard: 1, open: 8 })
    const calls = Array.from({ length: 6 }, (_, i) => `c${i}`)
    for (const call of calls) await chain.intend(anIntent(call))
    home.behaviour = 'hangs'
    const settled = calls.map(async (call) => await outcome(chain.settle(aResult(call))))
    await turn()
    expect(over).toEqual([])
    expect(await outcome(chain.intend(anIntent('new')))).toBe('too-many-open')
    expect(chain.pressure()).toEqual({ step: 'refuse', reason: 'too-many-open' })

    home.release()
    const told = await Promise.all(settled)
    await until('the end of the chain', () => over.length > 0)

    expect(told).toEqual(['acknowledged', ...Array.from({ length: 5 }, () => 'trail-full')])
    expect(kinds(home).filter((kind) => kind === 'result')).toHaveLength(1)
    expect(over.map(({ reason }) => reason)).toEqual(['too-many-open'])
    expect(chain.trouble()).toBe('too-many-open')
  },
)

test('a call whose result has room at the second try is not lost', async () => {
  const { chain, home, over } = aChain({ ...patient, hard: 1, open: 12 })
  for (let outage = 0; outage < 2; outage += 1) {
    const calls = Array.from({ length: 6 }, (_, i) => `c${outage}-${i}`)
    for (const call of calls) await chain.intend(anIntent(call))
    home.behaviour = 'hangs'
    const settled = calls.map(async (call) => await outcome(chain.settle(aResult(call))))
    await turn()
    home.release()
    expect((await Promise.all(settled)).filter((told) => told === 'trail-full')).toHaveLength(5)
    for (const call of calls.slice(1)) await chain.settle(aResult(call))
  }
  expect(over).toEqual([])
  expect(await outcome(chain.intend(anIntent('next')))).toBe('acknowledged')
})
