import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Sending, Told } from '../../../collector/sender.ts'
import { type AuditRecord, parseRecord } from '../../../core/record.ts'
import { registryOrigin } from '../../../core/wire.ts'
import { toldRecords } from '../../cli/a-told-trail.ts'
import { wrong } from '../../core/export/ocsf-judge.ts'
import { aClose, anIntent, aPatient, aRefusal, aResult } from '../../core/records.ts'
import { verifies } from '../../verifies.ts'
import { aFolder, Process, recordsIn } from '../a-trail.ts'
import { aCopiedTrail, type Copied, target } from './a-copied-trail.ts'
import { aReceiver, type Behaviour, eventsIn, logsIn, type Receiver } from './a-receiver.ts'

/** Which records the store holds, as a copy names them. */
async function everyRecord({ trail, store }: Copied): Promise<string[]> {
  const origins = [registryOrigin, ...trail.registry.entries.keys()]
  const counted = await Promise.all(
    origins.map(async (origin) => (await recordsIn(store, origin)).map((_, i) => `${origin}#${i}`)),
  )
  return counted.flat().toSorted()
}

const uids = ({ bodies }: Receiver): string[] => logsIn(bodies).map(({ uid }) => uid)
const caughtUp = async (copied: Copied, receiver: Receiver): Promise<void> =>
  await expect
    .poll(() => [...new Set(uids(receiver))].toSorted(), { timeout: 10_000 })
    .toEqual(await everyRecord(copied))

/** Two pods, their calls, refusals and what is open. */
async function someCalls(copied: Copied): Promise<Process[]> {
  const [one, two] = [await Process.started(copied.trail), await Process.started(copied.trail)]
  const { first, second } = toldRecords()
  await one.write(...first)
  await two.write(...second)
  return [one, two]
}

verifies(
  'audit:copies',
  'OTLP: every record is an event once, those of a chain in order, and says of whom it is',
  async () => {
    const copied = await aCopiedTrail()
    const receiver = await aReceiver()
    copied.copy([target(receiver)])
    const [{ origin, pod }] = (await someCalls(copied)) as [Process]

    await caughtUp(copied, receiver)

    expect(uids(receiver).toSorted()).toEqual(await everyRecord(copied))
    const logs = logsIn(receiver.bodies).filter(({ uid }) => uid.startsWith(`${origin}#`))
    expect(logs.map(({ uid }) => uid)).toEqual(logs.map((_, i) => `${origin}#${i}`))
    const records = (await recordsIn(copied.store, origin)).map((text) => parseRecord(Buffer.from(text)))
    for (const [i, { schema: _, at, kind, ...members }] of records.entries()) {
      const patients = 'patients' in members ? members.patients.map(({ token }) => ({ token })) : undefined
      expect(logs[i]).toMatchObject({
        event: `hipaa-mcp.${kind}`,
        time: `${Date.parse(at)}000000`,
        body: { ...members, ...(patients === undefined ? {} : { patients }) },
        resource: { 'service.name': 'ehr', 'service.namespace': 'clinic', 'k8s.pod.uid': pod.podUid },
      })
    }
  },
)

verifies(
  'audit:copies',
  'OCSF: every call, refusal, start and stop is an event that the schema of OCSF 1.8.0 takes',
  async () => {
    const copied = await aCopiedTrail()
    const receiver = await aReceiver()
    copied.copy([target(receiver, { as: 'ocsf' })])
    const [one] = (await someCalls(copied)) as [Process]
    const events = () => eventsIn(receiver.bodies)
    // Start, orders, three calls, stop; start, one call, one refusal; two registrations.
    await expect.poll(() => events().length).toBe(11)

    expect(events().flatMap(wrong)).toEqual([])
    expect(events().filter((event) => event['class_uid'] === 6003).length).toBe(5)
    const call = events().find(({ metadata }) => (metadata as { uid: string }).uid === `${one.origin}#5`)
    expect(call).toMatchObject({
      actor: { user: { uid: 'researcher-3' }, app_uid: 'cohort-agent' },
      api: { service: { name: 'clinic/ehr' } },
      unmapped: { purpose_of_use: 'HRESCH', role: 'researcher' },
    })
  },
)

