// A narrow tool's own names for arguments.

import { expect } from 'vitest'
import { argumentCheck } from '../../../core/argument-check.ts'
import { renameIssues, renaming } from '../../../core/arguments/rename.ts'
import type { JsonObject } from '../../../core/canonical.ts'
import { aTool } from '../../support/policy.ts'
import { verifies } from '../../verifies.ts'

verifies('minimum:renaming', 'each goes to its place, the rest stays as it is called', () => {
  const { apply } = renaming({ patient_id: '/patient/identifier', system: '/patient/system', day: '/on' })

  expect(apply({ patient_id: 'p-1', system: 's', day: '2024', other: [1] })).toEqual({
    patient: { identifier: 'p-1', system: 's' },
    on: '2024',
    other: [1],
  })
  expect(apply({ other: 1 })).toEqual({ other: 1 })
})

verifies('minimum:renaming', 'two names change places', () => {
  expect(renaming({ a: '/b', b: '/a' }).apply({ a: 1, b: 2 })).toEqual({ a: 2, b: 1 })
})

verifies('minimum:renaming', 'without one the arguments are the same object', () => {
  const args = { a: 1 }

  expect(renaming({}).apply(args)).toBe(args)
})

verifies(
  'minimum:renaming',
  'the server’s own name is nobody’s argument, even where the schema is open',
  () => {
    const check = argumentCheck(
      aTool({
        arguments: {
          type: 'object',
          properties: { patient_id: { type: 'string' } },
          additionalProperties: true,
        },
        rename: { patient_id: '/patient/identifier' },
      }),
    )

    expect(check({ patient_id: 'p-1', patient: { identifier: 'p-2' } })).toMatchObject({
      argument: 'patient',
      rule: 'is set by the policy, never by the caller',
    })
  },
)

const wrong: [what: string, rename: { [name: string]: string }, constants: JsonObject, says: string][] = [
  ['no pointer', { a: 'patient' }, {}, 'no JSON Pointer'],
  ['a prototype', { a: '/__proto__/x' }, {}, 'no JSON Pointer'],
  ['a name that is no argument', { z: '/x' }, {}, 'no property of that name'],
  ['a constant of the policy', { a: '/x/y' }, { x: 1 }, 'stands in with too'],
  ['an argument that keeps its name', { a: '/b' }, {}, 'rename it as well'],
  ['one place for two', { a: '/x', b: '/x' }, {}, 'same place'],
  ['a place within another', { a: '/x', b: '/x/y' }, {}, 'same place'],
]
for (const [what, rename, constants, says] of wrong)
  verifies('minimum:renaming', `${what} is an issue of the policy`, () => {
    const schema = { type: 'object', properties: { a: {}, b: {} } }

    expect(renameIssues({ rename, arguments: schema, with: constants }).join()).toContain(says)
  })

verifies('minimum:renaming', 'none where each has a place of its own', () => {
  const schema = { type: 'object', properties: { a: {}, b: {} } }

  expect(renameIssues({ rename: { a: '/x/y', b: '/x/z' }, arguments: schema, with: { w: 1 } })).toEqual([])
})
