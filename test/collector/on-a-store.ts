// What the tests of a file need that run several collectors on one store: an operator, and the store's own server.

import { afterAll, afterEach, beforeAll } from 'vitest'
import { type Certificate, certify } from './peers.ts'
import { anOperator, endCollectors, type Operator } from './running.ts'

type Server = { remove: () => void | Promise<void> }

/**
 * Both are there while tests run, and go behind the last one; collectors go behind each. `make` gets a certificate for
 * `localhost` and the PEM of its CA.
 */
export function onAStore<S extends Server>(
  make: (certificate: Certificate, ca: string) => Promise<S>,
): { readonly operator: Operator; readonly server: S } {
  const on: { operator?: Operator; server?: S } = {}
  beforeAll(async () => {
    const operator = await anOperator()
    on.operator = operator
    const { authority } = operator
    on.server = await make(await certify(authority, undefined, { names: ['localhost'] }), authority.pem)
  }, 120_000)
  afterAll(async () => {
    on.operator?.end()
    await on.server?.remove()
  })
  afterEach(endCollectors)
  return on as { operator: Operator; server: S }
}
