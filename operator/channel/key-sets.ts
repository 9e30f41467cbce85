// Each replica fetches issuers' key sets for itself, and a sidecar that sees a new key tells the one that it hangs on. A
// person's enrolment may come to another: it looks for itself before it says that the token is not good.

import type { JSONWebKeySet } from 'jose'
import type { NewKeySet } from '../../core/identity/token.ts'
import type { OrdersSource } from '../orders-source.ts'

export type KeySetsOptions = {
  orders: Pick<OrdersSource, 'for' | 'subscribe'>
  /** Has the issuer asked, as often as is right and no oftener. */
  unknownKey: (namespace: string, server: string, issuer: string) => void
  /** Longest wait, milliseconds. */
  patience?: number
}

/** Of the issuers of one server. Each waits until another set is there, and not longer than patience. */
export function newKeySets(options: KeySetsOptions) {
  const { orders, unknownKey, patience = 2_000 } = options
  return (sidecar: { namespace: string; server: string; podUid: string }): NewKeySet => {
    const { namespace, server, podUid } = sidecar
    return async (issuer, known) => {
      const other = (): JSONWebKeySet | undefined => {
        const now = orders.for(namespace, server, podUid)?.jwks[issuer]
        return JSON.stringify(now) === JSON.stringify(known) ? undefined : now
      }
      const { promise, resolve } = Promise.withResolvers<void>()
      const timer = setTimeout(resolve, patience)
      const forget = orders.subscribe(namespace, server, () => {
        if (other() !== undefined) resolve()
      })
      try {
        unknownKey(namespace, server, issuer)
        await promise
      } finally {
        clearTimeout(timer)
        forget()
      }
      return other()
    }
  }
}
