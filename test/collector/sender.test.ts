// Of several collectors one sends: whichever fails, hangs or comes back, another goes on, and hardly ever two.

import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, test, vi } from 'vitest'
import { Sender, type Told } from '../../collector/sender.ts'
import { verifies } from '../verifies.ts'

afterEach(() => void vi.useRealTimers())

const times = {
  beat: 2_000,
  lease: 8_000,
  silence: 12_000,
  settle: 0,
  patience: { least: 60_000, most: 240_000 },
}

/** Collectors that share a store, with a clock that only this test moves. */
function several(): {
  at: (milliseconds: number) => void
  collector: (told?: Told | (() => Told)) => Sender
  store: { away: boolean; text: string | undefined }
} {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const clock = { now: 0 }
  const store: { away: boolean; text: string | undefined } = { away: false, text: undefined }
  const guarded = (): void => {
    if (store.away) throw new Error('away')
  }
  return {
    store,
    at: (milliseconds) => {
      vi.advanceTimersByTime(milliseconds - clock.now)
      clock.now = milliseconds
    },
    collector: (told = { copies: [], witnesses: [] }) =>
      new Sender({
        store: {
          note: async () => {
            guarded()
            return store.text
          },
          saveNote: async (_, text) => {
            guarded()
            store.text = text
          },
        },
        tells: () => (typeof told === 'function' ? told() : told),
        log: { info: () => undefined },
        steady: () => clock.now,
        times,
      }),
  }
}

const sends = (...all: Sender[]): boolean[] => all.map(({ tenure }) => tenure !== undefined)

verifies(
  'audit:one-sends',
  'one that dies is followed by another after its silence, one that stops at once',
  async () => {
    const { at, collector } = several()
    const [first, second, third] = [collector(), collector(), collector()]
    await first.turn()
    await second.turn()
    await third.turn()
    expect(sends(first, second, third)).toEqual([true, false, false])
    const { tenure } = first

    for (let now = 2_000; now <= 14_000; now += 2_000) {
      at(now)
      // The first one is dead from 4 seconds on.
      if (now < 4_000) await first.turn()
      await second.turn()
      expect(sends(second)).toEqual([false])
    }
    // Its lease ended long before: two never send at a time.
    expect(tenure?.aborted).toBe(true)
    at(16_000)
    await second.turn()
    await third.turn()
    expect(sends(first, second, third)).toEqual([false, true, false])

    await second.close()
    await third.turn()
    expect(sends(second, third)).toEqual([false, true])
  },
)

verifies('audit:one-sends', 'one that hung and comes back sends no more, and takes no turn', async () => {
  const { at, collector } = several()
  const [first, second] = [collector(), collector()]
  await first.turn()
  await second.turn()
  at(12_001)
  await second.turn()
  expect(sends(first, second)).toEqual([false, true])

  await first.turn()
  await second.turn()

  expect(sends(first, second)).toEqual([false, true])
})

verifies('audit:one-sends', 'of two that begin at once the one whose word stands sends', async () => {
  const { collector } = several()
  const [first, second] = [collector(), collector()]

  await Promise.all([first.turn(), second.turn()])
  await Promise.all([first.turn(), second.turn()])

  expect(sends(first, second).filter(Boolean)).toEqual([true])
})

verifies(
  'audit:one-sends',
  'while the store is away nobody sends, and nobody takes over in a hurry',
  async () => {
    const { at, collector, store } = several()
    const [first, second] = [collector(), collector()]
    await first.turn()
    await second.turn()

    store.away = true
    for (let now = 2_000; now <= 20_000; now += 2_000) {
      at(now)
      await expect(first.turn()).rejects.toThrow('away')
      await expect(second.turn()).rejects.toThrow('away')
      expect(sends(first, second)).toEqual([now < 8_000, false])
    }
    store.away = false
    await second.turn()
    await first.turn()

    expect(sends(first, second)).toEqual([true, false])
  },
)

const copy = { name: 'siem', as: 'otlp', behindSeconds: 3, behind: false, pending: 7 } as const
const away = { ...copy, trouble: 'copy-away' } as const

/** Looks of both in turn from one time to another. Resolves to when each of them began to send, milliseconds. */
async function looking(
  [first, second]: readonly [Sender, Sender],
  at: (milliseconds: number) => void,
  from: number,
  to: number,
): Promise<[begins: number[], begins: number[]]> {
  const begins: [number[], number[]] = [[], []]
  let before = sends(first, second)
  for (let now = from; now <= to; now += 2_000) {
    at(now)
    await first.turn()
    await second.turn()
    const after = sends(first, second)
    after.forEach((sending, i) => sending && before[i] !== true && begins[i]?.push(now))
    before = after
  }
  return begins
}

verifies(
  'audit:one-sends',
  'one whose targets all fail gives its turn to another, for which they may not',
  async () => {
    const { at, collector } = several()
    const mine = { copies: [away, { ...away, name: 'lake' }], witnesses: [] }
    const first = collector(() => mine)
    const second = collector({ copies: [copy], witnesses: [] })
    await first.turn()
    const { tenure } = first

    await looking([first, second], at, 2_000, 62_000)
    // It offers its turn and goes on: the other says that it takes it, and waits until the first one must know.
    expect(sends(first, second)).toEqual([true, false])
    expect(await looking([first, second], at, 64_000, 600_000)).toEqual([[], [70_000]])
    expect(tenure?.aborted).toBe(true)
  },
)

