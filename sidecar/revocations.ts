// Access that was ended (45 CFR 164.308(a)(3)(ii)(C)): looked up on every call, before and after a remembered token
// answers who it is, so that nothing remembered outlives it.

import { hash } from 'node:crypto'
import type { RevocationOrder, Orders as Wire } from '../core/wire.ts'

export type RevokedKind = RevocationOrder['kind']

/** What a call shows of itself. */
export type Shown = {
  iss: string
  sub: string
  /** x5t#S256. */
  certificate: string
  /** Thumbprint of the key that signs requests (DPoP). */
  key?: string
  clientId?: string
  /** The service that acts for the person. */
  actor?: { sub: string }
  /** jti. */
  token?: string
}

export interface Revocations {
  /** Replaces all that is known. */
  set(revocations: Wire['revocations']): void
  /** What of this caller was revoked; undefined when nothing was. `authorization`: the header that the token came in. */
  of(shown: Shown, authorization?: string): RevokedKind | undefined
}

/** `clock`: milliseconds since 1970. */
export function keepRevocations(clock: () => number): Revocations {
  /** `kind value` -> when it ends. */
  let known = new Map<string, number>()
  let byHash = false

  const holds = (kind: RevokedKind, value: string | undefined): boolean => {
    const until = value === undefined ? undefined : known.get(`${kind} ${value}`)
    return until !== undefined && clock() < until
  }

  return {
    set(revocations) {
      known = new Map()
      for (const { kind, value, until } of revocations) {
        const end = until === undefined ? Number.POSITIVE_INFINITY : Date.parse(until)
        const before = known.get(`${kind} ${value}`) ?? Number.NEGATIVE_INFINITY
        // Of two for the same the longer counts. A date that does not parse is NaN: it never ends, which is the safe side.
        known.set(`${kind} ${value}`, Number.isNaN(end) ? Number.POSITIVE_INFINITY : Math.max(before, end))
      }
      byHash = revocations.some(({ kind }) => kind === 'token-hash')
    },
    of({ iss, sub, certificate, key, clientId, actor, token }, authorization) {
      if (known.size === 0) return undefined
      if (holds('person', `${iss} ${sub}`)) return 'person'
      if (holds('certificate', certificate) || holds('certificate', key)) return 'certificate'
      if (holds('client', clientId) || holds('client', actor?.sub)) return 'client'
      if (holds('token', token)) return 'token'
      // A hash costs something, and hardly anybody revokes by one.
      if (!byHash || authorization === undefined) return undefined
      const bearer = authorization.replace(/^\S+ /, '')
      return holds('token-hash', hash('sha256', bearer, 'hex')) ? 'token-hash' : undefined
    },
  }
}