for (const as of ['otlp', 'ocsf'] as const)
  verifies('audit:copies', `${as}: a patient is the token, and nothing that a key opens leaves`, async () => {
    const copied = await aCopiedTrail()
    const receiver = await aReceiver()
    copied.copy([target(receiver, { as })])
    await someCalls(copied)
    await expect.poll(() => receiver.bodies.join('').includes('hipaa-mcp.dev/clinic')).toBe(true)
    await expect.poll(() => receiver.bodies.join('').includes('tool-unknown')).toBe(true)

    const said = receiver.bodies.join('')
    const patients = Object.values(toldRecords())
      .flat()
      .flatMap((record) => ('patients' in record ? record.patients : []))
    expect(patients.length).toBeGreaterThan(5)
    // Tokens are equal whenever a patient is; what seals the identifier is new each time, and in the store's records.
    for (const record of (await recordsIn(copied.store, [...copied.trail.registry.entries.keys()][0] ?? ''))
      .map((text) => parseRecord(Buffer.from(text)))
      .filter((record) => record.kind === 'result'))
      for (const { token, sealed } of record.patients) {
        expect(said).toContain(token)
        expect(said).not.toContain(sealed)
      }
    expect(said).not.toMatch(/p-100|p-200|p-300|"sealed"/)
  })

verifies(
  'audit:copies',
  'a process that ends leaves out nothing, and says twice only what says which it is',
  async () => {
    // So little is kept in memory that the store is read as well.
    const copied = await aCopiedTrail(2_000)
    const receiver = await aReceiver()
    copied.copy([target(receiver)])
    const process = await Process.started(copied.trail)
    for (let round = 0; round < 6; round++) {
      for (let i = 0; i < 5; i++) await process.write(anIntent(`${round}-${i}`), aResult(`${round}-${i}`))
      await copied.stop()
      await process.write(aRefusal(`down-${round}`))
      copied.copy([target(receiver)])
    }

    await caughtUp(copied, receiver)

    const all = uids(receiver)
    expect(all.length - new Set(all).size).toBeLessThan(all.length / 2)
  },
)

verifies(
  'audit:copies',
  'a call whose process of ours ends between its records still says who asked',
  async () => {
    const copied = await aCopiedTrail(100)
    const receiver = await aReceiver()
    const options = target(receiver, { as: 'ocsf' })
    copied.copy([options])
    const process = await Process.started(copied.trail)
    await process.write(anIntent('long'), aRefusal('r-1'))
    await expect.poll(() => receiver.bodies.join('')).toContain('tool-unknown')
    await copied.stop()
    await process.write(aResult('long'))

    copied.copy([options])

    await expect.poll(() => receiver.bodies.join('')).toContain('"correlation_uid":"long"')
    const event = eventsIn(receiver.bodies).find(
      ({ metadata }) => (metadata as { correlation_uid?: string }).correlation_uid === 'long',
    )
    expect(event).toMatchObject({ actor: { user: { uid: 'clinician-1' } }, unmapped: { role: 'clinician' } })
  },
)

verifies(
  'audit:copies',
  'a chain that ended is told to its end, is forgotten, and is copied on when it speaks again',
  async () => {
    const copied = await aCopiedTrail()
    const { trail, clock, store } = copied
    const receiver = await aReceiver()
    const targets = [target(receiver), target(receiver, { name: 'soc', as: 'ocsf' })]
    copied.copy(targets)
    const process = await Process.started(trail)
    await process.write(anIntent('open', { patients: [aPatient(9)] }))
    clock.now += 120_000
    await trail.sweep()
    await expect.poll(() => receiver.bodies.join('')).toContain('"unanswered"')
    const place = async (): Promise<unknown> => JSON.parse((await store.note('copied-siem')) ?? '{}')
    await expect.poll(place).toMatchObject({ chains: {}, log: 2 })

    await process.write(aResult('open'), aClose())
    await process.checkpoint()

    await expect.poll(() => receiver.bodies.join('')).toContain('hipaa-mcp.chain-closed')
    await expect
      .poll(() => receiver.bodies.filter((body) => body.startsWith('[')).join(''))
      .toContain('"status_id":1')
    await expect.poll(place).toMatchObject({ chains: {} })
    const logs = (): unknown =>
      new Set(logsIn(receiver.bodies.filter((body) => body.startsWith('{'))).map(({ uid }) => uid))
    await expect.poll(logs).toEqual(new Set(await everyRecord(copied)))
  },
)