verifies(
  'audit:one-sends',
  'one that takes an offered turn waits until whoever offered it sends no more, also where that one hangs',
  async () => {
    const { at, collector } = several()
    const [first, second, third] = [
      collector({ copies: [away], witnesses: [] }),
      collector({ copies: [copy], witnesses: [] }),
      collector({ copies: [copy], witnesses: [] }),
    ]
    await first.turn()
    await looking([first, second], at, 2_000, 62_000)
    const { tenure } = first
    // The first one hangs from here on.
    const ended: number[] = []
    for (let now = 64_000; now <= 80_000; now += 2_000) {
      at(now)
      await second.turn()
      await third.turn()
      if (tenure?.aborted !== true) expect(sends(second, third)).toEqual([false, false])
      else ended.push(now)
      // Meanwhile each tells what the first one told.
      if (now < 70_000) expect(third.heard()?.copies).toEqual([away])
    }

    expect(ended[0]).toBe(70_000)
    expect(sends(second, third)).toEqual([true, false])
  },
)

verifies(
  'audit:one-sends',
  'the turn goes round ever more slowly while the targets fail for all',
  async () => {
    const { at, collector } = several()
    const [first, second] = [
      collector({ copies: [away], witnesses: [] }),
      collector({ copies: [away], witnesses: [] }),
    ]
    await first.turn()

    // A minute each, two, four, and no longer than that.
    expect(await looking([first, second], at, 2_000, 1_400_000)).toEqual([
      [142_000, 404_000, 906_000],
      [70_000, 272_000, 654_000, 1_156_000],
    ])
  },
)

verifies(
  'audit:one-sends',
  'one that nobody follows goes on sending, and the first that comes may have its turn',
  async () => {
    const { at, collector } = several()
    const alone = collector({ copies: [away], witnesses: [] })
    await alone.turn()
    const { tenure } = alone
    for (let now = 2_000; now <= 600_000; now += 2_000) {
      at(now)
      await alone.turn()
    }
    expect(alone.tenure).toBe(tenure)
    expect(tenure?.aborted).toBe(false)
    const other = collector({ copies: [copy], witnesses: [] })

    expect(await looking([alone, other], at, 602_000, 700_000)).toEqual([[], [610_000]])
  },
)

verifies('audit:one-sends', 'one whose target answers while it offers its turn keeps it', async () => {
  const { at, collector } = several()
  const mine = { copies: [away] as Told['copies'], witnesses: [] }
  const first = collector(() => mine)
  await first.turn()
  for (let now = 2_000; now <= 62_000; now += 2_000) {
    at(now)
    await first.turn()
  }
  mine.copies = [copy]
  at(64_000)
  await first.turn()

  expect(await looking([first, collector()], at, 66_000, 300_000)).toEqual([[], []])
})

verifies(
  'audit:one-sends',
  'one whose target took something is patient no longer than at first',
  async () => {
    const { at, collector } = several()
    const mine = { copies: [away] as Told['copies'], witnesses: [] }
    const [first, second] = [collector(() => mine), collector({ copies: [away], witnesses: [] })]
    await first.turn()
    await looking([first, second], at, 2_000, 150_000)
    expect(sends(first, second)).toEqual([true, false])
    mine.copies = [copy]
    await looking([first, second], at, 152_000, 152_000)
    mine.copies = [away]

    expect(await looking([first, second], at, 154_000, 230_000)).toEqual([[], [222_000]])
  },
)

for (const [when, copies] of [
  ['one target takes what it is sent', [away, { ...copy, name: 'lake' }]],
  ['one target has everything', [away, { ...away, name: 'lake', pending: 0 }]],
  ['there is no target', []],
] as const)
  verifies('audit:one-sends', `one keeps its turn where ${when}`, async () => {
    const { at, collector } = several()
    const [first, second] = [collector({ copies, witnesses: [] }), collector()]
    await first.turn()

    expect(await looking([first, second], at, 2_000, 600_000)).toEqual([[], []])
    expect(sends(first, second)).toEqual([true, false])
  })

test('the others tell what the one that sends told', async () => {
  const { collector } = several()
  const [first, second] = [collector({ copies: [copy], witnesses: [] }), collector()]
  await first.turn()
  await second.turn()

  expect(second.heard()?.copies).toEqual([copy])
  expect(first.heard()).toBeUndefined()
})

/** A store whose writes wait while it is held. */
function slow(): { sender: Sender; text: () => string | undefined; hold: () => void; letGo: () => void } {
  let text: string | undefined
  let held: PromiseWithResolvers<void> | undefined
  const sender = new Sender({
    store: {
      note: async () => await Promise.resolve(text),
      saveNote: async (_, said) => {
        await held?.promise
        text = said
      },
    },
    tells: () => ({ copies: [], witnesses: [] }),
    log: { info: () => undefined },
    steady: () => performance.now(),
    times,
  })
  return {
    sender,
    text: () => text,
    hold: () => {
      held = Promise.withResolvers()
    },
    letGo: () => {
      held?.resolve()
      held = undefined
    },
  }
}

for (const when of ['while it sends', 'while it begins'] as const)
  verifies(
    'audit:one-sends',
    `one that is closed ${when}, with a write on its way, sends no more and leaves no name behind`,
    async () => {
      const { sender, text, hold, letGo } = slow()
      if (when === 'while it sends') await sender.turn()
      hold()
      const turning = sender.turn()
      await sleep(1)
      const closing = sender.close()
      await sleep(1)
      letGo()
      await Promise.all([turning, closing])

      expect(text()).toBe('')
      expect(sender.tenure).toBeUndefined()
      await sender.turn()
      expect(text()).toBe('')
    },
  )

test('one that is closed leaves the name of another in its place', async () => {
  const { collector, store } = several()
  const first = collector()
  await first.turn()
  const other = JSON.stringify({ schema: 'hipaa-mcp-sender/1', id: 'another', beat: 1 })
  store.text = other

  await first.close()

  expect(store.text).toBe(other)
})
