import { expect, test } from 'vitest'
import type { Operation, Request } from '../../../operator/admission/review.ts'
import { judgeStamp } from '../../../operator/admission/stamp.ts'
import { verifies } from '../../verifies.ts'

const now = Date.parse('2026-11-01T12:00:00.250Z')
const stamp = { by: 'maria', at: '2026-11-01T12:00:00Z' }

function stamped(
  operation: 'CREATE' | 'UPDATE',
  spec: object,
  before?: object,
  resource = 'breakglassgrants',
): Operation[] | string {
  const request: Request = {
    uid: 'u',
    operation,
    namespace: 'clinic',
    resource: { group: 'hipaa-mcp.dev', version: 'v1alpha1', resource },
    object: { spec },
    ...(before === undefined ? {} : { oldObject: { spec: before } }),
    userInfo: { username: 'maria' },
  }
  const verdict = judgeStamp(request, now)
  return verdict.allowed ? (verdict.patch ?? []) : verdict.message
}

verifies('access:break-glass', 'who asks stands in the request, whatever was typed', () => {
  const wanted = [{ op: 'add', path: '/spec/requestedBy', value: 'maria' }]

  expect(stamped('CREATE', { server: 'ehr' })).toEqual(wanted)
  expect(stamped('CREATE', { server: 'ehr', requestedBy: 'somebody else' })).toEqual(wanted)
})

for (const decision of ['approval', 'end', 'review'])
  verifies('access:break-glass', `who writes ${decision} and when is written over what was typed`, () => {
    const typed = { finding: 'Justified', by: 'somebody else', at: '2000-01-01T00:00:00Z' }

    expect(stamped('UPDATE', { [decision]: typed }, {})).toEqual([
      { op: 'replace', path: `/spec/${decision}`, value: { finding: 'Justified', ...stamp } },
    ])
    expect(stamped('UPDATE', { [decision]: {} }, {})).toEqual([
      { op: 'replace', path: `/spec/${decision}`, value: stamp },
    ])
  })

test('what stands already is not touched, and what is no decision neither', () => {
  const approval = { by: 'erika', at: '2026-11-01T11:50:00Z' }

  expect(stamped('UPDATE', { approval, minutes: 30 }, { approval, minutes: 30 })).toEqual([])
  expect(stamped('UPDATE', { approval: 'yes' }, {})).toEqual([])
})

verifies('access:revocation', 'who revokes stands in the revocation', () => {
  expect(stamped('CREATE', { client: 'x', revokedBy: 'y' }, undefined, 'accessrevocations')).toEqual([
    { op: 'add', path: '/spec/revokedBy', value: 'maria' },
  ])
})

test('without a person or a spec nothing is let through', () => {
  const request = {
    uid: 'u',
    operation: 'CREATE' as const,
    namespace: 'clinic',
    resource: { group: 'hipaa-mcp.dev', version: 'v1alpha1', resource: 'breakglassgrants' },
  }

  for (const more of [{ object: { spec: {} } }, { object: {}, userInfo: { username: 'maria' } }])
    expect(judgeStamp({ ...request, ...more }, now)).toMatchObject({ allowed: false })
})
