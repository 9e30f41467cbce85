// Protected resource metadata (RFC 9728): where a client learns which issuers to ask, for what, and how the token must be
// bound. Made of the policy alone: it names no person, no tool and no purpose.

import { stepUp } from '../../core/identity/mfa.ts'
import { algorithms, type Policy } from '../../core/policy.ts'
import { type ConnectMetadata, connectMember, enrolment } from '../../core/wire.ts'
import { rulesOf } from '../rules.ts'

const wellKnown = '/.well-known/oauth-protected-resource'

/** Paths at which the metadata is: the resource's own path inserted (RFC 9728 3.1), and the plain one, where MCP clients look next. */
export function metadataPaths({ workload }: Policy): string[] {
  return [`${wellKnown}${workload.path === '/' ? '' : workload.path}`, wellKnown]
}

/** For WWW-Authenticate; undefined where there is no discovery. `host`: name by which the client called, port or not. */
export function metadataUrl(policy: Policy, host: string | undefined): string | undefined {
  const name = nameOf(host)
  if (policy.discovery === undefined || name === undefined) return undefined
  return `https://${name}:${policy.discovery.port}${metadataPaths(policy)[0] ?? ''}`
}

/**
 * The document. `resource` is what tokens must be for: a client refuses metadata that names another resource than it
 * called (RFC 9728 3.3), so an issuer's audience is best that address.
 */
export function metadata(policy: Policy, host: string | undefined): object {
  const { issuers, workload, binding } = policy
  const address = issuers.map(({ audience }) => audience).find((audience) => audience.startsWith('https://'))
  const { scopes } = rulesOf(policy)
  return {
    resource: address ?? `https://${nameOf(host) ?? 'localhost'}${workload.path}`,
    authorization_servers: issuers.map(({ url }) => url),
    bearer_methods_supported: ['header'],
    ...(scopes === '' ? {} : { scopes_supported: scopes.split(' ') }),
    ...(binding === 'DPoP'
      ? { dpop_bound_access_tokens_required: true, dpop_signing_alg_values_supported: [...algorithms] }
      : { tls_client_certificate_bound_access_tokens: true }),
    [connectMember]: connecting(policy, host),
  }
}

/** How `hipaa-mcp connect` logs a person in without a refusal first, and where it gets a certificate. */
function connecting({ issuers, mfa, purpose, discovery }: Policy, host: string | undefined): ConnectMetadata {
  const maxAge = Math.min(enrolment.loginSeconds, mfa.maxAgeSeconds)
  const name = nameOf(host)
  return {
    ...(discovery?.enrols === true && name !== undefined
      ? { enrolment_endpoint: `https://${name}:${discovery.port}${enrolment.path}` }
      : {}),
    login: Object.fromEntries(issuers.map((issuer) => [issuer.url, { ...stepUp(issuer, maxAge).params }])),
    ...(purpose.claim === undefined ? {} : { purpose_claim: purpose.claim }),
  }
}

/** A name or address without its port; undefined for what is none. */
function nameOf(host: string | undefined): string | undefined {
  return /^(?<name>[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?$/.exec(host ?? '')?.groups?.[
    'name'
  ]
}
