import { expect, test } from 'vitest'
import { quotaOfAttempts } from '../../../operator/admission/attempts.ts'
import { type EventQuota, eventRecorder } from '../../../operator/cluster/events.ts'
import { quiet } from './scripted-api.ts'

type Written = { verb: 'create' | 'patch'; body: unknown }

function recorder(fails = false, quota?: EventQuota) {
  const written: Written[] = []
  let tried = 0
  let now = Date.parse('2026-11-01T00:00:00Z')
  const events = eventRecorder({
    client: {
      create: async (_, object) => {
        tried += 1
        if (fails) throw new Error('planted')
        written.push({ verb: 'create', body: object })
        return object
      },
      patch: async <T>(...args: unknown[]) => {
        written.push({ verb: 'patch', body: args[3] })
        return {} as T
      },
    },
    instance: 'operator-0',
    log: quiet,
    now: () => now,
    ...(quota === undefined ? {} : { quota }),
  })
  return { events, written, attempts: () => tried, later: (ms: number) => (now += ms) }
}

const said = (name = 'ehr', reason = 'BreachSignal') => ({
  about: {
    apiVersion: 'hipaa-mcp.dev/v1alpha1',
    kind: 'HipaaMcpServer',
    metadata: { name, namespace: 'clinic', uid: `uid-${name}` },
  },
  type: 'Warning' as const,
  reason,
  action: 'Reporting',
  note: 'One person saw more patients than the rule allows.',
})

test('the same thing said again soon writes nothing, later it becomes a count', async () => {
  const { events, written, later } = recorder()

  events.say(said())
  events.say(said())
  later(301_000)
  events.say(said())

  await expect.poll(() => written.length).toBe(2)
  expect(written[0]).toMatchObject({
    verb: 'create',
    body: {
      kind: 'Event',
      reason: 'BreachSignal',
      eventTime: '2026-11-01T00:00:00.000000Z',
      regarding: { name: 'ehr' },
    },
  })
  expect(written[1]).toEqual({
    verb: 'patch',
    body: { series: { count: 3, lastObservedTime: '2026-11-01T00:05:01.000000Z' } },
  })
})

test('another object or reason is another Event, up to sixty a minute', async () => {
  const { events, written } = recorder()

  for (let i = 0; i < 100; i += 1) events.say(said(`ehr-${i}`))

  await expect.poll(() => written.length).toBe(60)
})

test('what is tried in one namespace, or in many that are not enrolled, hides nothing of another', async () => {
  const { events, written } = recorder(
    false,
    quotaOfAttempts((namespace) => /^(mine|clinic)$/.test(namespace)),
  )
  const tried = (namespace: string, name: string) =>
    events.say({ ...said(), about: { ...said().about, metadata: { name, namespace } } })

  for (let i = 0; i < 100; i += 1) {
    tried('mine', `n${i}`)
    tried(`made-${i}`, 'n')
  }
  tried('clinic', 'ehr-0')

  const namespaces = written.map(
    ({ body }) => (body as { metadata: { namespace: string } }).metadata.namespace,
  )
  expect(namespaces.filter((one) => one === 'mine')).toHaveLength(10)
  expect(namespaces.filter((one) => one.startsWith('made-'))).toHaveLength(10)
  expect(namespaces.filter((one) => one === 'clinic')).toHaveLength(1)
})

test('what is said of one name in two namespaces is two Events', async () => {
  const { events, written } = recorder()

  for (const namespace of ['clinic-a', 'clinic-b', 'clinic-a'])
    events.say({ ...said(), about: { ...said().about, metadata: { name: 'ehr-0', namespace } } })

  await expect.poll(() => written.length).toBe(2)
  expect(written).toMatchObject([
    { verb: 'create', body: { regarding: { name: 'ehr-0', namespace: 'clinic-a' } } },
    { verb: 'create', body: { regarding: { name: 'ehr-0', namespace: 'clinic-b' } } },
  ])
})

test('an Event that cannot be written is tried again when it is said again', async () => {
  const { events, attempts } = recorder(true)

  events.say(said())
  await expect.poll(attempts).toBe(1)
  events.say(said())

  await expect.poll(attempts).toBe(2)
})
