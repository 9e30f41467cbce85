// A wall clock that jumps and comes back: what hangs on time goes on as if it had not, but for what a token, a login and a
// certificate say themselves.

import { afterEach, beforeEach, expect, test } from 'vitest'
import { Deadlines } from '../../../sidecar/deadline.ts'
import { withValue } from '../../support/mcp-server.ts'
import { aCall } from '../../support/message.ts'
import { aPolicy, aTool, someLimits } from '../../support/policy.ts'
import { aScene, type Scene } from '../../support/scene.ts'
import { verifies } from '../../verifies.ts'

const minute = 60_000
const hour = 60 * minute

let scene: Scene
let wall = Date.now()
let steady = 0
let token: string
beforeEach(async () => {
  wall = Date.now()
  steady = 0
  scene = await aScene({
    policy: { sessions: { idleSeconds: 900, absoluteSeconds: 12 * 3600 } },
    clock: () => wall,
    steady: () => steady,
  })
  scene.upstream.answering = withValue({ conditions: [{ code: 'E11.9' }] })
  token = await scene.token({ exp: wall / 1000 + 2 * 3600 })
})
afterEach(async () => {
  expect(scene.faults).toEqual([])
  await scene.end()
})

/** So many calls a minute. */
const limited = (callsPerMinute: number) =>
  aPolicy({ tools: [aTool({ limits: someLimits({ callsPerMinute }) })] })

const pass = (milliseconds: number): void => {
  wall += milliseconds
  steady += milliseconds
}
async function call(): Promise<string> {
  const before = scene.trail.of('refusal').length
  await scene.ask({ ...aCall(), token })
  return scene.trail.of('refusal')[before]?.reason ?? 'served'
}

verifies('authentication:logoff', 'a jump ahead and back ends no session', async () => {
  expect(await call()).toBe('served')
  wall += 20 * minute
  expect(await call()).toBe('served')
  wall += 3 * hour
  expect(await call()).toBe('token-expired')
  wall -= 3 * hour + 20 * minute
  expect(await call()).toBe('served')
})

verifies('authentication:logoff', 'a jump ahead ends for good no session that began unseen', async () => {
  wall += 20 * minute
  expect(await call()).toBe('session-idle')
  wall -= 20 * minute
  expect(await call()).toBe('served')

  pass(16 * minute)
  token = await scene.token({ auth_time: wall / 1000, exp: wall / 1000 + 2 * 3600 })
  wall += 20 * minute
  expect(await call()).toBe('session-idle')
  wall -= 20 * minute
  expect(await call()).toBe('served')
})

verifies('authentication:logoff', 'a jump back lengthens none', async () => {
  expect(await call()).toBe('served')
  pass(15 * minute + 1)
  wall -= 15 * minute
  expect(await call()).toBe('session-idle')
})

verifies(
  'access:limits',
  'calls made while the clock was ahead count for a minute, not until then',
  async () => {
    scene.use(limited(2))
    wall += 20 * minute
    expect([await call(), await call(), await call()]).toEqual(['served', 'served', 'calls-over-limit'])
    wall -= 20 * minute
    expect(await call()).toBe('calls-over-limit')
    pass(minute)
    expect(await call()).toBe('served')
  },
)

verifies('access:limits', 'a jump ahead frees nobody of a limit', async () => {
  scene.use(limited(1))
  expect(await call()).toBe('served')
  wall += 5 * minute
  expect(await call()).toBe('calls-over-limit')
})

test('a permit ends by either clock, and a ban when both say so', () => {
  let [now, since] = [1_000, 0]
  const deadlines = new Deadlines({ wall: () => now, steady: () => since })
  const said = [{ of: 'it', until: 1_100 }]
  const [end] = deadlines.set(said)
  expect([end?.come(), end?.surelyCome()]).toEqual([false, false])
  now += 1_000
  expect([end?.come(), end?.surelyCome()]).toEqual([true, false])
  now -= 1_000
  expect(end?.come()).toBe(false)
  since += 100
  expect([end?.come(), end?.surelyCome()]).toEqual([true, false])
  // Said again, it is no later for that; said with another end, it is another.
  expect(deadlines.set(said)[0]?.come()).toBe(true)
  expect(deadlines.set([{ of: 'it', until: 1_101 }])[0]?.come()).toBe(false)
  now += 1_000
  expect(end?.surelyCome()).toBe(true)
})
