// Where a token may stand in a request, and where it must not; who may act; what goes on to the server.

import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { aMessage } from '../../support/message.ts'
import { aPolicy, aRole } from '../../support/policy.ts'
import { aScene, type Scene } from '../../support/scene.ts'
import { verifies } from '../../verifies.ts'

let scene: Scene
beforeAll(async () => {
  scene = await aScene()
})
afterAll(async () => await scene.end())
beforeEach(() => {
  scene.forget()
  scene.use(aPolicy())
})

const places = [
  'access_token=',
  'x=1&access_token=',
  'Access_Token=',
  'token=',
  'id_token=',
  'authorization=Bearer%20',
]
for (const place of places)
  verifies('transmission:token-in-url', `in ?${place}`, async () => {
    const token = await scene.token()

    const reply = await scene.ask({ path: `/mcp?${place}${token}` })

    expect([reply.status, reply.json['error']]).toMatchObject([400, { data: { reason: 'token-in-url' } }])
    expect(scene.trail.of('refusal')).toMatchObject([{ reason: 'token-in-url', stage: 'transport' }])
    expect(JSON.stringify([reply.text, scene.trail.entries])).not.toContain(token.slice(-20))
    expect(scene.upstream.asked).toEqual([])
  })

verifies('transmission:token-in-url', 'any other query stays what it was', async () => {
  const reply = await scene.ask({ path: '/mcp?tokens=3' })

  expect(reply.json['error']).toMatchObject({ data: { reason: 'query-in-url' } })
})

test('two Authorization headers are refused, whatever they say', async () => {
  const token = await scene.token()
  const twice = [`Bearer ${token}`, `Bearer ${token}`] as unknown as string

  const reply = await scene.ask({ token: null, headers: { authorization: twice } })

  expect([reply.status, reply.json['error']]).toMatchObject([
    400,
    { data: { reason: 'authorization-repeated' } },
  ])
  expect(scene.trail.of('refusal')).toMatchObject([{ reason: 'authorization-repeated' }])
})

verifies('authentication:no-passthrough', 'nothing of the token reaches the server', async () => {
  const token = await scene.token()

  expect((await scene.ask({ token })).status).toBe(200)

  const [asked] = scene.upstream.asked
  expect(asked?.headers).not.toHaveProperty('authorization')
  expect(asked?.headers).not.toHaveProperty('dpop')
  for (const part of token.split('.')) expect(JSON.stringify(asked)).not.toContain(part)
})

const rules = [
  { actor: 'Forbidden', alone: true, behind: false },
  { actor: 'Allowed', alone: true, behind: true },
  { actor: 'Required', alone: false, behind: true },
] as const
for (const { actor, alone, behind } of rules)
  verifies('authentication:actor', `a role with actor ${actor}`, async () => {
    scene.use(aPolicy({ roles: [aRole({ when: { role: 'Clinician', scopes: [], actor } })] }))
    const served = async (claims: Record<string, unknown>) => {
      const token = await scene.token(claims)
      const called = await scene.ask({ token })
      const listed = await scene.ask({ token, ...aMessage('tools/list') })
      return [called.json['error'] === undefined, listed.json['error'] === undefined]
    }

    expect(await served({})).toEqual([alone, alone])
    expect(await served({ act: { sub: 'scribe' } })).toEqual([behind, behind])
    const acting = scene.trail.of('intent').filter(({ who }) => who.actor !== undefined)
    expect(acting.map(({ who }) => [who.sub, who.actor?.sub])).toEqual(
      behind
        ? [
            ['nurse-7', 'scribe'],
            ['nurse-7', 'scribe'],
          ]
        : [],
    )
  })

verifies(
  'authentication:actor',
  'a service without a person behind it gets nothing, whatever the role',
  async () => {
    scene.use(aPolicy({ roles: [aRole({ when: { role: 'Clinician', scopes: [], actor: 'Allowed' } })] }))

    const reply = await scene.ask({ token: await scene.token({ sub: 'agent', act: { sub: 'nurse-7' } }) })

    expect(reply.json['error']).toMatchObject({ data: { reason: 'token-not-a-person' } })
  },
)

verifies('access:revocation', 'a service whose access was ended acts for nobody any more', async () => {
  scene.use(aPolicy({ roles: [aRole({ when: { role: 'Clinician', scopes: [], actor: 'Allowed' } })] }))
  const token = await scene.token({ act: { sub: 'scribe' } })
  expect((await scene.ask({ token })).json['error']).toBeUndefined()

  scene.orders.revocations.set([{ kind: 'client', value: 'scribe' }])
  const after = await scene.ask({ token })
  scene.orders.revocations.set([])

  expect(after.json['error']).toMatchObject({ data: { reason: 'client-revoked' } })
})
