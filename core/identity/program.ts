// Tokens that a program got for itself (OAuth client credentials, service accounts): no person logged in, whatever else
// the token says. 45 CFR 164.312(d) asks for a person or entity; who acts on PHI here is a named human.

import type { Provider } from '../policy.ts'
import type { Claims } from './token.ts'

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')

/** How each provider's own tokens for programs differ from those for people. */
const signs: { readonly [provider in Provider]: (claims: Claims) => boolean } = {
  // App-only tokens have no scp; idtyp says it only where it was configured. Their sub is the service principal's oid.
  Entra: ({ idtyp, scp }) => idtyp === 'app' || textOf(scp) === '',
  // sub is the client then; a person's token has uid besides.
  Okta: ({ sub, cid, uid }) => sub === cid || textOf(uid) === '',
  Auth0: ({ sub, gty }) => textOf(sub).endsWith('@clients') || textOf(gty).includes('client-credentials'),
  // The user behind a service account has a name of its own kind, and a session never.
  Keycloak: ({ preferred_username: name }) => textOf(name).startsWith('service-account-'),
  // PingAM writes the kind of subject into sub: (age!client) or (usr!person).
  Ping: ({ sub, grant_type: grant }) => textOf(sub).startsWith('(age!') || grant === 'client_credentials',
  Generic: () => false,
}

/** Signs that mean the same whoever issued the token. */
const anywhere = (claims: Claims): boolean =>
  [claims['client_id'], claims['azp'], claims['cid'], claims['appid']].includes(claims['sub']) ||
  claims['gty'] === 'client-credentials' ||
  claims['grant_type'] === 'client_credentials' ||
  claims['idtyp'] === 'app' ||
  textOf(claims['sub']).endsWith('@clients')

/** Whether the token stands for a program, not for a person. `sub` is a text that is not empty. */
export function isProgram(claims: Claims, provider: Provider): boolean {
  return anywhere(claims) || signs[provider](claims)
}
