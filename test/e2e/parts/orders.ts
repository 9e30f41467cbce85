// A change of policy and a lockdown, timed by the trail itself: patch to the record that says so.

import { expect } from 'vitest'
import { call } from '../../demo/calls.ts'
import { until } from '../../demo/kubectl.ts'
import { lock, unlock } from '../../demo/steps/lockdown.ts'
import { verifies } from '../../verifies.ts'
import { ofKind, type Stage, verifiedTrail } from './stage.ts'

const limit = 5_000

const patch = (spec: object) => [
  'patch',
  'hipaamcpserver',
  'ehr',
  '-n',
  'clinic',
  '--type=merge',
  '-p',
  JSON.stringify({ spec }),
]

export function orders(stage: Stage): void {
  verifies('access:lockdown', 'one field is patched', async () => {
    const from = Date.now()

    const { outcome } = await lock(stage(), 'drill of the test')
    const { records } = await verifiedTrail(stage(), 'lockdown')
    await unlock(stage())

    expect(!outcome.ok && outcome.status).toBe(503)
    expect(!outcome.ok && outcome.code).toBe(164308)
    const inForce = ofKind(records, 'orders').filter(
      ({ at, locked }) => Date.parse(at) >= from && locked === 'lockdown',
    )
    expect(inForce.length).toBeGreaterThan(0)
    const milliseconds = Math.max(...inForce.map(({ at }) => Date.parse(at))) - from
    console.log(`    a lockdown was in force ${milliseconds} ms after the patch`)
    expect(milliseconds).toBeLessThanOrEqual(limit)
  })

  verifies('operator:orders', 'a tool is taken from a role, and given back', async () => {
    const { kubectl, records: patients } = stage()
    const server = await kubectl.get<{ spec: { roles: { name: string; tools: string[] }[] } }>(
      'hipaamcpserver',
      'ehr',
      '-n',
      'clinic',
    )
    const roles = server?.spec.roles ?? []
    const narrower = roles.map((role) => ({
      ...role,
      tools: role.tools.filter((tool) => tool !== 'list_medications'),
    }))
    const from = Date.now()

    await kubectl.run(patch({ roles: narrower }))
    const patient_id = patients[0]?.patient.id ?? ''
    const refused = await until('the tool is gone', 30, async () => {
      const seen = await call(stage(), 'list_medications', { patient_id })
      return seen.ok ? undefined : seen
    })
    await kubectl.run(patch({ roles }))
    await until('the tool is back', 30, async () =>
      (await call(stage(), 'list_medications', { patient_id })).ok ? true : undefined,
    )

    expect(!refused.ok && refused.code).toBe(-32602)
    const { records } = await verifiedTrail(stage(), 'orders')
    const first = ofKind(records, 'orders')
      .map(({ at }) => Date.parse(at))
      .filter((at) => at >= from)
      .toSorted((a, b) => a - b)[0]
    expect(first).toBeDefined()
    console.log(`    a change of policy was in force ${(first as number) - from} ms after the patch`)
    expect((first as number) - from).toBeLessThanOrEqual(limit)
  })
}
