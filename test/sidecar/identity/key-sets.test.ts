// A token names an unknown key: the operator is asked, seldom, and the token waits for what it finds, not for ever.

import type { JSONWebKeySet } from 'jose'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { newKeySets } from '../../../sidecar/channel/key-sets.ts'
import { anInForce, someOrders } from '../../support/in-force.ts'
import { issuerUrl } from '../../support/policy.ts'
import { verifies } from '../../verifies.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const old: JSONWebKeySet = { keys: [] }
const fresh: JSONWebKeySet = { keys: [] }

function asking(answers: () => number = () => 202) {
  const orders = someOrders({ inForce: anInForce({ jwks: { [issuerUrl]: old } }) })
  const asked: unknown[] = []
  const request = async ({ path, body }: { path: string; body?: string | Buffer }) => {
    asked.push([path, JSON.parse(String(body))])
    const statusCode = answers()
    if (statusCode === 0) throw new Error('away')
    return await Promise.resolve({ statusCode, body: { dump: async () => {} } })
  }
  const log = { info: () => {}, warn: () => {}, error: () => {} }
  const link = { request } as unknown as Parameters<typeof newKeySets>[0]['link']
  return { asked, orders, look: newKeySets({ link, orders, log }) }
}
const rotate = (orders: ReturnType<typeof asking>['orders']) =>
  orders.set({ inForce: anInForce({ jwks: { [issuerUrl]: fresh } }) })

verifies(
  'authentication:issuers',
  'many tokens with a new key cost one question, and all get the new set',
  async () => {
    const { asked, orders, look } = asking()

    const all = Promise.all(Array.from({ length: 20 }, async () => await look(issuerUrl, old)))
    await vi.advanceTimersByTimeAsync(100)
    rotate(orders)

    expect(new Set(await all)).toEqual(new Set([fresh]))
    expect(asked).toEqual([['/v1/key-sets', { issuer: issuerUrl }]])
    // Who still holds the old set gets the new one without a question.
    expect(await look(issuerUrl, old)).toBe(fresh)
    expect(asked).toHaveLength(1)
  },
)

verifies(
  'authentication:issuers',
  'made-up keys cost a question in five seconds, and nobody in between waits',
  async () => {
    const { asked, look } = asking()

    const first = look(issuerUrl, old)
    await vi.advanceTimersByTimeAsync(2_000)
    expect(await first).toBeUndefined()
    expect(await look(issuerUrl, old)).toBeUndefined()
    expect(asked).toHaveLength(1)

    await vi.advanceTimersByTimeAsync(3_001)
    const later = look(issuerUrl, old)
    await vi.advanceTimersByTimeAsync(2_000)
    expect(await later).toBeUndefined()
    expect(asked).toHaveLength(2)
  },
)

test('an operator that is away or refuses is not waited for', async () => {
  for (const status of [0, 401, 404]) {
    const { look } = asking(() => status)

    expect(await look(issuerUrl, old)).toBeUndefined()
  }
})
