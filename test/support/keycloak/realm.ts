// A realm as docs/identity.md tells its administrator to set one up: a login whose second level is a one-time code, a
// scope that carries the audience and what policies ask about the person, and clients whose tokens are bound.

import { accounts, agentClient, connectClient } from '../../sample/accounts.ts'
import type { Keycloak } from './server.ts'

export const realmName = 'clinic'

/** Of a program that asks for nobody. */
export const service = {
  id: 'nightly-job',
  secret: 'sample-secret-of-the-nightly-job',
  /** The same without the scope `profile`: its tokens name nobody. */
  unnamedId: 'unnamed-job',
} as const

/** By device code Keycloak passes over `acr_values`: this client's login asks for both factors whatever was asked for. */
export const deviceClientId = 'hipaa-mcp-connect-device'

/** A client whose tokens are bound to nothing and do nothing but enrol. */
export const enrolClientId = 'hipaa-mcp-enrol'

export type RealmOptions = {
  /** Audience of tokens of the scope `ehr.read`. */
  resource: string
  /** Seconds that an access token holds. */
  tokenSeconds?: number
  /** Without it levels have no names and logins no levels, as in a realm that nobody set up. */
  levels?: boolean
  name?: string
}

/** Makes the realm. Resolves to its issuer. */
export async function makeRealm(keycloak: Keycloak, options: RealmOptions): Promise<string> {
  const { resource, tokenSeconds = 300, levels = true, name = realmName } = options
  await keycloak.admin('POST', '/realms', {
    realm: name,
    enabled: true,
    accessTokenLifespan: tokenSeconds,
    // Tests log in more often than once in half a minute. What is left out here is taken for zero.
    otpPolicyType: 'totp',
    otpPolicyAlgorithm: 'HmacSHA1',
    otpPolicyDigits: 6,
    otpPolicyPeriod: 30,
    otpPolicyInitialCounter: 0,
    otpPolicyLookAheadWindow: 1,
    otpPolicyCodeReusable: true,
    oauth2DevicePollingInterval: 1,
    roles: { realm: [{ name: 'Clinician' }, { name: 'Billing' }] },
    components: {
      'org.keycloak.userprofile.UserProfileProvider': [
        {
          providerId: 'declarative-user-profile',
          config: { 'kc.user.profile.config': [JSON.stringify(userProfile)] },
        },
      ],
    },
    users: people(),
    ...(levels
      ? {
          attributes: { 'acr.loa.map': JSON.stringify({ silver: 1, gold: 2 }) },
          authenticationFlows: flows,
          authenticatorConfig: [level(1, 28_800), level(2, 300)],
          browserFlow: 'step-up',
        }
      : {}),
  })
  const scope = await madeId(keycloak, `/realms/${name}/client-scopes`, {
    name: 'ehr.read',
    protocol: 'openid-connect',
    attributes: { 'include.in.token.scope': 'true', 'display.on.consent.screen': 'false' },
    protocolMappers: [
      mapper('audience', 'oidc-audience-mapper', { 'included.custom.audience': resource }),
      mapper('purpose', 'oidc-usermodel-attribute-mapper', attribute('purpose_of_use')),
      mapper('training', 'oidc-usermodel-attribute-mapper', attribute('hipaa_training_date')),
    ],
  })
  await keycloak.admin('PUT', `/realms/${name}/default-optional-client-scopes/${scope}`)
  for (const client of clients) await keycloak.admin('POST', `/realms/${name}/clients`, client)
  if (levels) {
    const found = (await keycloak.admin('GET', `/realms/${name}/authentication/flows`)) as Flow[]
    const browser = found.find(({ alias }) => alias === 'two factors')?.id
    await keycloak.admin('POST', `/realms/${name}/clients`, {
      ...native(deviceClientId, byKey),
      authenticationFlowBindingOverrides: { browser },
    })
  }
  return `${keycloak.url}/realms/${name}`
}

type Flow = { id: string; alias: string }

