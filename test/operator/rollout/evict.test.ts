import { expect, test } from 'vitest'
import { ApiError } from '../../../operator/cluster/client.ts'
import { evictor, type Outcome } from '../../../operator/rollout/evict.ts'
import { verifies } from '../../verifies.ts'
import { quiet } from '../cluster/scripted-api.ts'
import { aPod } from '../world.ts'

function scene(answers: number[] = []) {
  const asked: [string, unknown][] = []
  let time = 0
  const made = evictor({
    client: {
      post: async (path, body) => {
        asked.push([path, body])
        const status = answers.shift() ?? 201
        if (status >= 400) throw new ApiError(status, 'Planted', 'planted')
        return {} as never
      },
    },
    log: quiet,
    now: () => time,
  })
  return { made, asked, wait: (milliseconds: number) => void (time += milliseconds) }
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
  [404, 'gone'],
  [409, 'gone'],
]
for (const [status, outcome] of answers)
  verifies(
    'injection:rollout',
    `the API server answers ${status}: the pod is ${outcome}, and does not count as evicted`,
    async () => {
      const { made } = scene([status])

      expect(await made.evict(aPod('a'), 'Unguarded')).toBe(outcome)
      expect(made.lately().size).toBe(0)
      const held = made.counts().find((one) => one.cause === 'Unguarded' && one.outcome === 'held')
      expect(held?.count).toBe(status === 429 ? 1 : 0)
    },
  )

test('what else the API server says is a failure, and the next try waits its turn', async () => {
  const { made } = scene([403])

  await expect(made.evict(aPod('a'), 'Unguarded')).rejects.toThrow('planted')
  expect(await made.evict(aPod('a'), 'Unguarded')).toBe('later')
})