/** How a target fails, and what is said of it. */
const failures: { when: string; how: Behaviour; trouble: string }[] = [
  { when: 'hangs', how: 'hangs', trouble: 'copy-away' },
  { when: 'takes it and cuts the connection', how: 'takes and cuts', trouble: 'copy-away' },
  { when: 'fails itself', how: { status: 500 }, trouble: 'copy-busy' },
  { when: 'asks to wait', how: { status: 429, headers: { 'retry-after': '0' } }, trouble: 'copy-busy' },
  { when: 'does not know us', how: { status: 401 }, trouble: 'copy-denied' },
  { when: 'has no such address', how: { status: 404 }, trouble: 'copy-address' },
  { when: 'sends elsewhere', how: { status: 307, headers: { location: '/' } }, trouble: 'copy-address' },
  { when: 'refuses everything', how: { status: 400 }, trouble: 'copy-refused' },
  { when: 'answers without end', how: { status: 200, body: 'x'.repeat(100_000) }, trouble: 'copy-away' },
]

for (const { when, how, trouble } of failures)
  verifies(
    'audit:copies',
    `a target that ${when} gets everything once it is well, and is said to be ${trouble}`,
    async () => {
      const copied = await aCopiedTrail()
      const receiver = await aReceiver(() => how)
      const copies = copied.copy([target(receiver)], { timeout: 200 })
      await someCalls(copied)
      await expect.poll(() => copies.reports()[0]?.trouble).toBe(trouble)
      expect(copies.reports()[0]?.pending).toBeGreaterThan(0)

      receiver.behave = () => undefined

      await caughtUp(copied, receiver)
      await expect.poll(() => copies.reports()[0]).toMatchObject({ pending: 0, behindSeconds: 0 })
      expect(copies.reports()[0]).not.toHaveProperty('trouble')
    },
  )

for (const as of ['otlp', 'ocsf'] as const)
  verifies(
    'audit:copies',
    `${as}: a record that a target would never have holds up none of the others: a stub says which it is`,
    async () => {
      const copied = await aCopiedTrail()
      const receiver = await aReceiver((body) => (body.includes('odd') ? { status: 400 } : undefined))
      const copies = copied.copy([target(receiver, { as })])
      const process = await Process.started(copied.trail)
      await process.write(aRefusal('before'), aRefusal('odd'), aRefusal('after'))
      const uid = `${process.origin}#${process.records.length - 2}`

      await expect.poll(() => receiver.bodies.join(''), { timeout: 10_000 }).toContain('after')

      const took = receiver.bodies.join('')
      expect(took).toContain('before')
      expect(took).toContain(uid)
      expect(took).toContain('not-copied')
      expect(took).not.toContain('odd')
      if (as === 'ocsf') expect(eventsIn(receiver.bodies).flatMap(wrong)).toEqual([])
      await expect.poll(() => copies.reports()[0]).toMatchObject({ pending: 0, stubs: 1 })
      expect(copies.counts()[0]?.refused).toBe(1)
    },
  )

test('a target that refuses a record once after an outage gets the record, and no stub', async () => {
  const copied = await aCopiedTrail()
  let asked = 0
  const receiver = await aReceiver((body) => {
    if (!body.includes('odd')) return undefined
    asked += 1
    if (asked <= 10) return { status: 503 }
    return asked === 11 ? { status: 400 } : undefined
  })
  const copies = copied.copy([target(receiver)])
  const process = await Process.started(copied.trail)
  await caughtUp(copied, receiver)
  await process.write(aRefusal('odd'))

  await expect.poll(() => receiver.bodies.join(''), { timeout: 10_000 }).toMatch(/odd|not-copied/)

  expect(receiver.bodies.join('')).toContain('odd')
  expect(copies.counts()[0]?.refused).toBe(0)
})

verifies(
  'audit:copies',
  'a target that gets well while it is sent a stub has the record as well',
  async () => {
    const copied = await aCopiedTrail()
    let well = false
    const receiver = await aReceiver((body) => {
      well ||= body.includes('not-copied')
      return !well && body.includes('odd') ? { status: 400 } : undefined
    })
    const copies = copied.copy([target(receiver)])
    const process = await Process.started(copied.trail)
    await process.write(aRefusal('odd'))

    await expect.poll(() => receiver.bodies.join(''), { timeout: 10_000 }).toContain('odd')

    await expect.poll(() => copies.reports()[0]).toMatchObject({ pending: 0 })
    expect(copies.reports()[0]).not.toHaveProperty('stubs')
    expect(copies.counts()[0]?.refused).toBe(0)
  },
)