/** POSTs, and gives the identifier of what was made. */
async function madeId(keycloak: Keycloak, path: string, body: object): Promise<string> {
  return String(await keycloak.admin('POST', path, body)).replace(/^.*\//, '')
}

const mapper = (name: string, kind: string, config: object) => ({
  name,
  protocol: 'openid-connect',
  protocolMapper: kind,
  config: { 'access.token.claim': 'true', 'id.token.claim': 'false', ...config },
})

const attribute = (name: string) => ({
  'user.attribute': name,
  'claim.name': name,
  'jsonType.label': 'String',
})

/** What policies are decided by is the administrator's to write: a person who could edit it would choose their purpose. */
const administrators = { view: ['admin'], edit: ['admin'] }
const everybody = { view: ['admin', 'user'], edit: ['admin', 'user'] }
const userProfile = {
  attributes: [
    { name: 'username', permissions: everybody },
    { name: 'email', permissions: everybody },
    { name: 'purpose_of_use', permissions: administrators },
    { name: 'hipaa_training_date', permissions: administrators },
  ],
}

function people(): object[] {
  const today = new Date(Date.now() - 60 * 86_400_000).toISOString().slice(0, 10)
  return Object.entries(accounts(today)).map(([username, { password, otpKey, claims }]) => ({
    username,
    enabled: true,
    email: `${username}@clinic.example`,
    emailVerified: true,
    attributes: {
      purpose_of_use: [claims.purpose_of_use],
      hipaa_training_date: [claims.hipaa_training_date],
    },
    realmRoles: claims.roles,
    credentials: [
      { type: 'password', value: password },
      {
        type: 'otp',
        secretData: JSON.stringify({ value: otpKey }),
        credentialData: JSON.stringify({
          subType: 'totp',
          digits: 6,
          period: 30,
          counter: 0,
          algorithm: 'HmacSHA1',
        }),
      },
    ],
  }))
}

const execution = (what: object, requirement: string, priority: number) => ({
  ...what,
  requirement,
  priority,
})
const step = (authenticator: string) => ({ authenticator })
const subflow = (flowAlias: string) => ({ flowAlias, authenticatorFlow: true })
const flow = (alias: string, topLevel: boolean, authenticationExecutions: object[]) => ({
  alias,
  topLevel,
  builtIn: false,
  providerId: 'basic-flow',
  authenticationExecutions,
})
const condition = (at: number) => ({
  ...step('conditional-level-of-authentication'),
  authenticatorConfig: `level ${at}`,
})
const level = (at: number, seconds: number) => ({
  alias: `level ${at}`,
  config: { 'loa-condition-level': String(at), 'loa-max-age': String(seconds) },
})

/** The password is level 1; the one-time code, asked for when a client wants it, level 2. */
const flows = [
  flow('step-up', true, [
    execution(step('auth-cookie'), 'ALTERNATIVE', 10),
    execution(subflow('step-up levels'), 'ALTERNATIVE', 20),
  ]),
  flow('step-up levels', false, [
    execution(subflow('password'), 'CONDITIONAL', 10),
    execution(subflow('one-time code'), 'CONDITIONAL', 20),
  ]),
  flow('password', false, [
    execution(condition(1), 'REQUIRED', 10),
    execution(step('auth-username-password-form'), 'REQUIRED', 20),
  ]),
  flow('one-time code', false, [
    execution(condition(2), 'REQUIRED', 10),
    execution(step('auth-otp-form'), 'REQUIRED', 20),
  ]),
  // A login that nothing is asked of gets the first level that its flow has.
  flow('two factors', true, [execution(subflow('both at once'), 'CONDITIONAL', 10)]),
  flow('both at once', false, [
    execution(condition(2), 'REQUIRED', 10),
    execution(step('auth-username-password-form'), 'REQUIRED', 20),
    execution(step('auth-otp-form'), 'REQUIRED', 30),
  ]),
]

/** Native programs, which keep no secret (RFC 8252): PKCE, a loopback address of any port, and no password of a person. */
const native = (clientId: string, attributes: object) => ({
  clientId,
  publicClient: true,
  standardFlowEnabled: true,
  directAccessGrantsEnabled: false,
  redirectUris: [agentClient.redirect],
  attributes: {
    'pkce.code.challenge.method': 'S256',
    'oauth2.device.authorization.grant.enabled': 'true',
    ...attributes,
  },
})
const byCertificate = { 'tls.client.certificate.bound.access.tokens': 'true' }
const byKey = { 'dpop.bound.access.tokens': 'true' }

const job = (clientId: string) => ({
  clientId,
  secret: service.secret,
  standardFlowEnabled: false,
  serviceAccountsEnabled: true,
  attributes: byCertificate,
})

const clients = [
  native(agentClient.id, byCertificate),
  native(agentClient.dpopId, byKey),
  native(connectClient.id, byCertificate),
  native(connectClient.dpopId, byKey),
  native(enrolClientId, {}),
  job(service.id),
  {
    ...job(service.unnamedId),
    defaultClientScopes: ['basic', 'acr', 'roles'],
    optionalClientScopes: ['ehr.read'],
  },
]
