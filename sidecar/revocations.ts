// Access that was ended (45 CFR 164.308(a)(3)(ii)(C)): looked up on every call, before and after a remembered token
// answers who it is, so that nothing remembered outlives it.

import { hash } from 'node:crypto'
import type { RevocationOrder, Orders as Wire } from '../core/wire.ts'
import { type Clocks, type Deadline, Deadlines } from './deadline.ts'

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

export function keepRevocations(clocks: Clocks): Revocations {
  /** `kind value` -> when it ends; undefined: never. */
  let known = new Map<string, Deadline | undefined>()
  const deadlines = new Deadlines(clocks)
  let byHash = false

  const holds = (kind: RevokedKind, value: string | undefined): boolean => {
    const key = `${kind} ${value}`
    return value !== undefined && known.has(key) && known.get(key)?.surelyCome() !== true
  }

  return {
    set(revocations) {
      const longest = new Map<string, number>()
      for (const { kind, value, until } of revocations) {
        const end = until === undefined ? Number.POSITIVE_INFINITY : Date.parse(until)
        const before = longest.get(`${kind} ${value}`) ?? Number.NEGATIVE_INFINITY
        // Of two for the same the longer counts. A date that does not parse is NaN: it never ends, which is the safe side.
        longest.set(`${kind} ${value}`, Number.isNaN(end) ? Number.POSITIVE_INFINITY : Math.max(before, end))
      }
      const all = [...longest].map(([of, until]) => ({ of, until }))
      const ends = deadlines.set(all)
      known = new Map(all.map(({ of }, at) => [of, ends[at]]))
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
