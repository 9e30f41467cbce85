import { once } from 'node:events'
import { cpSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { Store } from '../../collector/commit/commit.ts'
import type { Trail } from '../../collector/trail.ts'
import { askOverHttp } from '../../collector/witnesses/ask.ts'
import type { Witnesses } from '../../collector/witnesses/witnesses.ts'
import { type NoteKey, parseNote, verifyNote } from '../../core/checkpoint.ts'
import { anIntent, aRefusal } from '../core/records.ts'
import { verifies } from '../verifies.ts'
import { forgedStore, forgeries } from './a-forger.ts'
import {
  aFolder,
  anEmbeddedStore,
  aTrail,
  type Clock,
  Process,
  reasonOf,
  recordsIn,
  registryIn,
} from './a-trail.ts'
import { AWitness, askingThem, type Heard } from './a-witness.ts'

type Scene = {
  clock: Clock
  folder: string
  store: Store
  trail: Trail
  outside: Witnesses
  heard: Heard
  all: AWitness[]
  /** Milliseconds of the witnesses' own patience. */
  patience: { now: number }
}

async function aScene(
  said: {
    names?: string[]
    quorum?: string
    strict?: boolean
    folder?: string
    all?: AWitness[]
    clock?: Clock
  } = {},
): Promise<Scene> {
  const { names = ['w'], clock = { now: 1_790_000_000_000 }, folder = aFolder() } = said
  const all = said.all ?? names.map((name) => new AWitness(name, clock))
  const patience = { now: 0 }
  const { witnesses, heard } = askingThem(all, { ...said, clock: () => patience.now })
  const store = await anEmbeddedStore(folder)
  const trail = await aTrail(store, clock, [], { witnesses })
  const outside = trail.witnesses as Witnesses
  for (const witness of all) if (witness.log === undefined) witness.knows(outside.log)
  return { clock, folder, store, trail, outside, heard, all, patience }
}

verifies('integrity:outside-witness', 'every live chain is covered by what a witness signed', async () => {
  const { trail, outside, store, all } = await aScene()
  const [one, two] = [await Process.started(trail), await Process.started(trail)]
  await one.write(anIntent('a'))
  await outside.round()

  const { checkpoint } = parseNote(outside.newest?.note ?? '')
  const records = await registryIn(store)
  expect(checkpoint.size).toBe(records.length)
  expect(records.at(-1)).toMatchObject({
    kind: 'heads',
    heads: [
      { origin: one.origin, size: 2 },
      { origin: two.origin, size: 1 },
    ],
  })
  expect(outside.newest).toMatchObject({ size: records.length, time: 1_790_000_000 })
  expect(verifyNote(outside.newest?.note ?? '', (all[0] as AWitness).key)).toEqual({ time: 1_790_000_000 })
})

test('what did not grow is not said again, and an idle log is signed anew all the same', async () => {
  const { trail, outside, store, clock } = await aScene()
  await Process.started(trail)
  await outside.round()
  const before = (await recordsIn(store, 'hipaa-mcp.dev/registry')).length
  clock.now += 30_000
  expect(outside.window()).toBe(30)
  await outside.round()

  expect(await recordsIn(store, 'hipaa-mcp.dev/registry')).toHaveLength(before)
  expect(outside.newest).toMatchObject({ size: before, time: 1_790_000_030 })
  expect(outside.window()).toBe(0)
})

test('many chains go into records that fit', async () => {
  const { trail, outside, store } = await aScene()
  for (let i = 0; i < 103; i++) await Process.started(trail)
  await outside.round()

  const heads = (await registryIn(store)).flatMap((record) =>
    record.kind === 'heads' ? [record.heads.length] : [],
  )
  expect(heads).toEqual([100, 3])
})

test('a log that goes on is signed on and on, also by a witness whose place only it knows', async () => {
  const { trail, outside, all, heard, store, folder, clock } = await aScene()
  const process = await Process.started(trail)
  for (let i = 0; i < 12; i++) {
    await process.write(aRefusal(`r${i}`))
    await outside.round()
  }
  expect(all[0]?.head?.size).toBe(trail.registry.size)

  // Killed after the witness signed and before that was kept: the witness is ahead of what we know.
  await store.close()
  rmSync(join(folder, 'notes'), { recursive: true })
  const again = await aScene({ folder, all, clock })
  await again.trail.registry.update(() => [{ kind: 'resumed', origin: process.origin, size: 1 }])
  await again.outside.round()

  expect(again.outside.newest?.size).toBe(again.trail.registry.size)
  expect([...heard.refused, ...again.heard.refused]).toEqual([])
})

test('after a new start it goes on from what is kept, without asking where', async () => {
  const first = await aScene()
  await Process.started(first.trail)
  await first.outside.round()
  await first.store.close()
  const { outside, all } = await aScene(first)
  expect(outside.newest).toEqual(first.outside.newest)
  const before = all[0]?.asked as number
  await outside.round()

  expect(all[0]?.asked).toBe(before + 1)
})

test.each([
  ['away', 'unreachable', 'unreachable'],
  ['busy', 'unreachable', 'unavailable'],
  ['garbage', 'unreachable', 'no-cosignature'],
  ['other-key', 'unreachable', 'no-cosignature'],
] as const)(
  'a witness that is %s gates nothing, and is left alone for a while',
  async (fault, state, reason) => {
    const { trail, outside, all, heard, patience } = await aScene()
    const witness = all[0] as AWitness
    witness.fault = fault
    const process = await Process.started(trail)
    expect(await process.write(anIntent('a'))).toBe(2)
    await outside.round()
    await outside.round()

    expect(outside.report()).toMatchObject({ late: false, witnesses: [{ name: 'w', state, reason }] })
    expect(outside.newest).toBeUndefined()
    expect(witness.asked).toBe(1)
    expect(heard.changed).toEqual([['w', state, reason]])
    expect(heard.refused).toEqual([])

    witness.fault = undefined
    patience.now += 61_000
    await outside.round()
    expect(outside.report().witnesses[0]?.state).toBe('cosigns')
  },
)

test('lines of strangers beside the pinned key’s are ignored, and not kept', async () => {
  const { trail, outside, all } = await aScene()
  ;(all[0] as AWitness).fault = 'strangers-too'
  await Process.started(trail)
  await outside.round()

  expect(outside.newest?.note).toContain('— w.example ')
  expect(outside.newest?.note).not.toContain('stranger')
})

verifies(
  'integrity:outside-witness',
  'a quorum that no longer signs is late, and says since when',
  async () => {
    const { trail, outside, all, clock } = await aScene()
    await Process.started(trail)
    clock.now += 301_000
    expect(outside.report()).toMatchObject({ late: true, windowSeconds: 301 })
    await outside.round()
    expect(outside.report()).toMatchObject({ late: false, windowSeconds: 0 })
    ;(all[0] as AWitness).fault = 'away'
    clock.now += 301_000
    await outside.round()

    expect(outside.report()).toMatchObject({
      late: true,
      windowSeconds: 301,
      quorum: { size: outside.newest?.size, at: '2026-09-21T14:18:21.000Z' },
    })
  },
)

test('two of three suffice where the policy says so, and one does not', async () => {
  const { trail, outside, all } = await aScene({
    names: ['a', 'b', 'c'],
    quorum: 'group two 2 a b c\nquorum two\n',
  })
  const [, b, c] = all as [AWitness, AWitness, AWitness]
  await Process.started(trail)
  c.fault = 'away'
  await outside.round()
  const first = outside.newest?.size
  expect(first).toBe(trail.registry.size)
  b.fault = 'away'
  await Process.started(trail)
  await outside.round()

  expect(outside.newest?.size).toBe(first)
})

for (const { what, change, reasons } of forgeries)
  verifies(
    'integrity:outside-witness',
    `a log that ${what} by whoever holds the disk and all keys is refused: an alarm and a record`,
    async () => {
      const honest = await aScene()
      for (let i = 0; i < 4; i++) {
        await Process.started(honest.trail)
        await honest.outside.round()
      }
      await honest.store.close()
      const forged = await aScene({ ...honest, folder: await forgedStore(honest.folder, change) })
      const { outside, heard, trail, store } = forged
      if (trail.registry.size === 0) await Process.started(trail)
      await outside.round()

      const [reason] = reasons
      expect(heard.refused.map(([, why]) => why)).toEqual([reason])
      expect(outside.newest).toBeUndefined()
      expect(outside.report().witnesses).toMatchObject([{ state: 'refuses', reason }])
      expect(await registryIn(store)).toContainEqual(
        expect.objectContaining({ kind: 'witness-refused', reason }),
      )
      const { size } = trail.registry
      await outside.round()
      expect(trail.registry.size).toBe(size)
    },
  )

test('an alarm stays when the witness cannot be reached any more, and ends when it signs', async () => {
  const { trail, outside, all, heard, patience } = await aScene()
  const witness = all[0] as AWitness
  const { log } = witness
  witness.log = undefined
  await Process.started(trail)
  await outside.round()
  expect(heard.refused).toEqual([['w', 'log-unknown', 2, undefined]])
  witness.fault = 'away'
  patience.now += 61_000
  await outside.round()
  expect(outside.report().witnesses).toMatchObject([{ state: 'refuses', reason: 'log-unknown' }])

  witness.fault = undefined
  if (log !== undefined) witness.log = log
  patience.now += 61_000
  await outside.round()
  expect(outside.report().witnesses).toMatchObject([{ state: 'cosigns' }])
})

test('a witness that knows the log under another key refuses it', async () => {
  const { trail, outside, heard, all } = await aScene()
  const other = await aScene()
  const [witness] = all as [AWitness]
  witness.log = { ...(other.all[0]?.log as NoteKey), name: witness.log?.name as string }
  await Process.started(trail)
  await outside.round()

  expect(heard.refused).toEqual([['w', 'key-unknown', 2, undefined]])
})

test('a witness that lost its memory is noticed, and signs on', async () => {
  const { trail, outside, heard, all } = await aScene()
  await Process.started(trail)
  await outside.round()
  ;(all[0] as AWitness).head = undefined
  await Process.started(trail)
  await outside.round()

  expect(heard.forgot).toEqual(['w'])
  expect(outside.newest?.size).toBe(trail.registry.size)
})

test('a store whose log does not reach what a quorum signed is not opened', async () => {
  const { trail, outside, store, folder } = await aScene()
  await Process.started(trail)
  await outside.round()
  const note = outside.newest?.note as string
  await store.close()
  const other = aFolder()
  cpSync(join(folder, 'keys'), join(other, 'keys'), { recursive: true })
  const empty = await anEmbeddedStore(other)
  await empty.saveNote('witnessed', note)
  await empty.close()

  await expect(aScene({ folder: other })).rejects.toThrow(/ends at 0, 2 was signed/)
})

verifies(
  'integrity:outside-witness',
  'with `strict` nothing is acknowledged that no quorum signed',
  async () => {
    const { trail, outside, all, patience } = await aScene({ strict: true })
    const witness = all[0] as AWitness
    const process = await Process.started(trail)
    expect(outside.newest?.size).toBe(trail.registry.size)
    witness.fault = 'away'
    expect(await reasonOf(process.write(anIntent('a')))).toBe('not-witnessed')
    expect(await reasonOf(process.send(1))).toBe('not-witnessed')

    witness.fault = undefined
    patience.now += 61_000
    expect(await process.send(1)).toBe(2)
    const asked = witness.asked
    expect(await process.send(1)).toBe(2)
    expect(witness.asked).toBe(asked)
  },
)

test('with `strict`, what waits at the same time shares a round', async () => {
  const { trail, all } = await aScene({ strict: true })
  const processes = await Promise.all(Array.from({ length: 20 }, async () => await Process.started(trail)))
  const before = (all[0] as AWitness).asked
  await Promise.all(processes.map(async (process) => await process.write(anIntent('a'))))

  expect((all[0] as AWitness).asked - before).toBeLessThanOrEqual(4)
})

test('what an auditor is handed was shown to the witnesses first, to its very end', async () => {
  const { trail, outside } = await aScene()
  const process = await Process.started(trail)
  await process.write(anIntent('a'))
  const { registry } = await trail.hold('clinic', 'ehr', 'officer')

  expect(parseNote(registry.witnessed ?? '').checkpoint.size).toBe(registry.size)
  expect(outside.newest?.size).toBe(registry.size)
})

test('witnesses that hang keep no export from its auditor for longer than they are waited for', async () => {
  const server = createServer(() => undefined)
  server.listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const ask = askOverHttp({ timeoutMs: 200 })

  await expect(ask(`http://127.0.0.1:${port}/w/`, 'old 0\n')).rejects.toThrow()
})

test('an answer that has no end, and a redirect, are no answers', async () => {
  const asked: (string | undefined)[] = []
  const server = createServer((request, response) => {
    asked.push(request.url)
    if (request.url?.startsWith('/elsewhere')) response.writeHead(307, { location: '/large' }).end()
    else response.end('a'.repeat(1024 * 1024))
  })
  server.listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const ask = askOverHttp({ timeoutMs: 2000 })

  await expect(ask(`http://127.0.0.1:${port}/w/`, 'old 0\n')).rejects.toThrow()
  expect((await ask(`http://127.0.0.1:${port}/elsewhere`, 'old 0\n')).status).toBe(307)
  expect(asked).toEqual(['/w/add-checkpoint', '/elsewhere/add-checkpoint'])
})

verifies(
  'audit:one-sends',
  'a collector that does not send asks no witness, knows what was signed for the other, and says how they answered it',
  async () => {
    const { trail, outside, all, store } = await aScene()
    await Process.started(trail)
    await outside.round()
    const note = (await store.note('witnessed')) as string
    const [witness] = all as [AWitness]
    const told = { name: 'w', state: 'refuses' as const, reason: 'ahead' }
    const asked = witness.asked
    const stopping = new AbortController()

    // As if another had asked them.
    outside.newest = undefined
    const running = outside.run(stopping.signal, {
      tenure: undefined,
      heard: () => ({ copies: [], witnesses: [told] }),
    })
    await expect.poll(() => outside.newest?.note).toBe(note)
    stopping.abort()
    await running

    expect(witness.asked).toBe(asked)
    expect(outside.report().witnesses).toEqual([told])
  },
)
