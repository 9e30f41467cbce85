// Expressions of the API server (CEL) judged without one, over members whose types are not told.

import { Environment } from '@marcbachmann/cel-js'

/** What an expression says of a context of these members. */
export function celOf(expression: string, members: readonly string[]): (context: object) => unknown {
  const environment = new Environment({ enableOptionalTypes: true })
  for (const name of members) environment.registerVariable(name, 'dyn')
  return environment.parse(expression)
}