test('records of a request that a target took and would not have are counted', async () => {
  const copied = await aCopiedTrail()
  const receiver = await aReceiver(() => ({
    status: 200,
    body: '{"partialSuccess":{"rejectedLogRecords":"1"}}',
  }))
  const copies = copied.copy([target(receiver)])
  await someCalls(copied)
  await caughtUp(copied, receiver)
  expect(copies.counts()[0]?.refused).toBeGreaterThan(0)
})

test('it is said to be behind when what waits has waited for five minutes', async () => {
  const copied = await aCopiedTrail()
  const receiver = await aReceiver(() => ({ status: 503 }))
  const copies = copied.copy([target(receiver)])
  await someCalls(copied)
  await expect.poll(() => copies.reports()[0]?.trouble).toBe('copy-busy')
  copied.clock.now += 299_000
  expect(copies.reports()[0]).toMatchObject({ behind: false, behindSeconds: 299 })

  copied.clock.now += 2_000

  expect(copies.reports()[0]).toMatchObject({ name: 'siem', as: 'otlp', behind: true, behindSeconds: 301 })
  receiver.behave = () => undefined
  await caughtUp(copied, receiver)
  await expect.poll(() => copies.reports()[0]?.behind).toBe(false)
})

/** Who sends is what the test says. */
class TestSending implements Sending {
  tenure: AbortSignal | undefined
  told: Told | undefined
  heard(): Told | undefined {
    return this.tenure === undefined ? this.told : undefined
  }
}

verifies(
  'audit:one-sends',
  'why a copy waited at one collector is forgotten once another says how it stands, or has delivered it',
  async () => {
    const copied = await aCopiedTrail()
    const receiver = await aReceiver(() => ({ status: 503 }))
    const sending = new TestSending()
    const tenure = new AbortController()
    sending.tenure = tenure.signal
    const copies = copied.copy([target(receiver)], { sending })
    await someCalls(copied)
    const trouble = (): string | undefined => copies.own()[0]?.trouble
    await expect.poll(trouble).toBe('copy-busy')

    const said = { name: 'siem', as: 'otlp', behindSeconds: 3, behind: false, pending: 7 } as const
    sending.tenure = undefined
    tenure.abort()
    sending.told = { copies: [{ ...said, trouble: 'copy-denied' }], witnesses: [] }
    await expect.poll(trouble).toBe('copy-denied')
    sending.told = { copies: [said], witnesses: [] }
    await expect.poll(trouble).toBe(undefined)

    // The other one's last word was another, and then it delivered everything and died.
    sending.told = { copies: [{ ...said, trouble: 'copy-away' }], witnesses: [] }
    await expect.poll(trouble).toBe('copy-away')
    receiver.behave = () => undefined
    copied.copy([target(receiver)])
    await caughtUp(copied, receiver)
    const place = async (): Promise<unknown> => JSON.parse((await copied.store.note('copied-siem')) ?? '{}')
    const whole = copied.trail.summaries().map(({ origin, size }) => [origin, [size, expect.any(Number)]])
    await expect
      .poll(place)
      .toMatchObject({ log: copied.trail.registry.size, chains: Object.fromEntries(whole) })
    const asked = receiver.seen.length
    sending.tenure = new AbortController().signal

    await expect.poll(() => copies.own()[0]).toMatchObject({ pending: 0, behindSeconds: 0 })
    await expect.poll(trouble).toBe(undefined)
    expect(receiver.seen.length).toBe(asked)
  },
)

verifies(
  'audit:one-sends',
  'a collector that goes on with a copy says that it is behind since what the one before said, not since its own start',
  async () => {
    const copied = await aCopiedTrail()
    const receiver = await aReceiver(() => ({ status: 503 }))
    const said = { name: 'siem', as: 'otlp', behindSeconds: 0, behind: false, pending: 0 } as const
    const sending = new TestSending()
    sending.told = { copies: [said], witnesses: [] }
    const copies = copied.copy([target(receiver)], { sending })
    await someCalls(copied)
    copied.clock.now += 6 * 3_600_000
    sending.told = { copies: [{ ...said, behindSeconds: 40, pending: 3 }], witnesses: [] }
    await expect.poll(() => copies.own()[0]?.behindSeconds).toBe(40)
    copied.clock.now += 10_000

    sending.tenure = new AbortController().signal

    await expect.poll(() => copies.own()[0]?.trouble).toBe('copy-busy')
    expect(copies.reports()[0]).toMatchObject({ behind: false, behindSeconds: 50 })
  },
)

