// What a 401 or 403 says to a client: where to get a token, and which one (RFC 6750 3, RFC 9449 7.1, RFC 9470 3, RFC 9728 5.1). Thrown
// without a header where the reason is known, completed here where the call is known.

import type { Challenge } from '../../core/identity/mfa.ts'
import { algorithms } from '../../core/policy.ts'
import type { InForce } from '../in-force.ts'
import { Refusal } from '../refusals.ts'
import { rulesOf } from '../rules.ts'
import { metadataUrl } from './metadata.ts'

/** The refusal with its WWW-Authenticate; one that challenges nobody, as it is. `host`: the request's Host header. */
export function challenged(refusal: Refusal, inForce: InForce, host: string | undefined): Refusal {
  const { challenge, ...details } = refusal.details
  if (challenge === undefined) return refusal
  const headers = { ...details.headers, 'www-authenticate': wwwAuthenticate(challenge, inForce, host) }
  return new Refusal(refusal.reason, { ...details, headers })
}

function wwwAuthenticate(
  { error, params = {} }: Challenge,
  { policy }: InForce,
  host: string | undefined,
): string {
  const { scopes } = rulesOf(policy)
  const at = metadataUrl(policy, host)
  const all = {
    ...(error === undefined ? {} : { error }),
    ...params,
    // The scopes that are missing where that is the trouble, else all that any role asks for.
    ...(params['scope'] === undefined && scopes !== '' ? { scope: scopes } : {}),
    ...(at === undefined ? {} : { resource_metadata: at }),
  }
  const dpop = policy.binding === 'DPoP'
  const fields = Object.entries({ ...all, ...(dpop ? { algs: algorithms.join(' ') } : {}) })
    .map(([name, value]) => `${name}="${quotable(value)}"`)
    .join(', ')
  return `${dpop ? 'DPoP' : 'Bearer'} ${fields}`.trimEnd()
}

/** Values come out of the policy: what a quoted-string cannot hold plainly is left out (RFC 9110 5.6.4). */
function quotable(value: string): string {
  return value.replaceAll(/[^\x20-\x7e]|["\\]/g, '')
}
