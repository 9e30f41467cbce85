// Automatic logoff: idle and absolute, per person and certificate, over pods that come and go.

import { afterEach, beforeEach, expect } from 'vitest'
import { withValue } from '../../support/mcp-server.ts'
import { aCall, aMessage } from '../../support/message.ts'
import { aScene, caller, type Scene } from '../../support/scene.ts'
import { verifies } from '../../verifies.ts'

const minute = 60_000
const sessions = { idleSeconds: 900, absoluteSeconds: 4 * 3600 }

let scene: Scene
let clock = Date.now()
let began = clock
let elsewhere: () => Promise<number | undefined>
let asked = 0
beforeEach(async () => {
  clock = began = Date.now()
  asked = 0
  elsewhere = async () => undefined
  scene = await aScene({
    policy: { sessions, mfa: { maxAgeSeconds: 12 * 3600 } },
    clock: () => clock,
    elsewhere: async () => {
      asked += 1
      return await elsewhere()
    },
  })
  scene.upstream.answering = withValue({ conditions: [{ code: 'E11.9' }] })
})
afterEach(async () => {
  expect(scene.faults).toEqual([])
  await scene.end()
})

const tokens = new Map<number, string>()
/** A token of a login at that many minutes; always fresh itself, as after a silent renewal. */
async function call(login: number, method?: string): Promise<string> {
  const loginAt = Math.floor((began + login * minute) / 1000)
  const token = await scene.token({
    auth_time: loginAt,
    iat: clock / 1000,
    exp: clock / 1000 + 600,
    jti: `t-${clock}`,
  })
  tokens.set(login, token)
  const reply = await scene.ask({ ...(method === undefined ? aCall() : aMessage(method)), token })
  return reply.status === 200 ? 'served' : (scene.trail.of('refusal').at(-1)?.reason ?? String(reply.status))
}
const after = (minutes: number) => {
  clock = began + minutes * minute
}

verifies('authentication:logoff', 'it goes on as long as something is asked for, and no longer', async () => {
  for (const minutes of [0, 14, 28, 42]) {
    after(minutes)
    expect(await call(0)).toBe('served')
  }
  after(42 + 15)
  expect(await call(0)).toBe('served')
  after(57 + 15.01)
  expect(await call(0)).toBe('session-idle')
  expect(scene.trail.of('refusal')).toMatchObject([{ who: { sub: 'nurse-7' }, reason: 'session-idle' }])
})

verifies('authentication:logoff', 'once over it stays over, until a new login', async () => {
  expect(await call(0)).toBe('served')
  after(16)
  expect(await call(0)).toBe('session-idle')
  // A renewed token is no login, and another pod's activity comes too late.
  elsewhere = async () => clock
  expect(await call(0)).toBe('session-idle')
  expect(asked).toBe(1)

  expect(await call(15.9)).toBe('served')
  after(30)
  expect(await call(15.9)).toBe('served')
  expect(await call(0)).toBe('session-idle')
})

verifies('authentication:logoff', 'the challenge says how recent the login must be', async () => {
  after(16)
  const token = await scene.token({ auth_time: began / 1000, exp: clock / 1000 + 600 })

  const reply = await scene.ask({ token })

  expect(reply.status).toBe(401)
  expect(reply.headers['www-authenticate']).toMatch(/insufficient_user_authentication.*max_age="900"/)
})

verifies('authentication:logoff', 'what hosts send by themselves keeps no session awake', async () => {
  expect(await call(0)).toBe('served')
  for (const minutes of [5, 10, 14]) {
    after(minutes)
    expect(await call(0, 'ping')).toBe('served')
    expect(await call(0, 'tools/list')).toBe('served')
  }
  after(16)
  expect(await call(0, 'ping')).toBe('session-idle')
})

verifies(
  'authentication:logoff',
  'the login itself ends after its time, whatever was asked for',
  async () => {
    for (let minutes = 0; minutes < 240; minutes += 10) {
      after(minutes)
      expect(await call(0)).toBe('served')
    }
    after(240.1)
    expect(await call(0)).toBe('session-over')
    const { token } = { token: tokens.get(0) as string }
    expect((await scene.ask({ token })).headers['www-authenticate']).toContain('max_age="14400"')
    expect(await call(240)).toBe('served')
  },
)

verifies('authentication:logoff', 'a pod that just began asks what others saw', async () => {
  after(60)
  elsewhere = async () => clock - 14 * minute
  expect(await call(0)).toBe('served')
  // Known here now: nobody is asked again.
  expect(await call(0)).toBe('served')
  expect(asked).toBe(1)
})

verifies('authentication:logoff', 'a pod that saw nothing for a while asks what others saw', async () => {
  expect(await call(0)).toBe('served')
  after(40)
  elsewhere = async () => began + 30 * minute
  expect(await call(0)).toBe('served')
})

for (const [when, answer] of [
  ['nobody knows of anything', async () => undefined],
  ['it was too long ago elsewhere as well', async () => began],
  ['nobody answers', () => Promise.reject(new Error('away'))],
] as const)
  verifies('authentication:logoff', `a pod that just began takes unknown for idle: ${when}`, async () => {
    after(60)
    elsewhere = answer
    expect(await call(0)).toBe('session-idle')
  })

verifies('authentication:logoff', 'when nobody answered it is asked again the next time', async () => {
  after(60)
  elsewhere = () => Promise.reject(new Error('away'))
  expect(await call(0)).toBe('session-idle')
  elsewhere = async () => clock - minute
  expect(await call(0)).toBe('served')
})

verifies('authentication:logoff', 'another certificate is another session', async () => {
  expect(await call(0)).toBe('served')
  const other = await caller('other')
  after(10)
  expect(await call(0)).toBe('served')
  after(20)
  const token = await scene.token(
    { auth_time: began / 1000, exp: clock / 1000 + 600, iat: clock / 1000 },
    other,
  )
  const agent = await scene.agent(other)

  expect((await scene.ask({ token, agent })).status).toBe(401)
  expect(await call(0)).toBe('served')
})
