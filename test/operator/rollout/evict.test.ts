import { expect, test } from 'vitest'
import { ApiError } from '../../../operator/cluster/client.ts'
import { evictor, type Outcome } from '../../../operator/rollout/evict.ts'
import { verifies } from '../../verifies.ts'
import { quiet } from '../cluster/scripted-api.ts'
import { aPod } from '../world.ts'

const noAnswer = 0

function scene(answers: number[] = []) {
  const asked: [string, unknown][] = []
  const warned: object[] = []
  let time = 0
  let date = 1_700_000_000_000
  const answer = (): void => {
    const status = answers.shift() ?? 201
    if (status === noAnswer) throw new ApiError(0, 'Timeout', 'planted')
    if (status >= 400) throw new ApiError(status, 'Planted', 'planted')
  }
  const made = evictor({
    client: {
      delete: async (_, namespace, name, uid, how) => {
        asked.push([`delete ${namespace}/${name}`, { uid, ...how }])
        answer()
      },
      post: async (path, body) => {
        asked.push([path, body])
        answer()
        return {} as never
      },
    },
    log: { ...quiet, warn: (_, fields) => void warned.push(fields ?? {}) },
    now: () => time,
    date: () => date,
  })
  return {
    made,
    asked,
    warned,
    wait: (milliseconds: number) => void (time += milliseconds),
    setClock: (milliseconds: number) => void (date = milliseconds),
  }
}

verifies(
  'injection:rollout',
  'a pod goes by the Eviction API, that very pod, with its own time to end',
  async () => {
    const { made, asked } = scene()

    expect(await made.evict(aPod('a'), 'Unguarded')).toBe('evicted')

    expect(asked).toEqual([
      [
        '/api/v1/namespaces/clinic/pods/a/eviction',
        {
          apiVersion: 'policy/v1',
          kind: 'Eviction',
          metadata: { name: 'a', namespace: 'clinic' },
          deleteOptions: { preconditions: { uid: 'uid-a' } },
        },
      ],
    ])
    expect([...made.lately().keys()]).toEqual(['uid-a'])
  },
)

verifies(
  'injection:rollout',
  'never two within ten seconds, also when both are asked for at once',
  async () => {
    const { made, asked, wait } = scene()

    const both = await Promise.all([
      made.evict(aPod('a'), 'Unguarded'),
      made.evict(aPod('b'), 'NotConforming'),
    ])
    wait(9_999)
    const early = await made.evict(aPod('b'), 'Unguarded')
    wait(1)
    const due = await made.evict(aPod('b'), 'Unguarded')

    expect([...both, early, due]).toEqual(['evicted', 'later', 'later', 'evicted'])
    expect(asked).toHaveLength(2)
  },
)

const answers: [status: number, outcome: Outcome][] = [
  [429, 'held'],
  [500, 'held'],
  [403, 'held'],
  [404, 'gone'],
  [409, 'gone'],
]
for (const [status, outcome] of answers)
  verifies(
    'injection:rollout',
    `the API server answers ${status}: the pod is ${outcome}, does not count as evicted, and takes no other’s turn`,
    async () => {
      const { made, asked, warned, wait } = scene([status])

      expect(await made.evict(aPod('a'), 'Unguarded')).toBe(outcome)
      expect(made.lately().size).toBe(0)
      const held = made.counts().find((one) => one.cause === 'Unguarded' && one.outcome === 'held')
      expect(held?.count).toBe(outcome === 'held' ? 1 : 0)
      expect(warned).toEqual(
        outcome === 'held' ? [{ namespace: 'clinic', name: 'a', status, error: 'Planted' }] : [],
      )
      expect(await made.evict(aPod('b'), 'Unguarded')).toBe('evicted')
      wait(59_999)
      expect([made.waits('uid-a'), await made.evict(aPod('a'), 'Unguarded')]).toEqual([true, 'later'])
      wait(1)
      expect([made.waits('uid-a'), await made.evict(aPod('a'), 'Unguarded')]).toEqual([false, 'evicted'])
      expect(asked).toHaveLength(3)
    },
  )

verifies('injection:rollout', 'what was held is held until the next try says something else', async () => {
  const { made, wait } = scene([429, 429])

  await made.evict(aPod('a'), 'Unguarded')
  wait(65_000)
  const between = [...made.held()]
  await made.evict(aPod('a'), 'Unguarded')
  const again = [...made.held()]
  wait(60_000)
  await made.evict(aPod('a'), 'Unguarded')

  expect([between, again, [...made.held()]]).toEqual([['uid-a'], ['uid-a'], []])
})

test('what nobody tries any more is not held for ever, and what is gone is not held', async () => {
  const { made, wait } = scene([429, 404])

  await made.evict(aPod('a'), 'Unguarded')
  await made.evict(aPod('b'), 'Unguarded')
  const held = [...made.held()]
  wait(120_000)

  expect([held, [...made.held()]]).toEqual([['uid-a'], []])
})

test('an eviction without an answer may have taken place: the next one waits for it', async () => {
  const { made, wait } = scene([noAnswer])

  const outcomes = [await made.evict(aPod('a'), 'Unguarded'), await made.evict(aPod('b'), 'Unguarded')]
  wait(10_000)

  expect([...outcomes, await made.evict(aPod('b'), 'Unguarded')]).toEqual(['held', 'later', 'evicted'])
})

test('a clock that is set back keeps nobody waiting, and forgets nothing', async () => {
  const { made, wait, setClock } = scene()

  await made.evict(aPod('a'), 'Unguarded')
  setClock(1_600_000_000_000)
  wait(10_000)

  expect(await made.evict(aPod('b'), 'NotConforming')).toBe('evicted')
  expect([...made.lately().values()].map(({ cause, at }) => [cause, at])).toEqual([
    ['Unguarded', 1_700_000_000_000],
    ['NotConforming', 1_600_000_000_000],
  ])
  wait(3_600_000)
  expect([...made.lately().keys()]).toEqual(['uid-b'])
})

verifies('access:session-end', 'a deletion goes past a budget, as one of its kind and in turn', async () => {
  const { made, asked, wait } = scene([429, 403, 201])

  expect(await made.evict(aPod('a'), 'GrantOver')).toBe('held')
  // Whatever time to end the pod asks for itself.
  expect(asked.at(-1)?.[1]).toMatchObject({ deleteOptions: { gracePeriodSeconds: 60 } })
  // Refused by admission: not at every look anew.
  expect([await made.delete(aPod('a'), 'GrantOver'), await made.delete(aPod('a'), 'GrantOver')]).toEqual([
    'held',
    'later',
  ])
  wait(60_000)
  expect(await made.delete(aPod('a'), 'GrantOver')).toBe('deleted')
  expect(asked.at(-1)).toEqual(['delete clinic/a', { uid: 'uid-a', gracePeriodSeconds: 30 }])
  // Sessions end at their own pace, whatever else goes.
  expect([
    await made.delete(aPod('b'), 'GrantOver'),
    await made.evict(aPod('c'), 'Unguarded'),
    await made.evict(aPod('d'), 'GuardFails'),
  ]).toEqual(['later', 'evicted', 'later'])
  expect(made.counts().filter(({ count }) => count > 0)).toEqual([
    { cause: 'Unguarded', outcome: 'evicted', count: 1 },
    { cause: 'GrantOver', outcome: 'deleted', count: 1 },
    { cause: 'GrantOver', outcome: 'held', count: 2 },
  ])
  expect([...made.lately().keys()]).toEqual(['uid-a', 'uid-c'])
})
