// A token names a key that is not in its issuer's set: the issuer may have rotated its keys a moment ago. The operator is
// asked to look, and the token waits for what it finds: a rotation is no outage. Anyone who may connect can make up such
// tokens, so the operator is asked seldom, and nobody waits who comes in between.

import type { JSONWebKeySet } from 'jose'
import type { NewKeySet } from '../../core/identity/token.ts'
import type { KeySetRequest } from '../../core/wire.ts'
import type { Orders } from '../in-force.ts'
import { codeOf, type Log } from '../log.ts'
import type { Link } from './link.ts'

export type KeySetOptions = {
  link: Pick<Link, 'request'>
  orders: Pick<Orders, 'standing' | 'onChange'>
  log: Log
  /** Milliseconds: the least between two questions about one issuer, and the longest that a token waits. */
  timing?: { every: number; patience: number }
}

/** Never rejects. */
export function newKeySets(options: KeySetOptions): NewKeySet {
  const { link, orders, log, timing = { every: 5_000, patience: 2_000 } } = options
  /** Issuers out of the policy, so there are few. */
  const asked = new Map<string, { at: number; answer: Promise<void> }>()

  const current = (issuer: string): JSONWebKeySet | undefined => orders.standing().inForce?.jwks[issuer]

  async function ask(issuer: string, known: JSONWebKeySet): Promise<void> {
    const body: KeySetRequest = { issuer }
    const changed = changeOf(issuer, known)
    try {
      const answer = await link.request({
        method: 'POST',
        path: '/v1/key-sets',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
        // A channel that hangs keeps no token waiting longer than one that answers.
        signal: AbortSignal.timeout(timing.patience),
      })
      await answer.body.dump()
      if (answer.statusCode === 202) await changed.promise
    } catch (error) {
      log.warn('The operator could not be asked for the keys of an issuer', { error: codeOf(error) })
    } finally {
      changed.stop()
    }
  }

  /** Resolves when another set is in force, or patience is over. */
  function changeOf(issuer: string, known: JSONWebKeySet): { promise: Promise<void>; stop: () => void } {
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, timing.patience)
    const forget = orders.onChange(() => {
      if (current(issuer) !== known) resolve()
    })
    const stop = (): void => {
      clearTimeout(timer)
      forget()
    }
    return { promise, stop }
  }

  return async (issuer, known) => {
    const last = asked.get(issuer)
    if (current(issuer) === known) {
      if (last === undefined || performance.now() - last.at >= timing.every) {
        const answer = ask(issuer, known)
        asked.set(issuer, { at: performance.now(), answer })
        await answer
      } else await last.answer
    }
    const now = current(issuer)
    return now === known ? undefined : now
  }
}