test('it shows its certificate and its token, those that the files hold now', async () => {
  const copied = await aCopiedTrail()
  const receiver = await aReceiver()
  const bearer = join(aFolder(), 'token')
  writeFileSync(bearer, 'first\n')
  const { certificate, key } = receiver
  copied.copy([target(receiver, { certificate, key, bearer })])
  const process = await Process.started(copied.trail)
  await caughtUp(copied, receiver)
  writeFileSync(bearer, 'second\n')
  await process.write(aRefusal('r-1'))
  await caughtUp(copied, receiver)

  expect(receiver.seen.every(({ certified }) => certified)).toBe(true)
  const tokens = receiver.seen.map(({ headers }) => headers.authorization)
  expect([tokens[0], tokens.at(-1)]).toEqual(['Bearer first', 'Bearer second'])
})

test('a target of another authority gets nothing, nor one whose file is missing', async () => {
  const copied = await aCopiedTrail()
  const [receiver, other] = [await aReceiver(), await aReceiver()]
  const lost = join(aFolder(), 'token')
  const copies = copied.copy([
    target({ url: receiver.url, ca: other.ca }, { name: 'a' }),
    target(receiver, { name: 'b', bearer: lost }),
  ])
  await someCalls(copied)

  await expect.poll(() => copies.reports().map(({ trouble }) => trouble)).toEqual(['copy-away', 'copy-files'])

  expect(receiver.seen).toEqual([])
})

test('since: now begins with what comes, and goes on from there', async () => {
  const copied = await aCopiedTrail()
  const [process] = (await someCalls(copied)) as [Process]
  const receiver = await aReceiver()
  const copies = copied.copy([target(receiver, { since: 'now' })])
  await expect.poll(() => copies.reports()[0]?.pending).toBe(0)
  await copied.stop()
  const before = process.records.length
  await process.trail.append(process.pod, process.origin, 0, process.records)
  const other = await Process.started(copied.trail)
  await other.write(aRefusal('new'))

  copied.copy([target(receiver, { since: 'now' })])

  await expect.poll(() => receiver.bodies.join('')).toContain('"new"')
  expect(uids(receiver).filter((uid) => uid.startsWith(`${process.origin}#`))).toEqual([])
  expect(uids(receiver).filter((uid) => uid.startsWith(`${other.origin}#`))).toEqual(
    [0, 1].map((i) => `${other.origin}#${i}`),
  )
  expect(before).toBe(process.records.length)
})

test('records beyond what memory holds are read from the store, each once', async () => {
  const copied = await aCopiedTrail(500)
  // None that hangs: a short timeout would cut what a busy machine answers late, which comes twice then.
  const receiver = await aReceiver(() => ({ status: 503 }))
  const copies = copied.copy([target(receiver)])
  const process = await Process.started(copied.trail)
  const many = Array.from({ length: 700 }, (_, i): AuditRecord => aRefusal(`r-${i}`))
  for (let i = 0; i < many.length; i += 50) await process.write(...many.slice(i, i + 50))
  await expect.poll(() => copies.reports()[0]?.trouble).toBe('copy-busy')
  receiver.behave = () => undefined

  await caughtUp(copied, receiver)

  expect(uids(receiver).length).toBe((await everyRecord(copied)).length)
  // A request holds 256 records at most.
  expect(Math.max(...receiver.bodies.map((body) => logsIn([body]).length))).toBeLessThanOrEqual(256)
})

test('a store that cannot be written or read holds up nothing, and nothing is left out', async () => {
  const copied = await aCopiedTrail(100)
  const process = await Process.started(copied.trail)
  const { store } = copied
  const real = { ...store }
  let broken = true
  store.read = async function* (...asked) {
    if (broken) throw new Error('planted')
    yield* real.read(...asked)
  }
  store.saveNote = async (...asked) => {
    if (broken) throw new Error('planted')
    await real.saveNote(...asked)
  }
  const receiver = await aReceiver()
  const copies = copied.copy([target(receiver)])
  await process.write(...Array.from({ length: 20 }, (_, i) => aRefusal(`r-${i}`)))
  await expect.poll(() => copies.reports()[0]?.trouble).toMatch(/copy-unread|copy-place-unsaved/)

  broken = false

  await caughtUp(copied, receiver)
  await expect.poll(() => copies.reports()[0]?.trouble).toBe(undefined)
})
