// Access tokens as each provider publishes their format, and what each proves. The people, tenants and keys are made up.
// Sources: Microsoft "Access token claims reference" and its optional claims; Okta "Step-up authentication using ACR
// values"; Auth0 "Access token profiles" and the post-login Action's event; Keycloak's server administration guide,
// "Authentication flows: step-up"; PingAM's OAuth 2.0 guide; RFC 8176, RFC 9068.

import type { Issuer, Provider } from '../../../core/policy.ts'
import { now } from '../../support/tokens.ts'

export type Golden = {
  when: string
  provider: Provider
  claims: { [claim: string]: unknown }
  mfa?: Partial<Issuer['mfa']>
  /** Rule, value and grade of the evidence; or why it is refused. */
  comes: string
}

/** Issuers say them; the table says the rest. */
const login = () => ({ auth_time: now() - 60 })

const entra = { tid: '6c1f0d2e-0000-4000-8000-000000000001', oid: '9f0c0d2e-0000-4000-8000-000000000007' }
const entraV1 = () => ({
  ...entra,
  ...login(),
  ver: '1.0',
  appid: '11112222-0000-4000-8000-00000000abcd',
  appidacr: '1',
  scp: 'ehr.read',
  uti: 'AbC-token-7',
  unique_name: 'nurse@clinic.example',
  acr: '1',
})
const entraV2 = () => ({
  ...entra,
  ...login(),
  ver: '2.0',
  azp: '11112222-0000-4000-8000-00000000abcd',
  azpacr: '1',
  scp: 'ehr.read',
  uti: 'AbC-token-8',
  xms_cc: ['cp1'],
  preferred_username: 'nurse@clinic.example',
})
const okta = () => ({
  ...login(),
  ver: 1,
  jti: 'AT.7',
  cid: '0oaclient7',
  uid: '00uperson7',
  sub: 'nurse@clinic.example',
  scp: ['openid', 'ehr.read'],
})
const auth0 = () => ({
  sub: 'auth0|5f7c8ec7c33c6c004bbafe82',
  azp: 'my_client_id',
  scope: 'openid ehr.read',
  'https://clinic.example/auth_time': now() - 60,
})
const keycloak = () => ({
  ...login(),
  typ: 'Bearer',
  azp: 'agent',
  sid: 'session-7',
  sub: 'f:7:nurse',
  preferred_username: 'nurse',
  scope: 'openid ehr.read',
  realm_access: { roles: ['Clinician'] },
})
const ping = () => ({
  ...login(),
  sub: '(usr!nurse)',
  subname: 'nurse',
  client_id: 'agent',
  auditTrackingId: 'a-7',
  tokenName: 'access_token',
  grant_type: 'authorization_code',
  scope: 'openid ehr.read',
  realm: '/clinic',
})
const rfc9068 = () => ({ ...login(), client_id: 'agent', sub: 'nurse', scope: 'ehr.read' })

const missing = 'mfa-missing'
const program = 'token-not-a-person'
const contexts = { acr: ['c1'] }

