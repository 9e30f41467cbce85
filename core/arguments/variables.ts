// The variables of a resource's address as arguments: they may be of any form that an address takes, and lead to one
// patient, never to all.

import { type ArgumentCheck, argumentCheck } from '../argument-check.ts'
import type { Resource } from '../policy.ts'

export function variablesCheck(
  { patient, limits }: Pick<Resource, 'patient' | 'limits'>,
  variables: readonly string[],
): ArgumentCheck {
  if (variables.length === 0) return () => undefined
  return argumentCheck({
    arguments: {
      type: 'object',
      properties: Object.fromEntries(variables.map((name) => [name, { type: 'string' }])),
    },
    with: {},
    ...(patient === undefined ? {} : { patient: `/${patient}` }),
    bulk: 'Forbidden',
    limits,
  })
}
