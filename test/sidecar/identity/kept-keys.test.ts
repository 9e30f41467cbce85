// Which key sets are in force when the operator knows some, none, or other ones.

import type { JSONWebKeySet } from 'jose'
import { expect, test } from 'vitest'
import type { Issuer } from '../../../core/policy.ts'
import type { Orders } from '../../../core/wire.ts'
import type { InForce } from '../../../sidecar/in-force.ts'
import { OrdersJudge } from '../../../sidecar/judge-orders.ts'
import { authority } from '../../sample/certificates.ts'
import { aPolicy, issuerUrl } from '../../support/policy.ts'
import { verifies } from '../../verifies.ts'
import { someOrders } from '../installation.ts'

const clientCa = (await authority('callers')).cert
const partner = 'https://partner.example'
const [issuer] = aPolicy().issuers as [Issuer]
const set = (kid: string): JSONWebKeySet => ({ keys: [{ kty: 'EC', kid }] })

function aJudge(): (jwks: Orders['jwks'], issuers?: string[]) => InForce {
  const judge = new OrdersJudge({
    server: { namespace: 'clinic', name: 'ehr' },
    acknowledge: 'Stream',
    port: 8080,
    transport: 'StreamableHttp',
  })
  let generation = 0
  return (jwks, issuers = [issuerUrl, partner]) => {
    const policy = aPolicy({
      tls: { minVersion: 'TLSv1.3', clientCa },
      issuers: issuers.map((url) => ({ ...issuer, url })),
    })
    generation += 1
    const { inForce } = judge.judge(someOrders(policy, { jwks, generation }))
    if (inForce === undefined) throw new Error('The orders were not taken')
    return inForce
  }
}

verifies('authentication:issuers', 'an operator that has just started takes no keys away', () => {
  const hear = aJudge()
  const before = hear({ [issuerUrl]: set('one'), [partner]: set('two') }).jwks

  expect(hear({}).jwks).toBe(before)
  expect(hear({ [issuerUrl]: set('one') }).jwks).toBe(before)
})

verifies('authentication:issuers', 'a rotated set replaces its own and no other', () => {
  const hear = aJudge()
  const before = hear({ [issuerUrl]: set('one'), [partner]: set('two') }).jwks

  const after = hear({ [issuerUrl]: set('three') }).jwks

  expect(after).toEqual({ [issuerUrl]: set('three'), [partner]: set('two') })
  expect(after[partner]).toBe(before[partner])
})

verifies(
  'authentication:issuers',
  'an issuer that is trusted no more has no keys, and gets none back',
  () => {
    const hear = aJudge()
    hear({ [issuerUrl]: set('one'), [partner]: set('two') })

    expect(hear({}, [issuerUrl]).jwks).toEqual({ [issuerUrl]: set('one') })
    expect(hear({}).jwks).toEqual({ [issuerUrl]: set('one') })
  },
)

test('a set of an issuer that the policy does not name is not looked at', () => {
  expect(aJudge()({ [issuerUrl]: set('one'), 'https://evil.example': set('x') }).jwks).toEqual({
    [issuerUrl]: set('one'),
  })
})