// biome-ignore format: a table reads best as a table
export const golden = (): Golden[] => [
  { provider: 'Entra', when: 'v1.0, amr mfa', claims: { ...entraV1(), amr: ['pwd', 'mfa'] }, comes: 'entra-amr mfa claim' },
  { provider: 'Entra', when: 'v1.0, amr of a passkey alone (rsa)', claims: { ...entraV1(), amr: ['rsa'] }, comes: missing },
  { provider: 'Entra', when: 'v1.0, amr that the rule names', claims: { ...entraV1(), amr: ['rsa'] }, mfa: { amr: ['rsa'] }, comes: 'entra-amr rsa configured' },
  { provider: 'Entra', when: 'v1.0, Windows or MFA, nobody knows (wiaormfa)', claims: { ...entraV1(), amr: ['wiaormfa'] }, mfa: { amr: ['wiaormfa'] }, comes: missing },
  { provider: 'Entra', when: 'v1.0, federated, the other directory’s method is hidden (fed)', claims: { ...entraV1(), amr: ['fed'] }, mfa: { amr: ['fed'] }, comes: missing },
  { provider: 'Entra', when: 'v1.0, amr none', claims: { ...entraV1(), amr: ['none'] }, mfa: { amr: ['none'] }, comes: missing },
  { provider: 'Entra', when: 'v1.0, acr "1" alone', claims: entraV1(), mfa: { acr: ['1'] }, comes: missing },
  { provider: 'Entra', when: 'v2.0, amr, which v2.0 tokens do not define', claims: { ...entraV2(), amr: ['mfa'] }, comes: missing },
  { provider: 'Entra', when: 'v2.0, an authentication context that the rule names', claims: { ...entraV2(), acrs: ['c1', 'p1'] }, mfa: contexts, comes: 'entra-acrs c1 configured' },
  { provider: 'Entra', when: 'v2.0, an authentication context that no rule names', claims: { ...entraV2(), acrs: ['p1'] }, mfa: contexts, comes: missing },
  { provider: 'Entra', when: 'v2.0, nothing said', claims: entraV2(), mfa: contexts, comes: missing },
  { provider: 'Entra', when: 'v2.0, app-only, idtyp configured', claims: { ...entraV2(), scp: undefined, roles: ['Task.Read'], idtyp: 'app', acrs: ['c1'] }, mfa: contexts, comes: program },
  { provider: 'Entra', when: 'v2.0, app-only, idtyp not configured', claims: { ...entraV2(), scp: undefined, roles: ['Task.Read'], sub: entra.oid, acrs: ['c1'] }, mfa: contexts, comes: program },
  { provider: 'Okta', when: 'two factors', claims: { ...okta(), acr: 'urn:okta:loa:2fa:any' }, comes: 'okta-acr urn:okta:loa:2fa:any claim' },
  { provider: 'Okta', when: 'phishing-resistant', claims: { ...okta(), acr: 'phr' }, comes: 'okta-acr phr claim' },
  { provider: 'Okta', when: 'phishing-resistant, hardware', claims: { ...okta(), acr: 'phrh' }, comes: 'okta-acr phrh claim' },
  { provider: 'Okta', when: 'two factors if possible, which they may not have been', claims: { ...okta(), acr: 'urn:okta:loa:2fa:any:ifpossible' }, mfa: { acr: ['urn:okta:loa:2fa:any:ifpossible'] }, comes: missing },
  { provider: 'Okta', when: 'one factor', claims: { ...okta(), acr: 'urn:okta:loa:1fa:any' }, mfa: { acr: ['urn:okta:loa:1fa:any'] }, comes: missing },
  { provider: 'Okta', when: 'a password', claims: { ...okta(), acr: 'urn:okta:loa:1fa:pwd' }, comes: missing },
  { provider: 'Okta', when: 'amr, which access tokens do not define', claims: { ...okta(), amr: ['mfa'] }, comes: missing },
  { provider: 'Okta', when: 'client credentials', claims: { ...okta(), uid: undefined, sub: '0oaclient7', acr: 'phr' }, comes: program },
  { provider: 'Okta', when: 'refreshed: acr as at first, the login yesterday', claims: { ...okta(), acr: 'phr', auth_time: now() - 86_400 }, comes: 'mfa-too-old' },
  { provider: 'Auth0', when: 'an Action’s amr under a namespace', claims: { ...auth0(), 'https://clinic.example/amr': ['pwd', 'mfa'] }, comes: 'auth0-amr mfa claim' },
  { provider: 'Auth0', when: 'an Action’s acr under a namespace', claims: { ...auth0(), 'https://clinic.example/acr': 'http://schemas.openid.net/pape/policies/2007/06/multi-factor' }, comes: 'auth0-acr http://schemas.openid.net/pape/policies/2007/06/multi-factor claim' },
  { provider: 'Auth0', when: 'an Action’s amr without mfa: the browser was remembered', claims: { ...auth0(), 'https://clinic.example/amr': ['pwd'] }, comes: missing },
  { provider: 'Auth0', when: 'amr under plain http', claims: { ...auth0(), 'http://clinic.example/amr': ['mfa'] }, comes: missing },
  { provider: 'Auth0', when: 'amr under two namespaces', claims: { ...auth0(), 'https://clinic.example/amr': ['mfa'], 'https://other.example/amr': ['pwd'] }, comes: missing },
  { provider: 'Auth0', when: 'no Action', claims: auth0(), comes: missing },
  { provider: 'Auth0', when: 'no Action for the time of the login', claims: { ...auth0(), 'https://clinic.example/auth_time': undefined, 'https://clinic.example/amr': ['mfa'] }, comes: missing },
  { provider: 'Auth0', when: 'client credentials', claims: { ...auth0(), sub: 'my_client_id@clients', gty: 'client-credentials', 'https://clinic.example/amr': ['mfa'] }, comes: program },
  { provider: 'Keycloak', when: 'a level that the rule names', claims: { ...keycloak(), acr: 'gold' }, mfa: { acr: ['gold'] }, comes: 'keycloak-acr gold configured' },
  { provider: 'Keycloak', when: 'the number of a level that the rule names', claims: { ...keycloak(), acr: '2' }, mfa: { acr: ['2'] }, comes: 'keycloak-acr 2 configured' },
  { provider: 'Keycloak', when: 'a level that no rule names', claims: { ...keycloak(), acr: 'gold' }, comes: missing },
  { provider: 'Keycloak', when: '"1", which any login gets, though a rule names it', claims: { ...keycloak(), acr: '1' }, mfa: { acr: ['1'] }, comes: missing },
  { provider: 'Keycloak', when: '"0", after an SSO cookie, though a rule names it', claims: { ...keycloak(), acr: '0' }, mfa: { acr: ['0'] }, comes: missing },
  { provider: 'Keycloak', when: 'amr by a mapper', claims: { ...keycloak(), acr: '1', amr: ['pwd', 'mfa'] }, comes: 'keycloak-amr mfa claim' },
  { provider: 'Keycloak', when: 'amr by a mapper, a word of the realm’s own', claims: { ...keycloak(), acr: '1', amr: ['clinic-otp'] }, comes: missing },
  { provider: 'Keycloak', when: 'amr under a namespace, which is Auth0’s habit', claims: { ...keycloak(), 'https://clinic.example/amr': ['mfa'] }, comes: missing },
  { provider: 'Keycloak', when: 'a service account', claims: { ...keycloak(), preferred_username: 'service-account-agent', client_id: 'agent', acr: 'gold' }, mfa: { acr: ['gold'] }, comes: program },
  { provider: 'Keycloak', when: 'an ID token', claims: { ...keycloak(), typ: 'ID', at_hash: 'x', acr: 'gold' }, mfa: { acr: ['gold'] }, comes: 'token-kind' },
  { provider: 'Keycloak', when: 'a refresh token', claims: { ...keycloak(), typ: 'Refresh', acr: 'gold' }, mfa: { acr: ['gold'] }, comes: 'token-kind' },
  { provider: 'Ping', when: 'a journey that the rule names', claims: { ...ping(), acr: 'StrongLogin' }, mfa: { acr: ['StrongLogin'] }, comes: 'ping-acr StrongLogin configured' },
  { provider: 'Ping', when: 'a journey that no rule names', claims: { ...ping(), acr: 'Login' }, mfa: { acr: ['StrongLogin'] }, comes: missing },
  { provider: 'Ping', when: 'amr, which means what the tenant made it mean', claims: { ...ping(), amr: ['mfa'] }, comes: missing },
  { provider: 'Ping', when: 'amr that the rule names', claims: { ...ping(), amr: ['mfa'] }, mfa: { amr: ['mfa'] }, comes: 'ping-amr mfa configured' },
  { provider: 'Ping', when: 'client credentials', claims: { ...ping(), sub: '(age!agent)', grant_type: 'client_credentials', acr: 'StrongLogin' }, mfa: { acr: ['StrongLogin'] }, comes: program },
  { provider: 'Generic', when: 'amr mfa (RFC 8176)', claims: { ...rfc9068(), amr: ['pwd', 'otp', 'mfa'] }, comes: 'generic-amr mfa claim' },
  { provider: 'Generic', when: 'acr multi-factor (PAPE)', claims: { ...rfc9068(), acr: 'http://schemas.openid.net/pape/policies/2007/06/multi-factor' }, comes: 'generic-acr http://schemas.openid.net/pape/policies/2007/06/multi-factor claim' },
  { provider: 'Generic', when: 'two methods, and nobody says they were two factors', claims: { ...rfc9068(), amr: ['pwd', 'otp'] }, comes: missing },
  { provider: 'Generic', when: 'a method that the rule names', claims: { ...rfc9068(), amr: ['pwd', 'hwk'] }, mfa: { amr: ['hwk'] }, comes: 'generic-amr hwk configured' },
  { provider: 'Generic', when: 'a password, though a rule names it', claims: { ...rfc9068(), amr: ['pwd'] }, mfa: { amr: ['pwd'] }, comes: missing },
  { provider: 'Generic', when: 'amr that is an object', claims: { ...rfc9068(), amr: { mfa: true } }, comes: missing },
  { provider: 'Generic', when: 'amr of other types', claims: { ...rfc9068(), amr: [['mfa'], 1, null] }, comes: missing },
  { provider: 'Generic', when: 'only issued a moment ago, no time of login', claims: { ...rfc9068(), auth_time: undefined, amr: ['mfa'] }, comes: missing },
  { provider: 'Generic', when: 'a time of login that is a text', claims: { ...rfc9068(), auth_time: String(now()), amr: ['mfa'] }, comes: missing },
  { provider: 'Generic', when: 'client credentials (RFC 9068: sub is the client)', claims: { ...rfc9068(), sub: 'agent', amr: ['mfa'] }, comes: program },
]
