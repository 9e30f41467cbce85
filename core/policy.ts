// The policy document: what one server's sidecars enforce. It travels whole, is parsed whole, and is named by the hash
// of its canonical bytes. Everything is spelled out: a sidecar never fills in a default.

import { createHash } from 'node:crypto'
import { canonical, type Json } from './canonical.ts'
import { isObject } from './is-object.ts'

export const policySchema = 'policy/1'

/** A JSON Pointer (RFC 6901) in which a segment `*` stands for every element or member. */
type PointerPattern = string

export type Provider = 'Entra' | 'Okta' | 'Auth0' | 'Keycloak' | 'Ping' | 'Generic'

export type Issuer = {
  url: string
  audience: string
  provider: Provider
  rolesClaim: string
  mfa: { acr: string[]; amr: string[] }
}

export type Role = {
  name: string
  when: { role: string; scopes: string[] }
  purposes: string[]
  tools: string[]
  patients: 'Any' | 'Bound'
}

export type Tool = {
  name: string
  description: string
  /** Tool of the upstream that is called. */
  from: string
  /** JSON Schema 2020-12. */
  arguments: { [member: string]: Json }
  /** Constants that join the arguments on their way upstream. */
  with: { [member: string]: Json }
  /** JSON Pointer to the argument that names the patient. */
  patient?: string
  returns: { fields: PointerPattern[]; patients: PointerPattern[]; text: 'Redact' | 'Drop' }
  limits: { callsPerMinute: number; patientsPerHour: number; resultBytes: number }
}

/** One name that the pod may reach. */
export type Egress =
  | { kind: 'agreement'; agreement: string; host: string; port: 443 }
  | {
      kind: 'store'
      store: string
      /** Names under which the app may look it up. */
      host: string
      port: number
      protocol: 'Postgres'
      /** CA of the store's certificate, PEM. */
      ca: string
    }

export type Policy = {
  schema: typeof policySchema
  server: { namespace: string; name: string }
  profile: 'Production' | 'Development'
  maxPolicyAgeSeconds: number
  workload: { port: number; path: string }
  tls: { minVersion: 'TLSv1.2' | 'TLSv1.3'; clientCa: string }
  issuers: Issuer[]
  mfa: { maxAgeSeconds: number }
  training?: { claim: string; maxAgeSeconds: number }
  purpose: { claim?: string }
  patient?: { claim: string }
  roles: Role[]
  tools: Tool[]
  redaction: { dates: 'Year' | 'Drop' }
  trail: { acknowledge: 'Stream' | 'Local' }
  egress: Egress[]
  breach: { distinctPatients: number; perSeconds: number }[]
  lockdown?: { reason: string }
}

/** The bytes that travel and are hashed. */
export function policyText(policy: Policy): string {
  return canonical(policy)
}

/** SHA-256 of the policy's text, hexadecimal. */
export function policyHash(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** Members that a policy must have, and how a value shows that it is one. The parser refuses anything unknown. */
const shape: { [member in keyof Required<Policy>]: (value: unknown) => boolean } = {
  schema: (value) => value === policySchema,
  server: (value) =>
    isObject(value) && typeof value['namespace'] === 'string' && typeof value['name'] === 'string',
  profile: (value) => value === 'Production' || value === 'Development',
  maxPolicyAgeSeconds: isCount,
  workload: (value) => isObject(value) && isCount(value['port']) && typeof value['path'] === 'string',
  tls: (value) =>
    isObject(value) &&
    (value['minVersion'] === 'TLSv1.2' || value['minVersion'] === 'TLSv1.3') &&
    typeof value['clientCa'] === 'string' &&
    value['clientCa'] !== '',
  issuers: (value) =>
    isList(
      value,
      (item) =>
        isObject(item) &&
        ['url', 'audience', 'provider', 'rolesClaim'].every(
          (name) => typeof item[name] === 'string' && item[name] !== '',
        ) &&
        isObject(item['mfa']) &&
        isTexts(item['mfa']['acr']) &&
        isTexts(item['mfa']['amr']),
    ) && (value as unknown[]).length > 0,
  mfa: (value) => isObject(value) && isCount(value['maxAgeSeconds']),
  training: (value) =>
    isObject(value) && isCount(value['maxAgeSeconds']) && typeof value['claim'] === 'string',
  purpose: (value) => isObject(value) && (value['claim'] === undefined || typeof value['claim'] === 'string'),
  patient: (value) => isObject(value) && typeof value['claim'] === 'string',
  roles: (value) =>
    isList(
      value,
      (item) =>
        isObject(item) &&
        typeof item['name'] === 'string' &&
        isObject(item['when']) &&
        typeof item['when']['role'] === 'string' &&
        isTexts(item['when']['scopes']) &&
        isTexts(item['purposes']) &&
        isTexts(item['tools']) &&
        (item['patients'] === 'Any' || item['patients'] === 'Bound'),
    ),
  tools: (value) => isList(value, isTool),
  redaction: (value) => isObject(value) && (value['dates'] === 'Year' || value['dates'] === 'Drop'),
  trail: (value) =>
    isObject(value) && (value['acknowledge'] === 'Stream' || value['acknowledge'] === 'Local'),
  egress: (value) =>
    isList(
      value,
      (item) =>
        isObject(item) &&
        typeof item['host'] === 'string' &&
        isCount(item['port']) &&
        ((item['kind'] === 'agreement' && typeof item['agreement'] === 'string') ||
          (item['kind'] === 'store' &&
            item['protocol'] === 'Postgres' &&
            typeof item['ca'] === 'string' &&
            item['ca'] !== '')),
    ),
  breach: (value) =>
    isList(
      value,
      (item) => isObject(item) && isCount(item['distinctPatients']) && isCount(item['perSeconds']),
    ),
  lockdown: (value) => isObject(value) && typeof value['reason'] === 'string',
}

const optional: ReadonlySet<string> = new Set(['training', 'patient', 'lockdown'])

/**
 * Reads a policy document. Returns every issue at once, or the policy; a document with any issue is no policy at all,
 * and its server locks. A member that this version does not know is an issue too: it may be a restriction.
 */
export function parsePolicy(text: string): { policy: Policy } | { issues: string[] } {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return { issues: ['The policy is not JSON'] }
  }
  if (!isObject(value)) return { issues: ['The policy is not an object'] }
  const document = value
  const issues = [
    ...Object.keys(document)
      .filter((name) => !Object.hasOwn(shape, name))
      .map(() => 'The policy has a member that this version does not know: update the sidecar first'),
    ...Object.entries(shape)
      .filter(([name, holds]) =>
        document[name] === undefined ? !optional.has(name) : !holds(document[name]),
      )
      .map(([name]) => `The policy's ${name} is missing or malformed`),
  ]
  return issues.length > 0 ? { issues } : { policy: document as unknown as Policy }
}

function isTool(item: unknown): boolean {
  if (!isObject(item)) return false
  const { returns, limits } = item
  return (
    ['name', 'description', 'from'].every((name) => typeof item[name] === 'string') &&
    isObject(item['arguments']) &&
    isObject(item['with']) &&
    (item['patient'] === undefined || typeof item['patient'] === 'string') &&
    isObject(returns) &&
    isTexts(returns['fields']) &&
    isTexts(returns['patients']) &&
    (returns['text'] === 'Redact' || returns['text'] === 'Drop') &&
    isObject(limits) &&
    ['callsPerMinute', 'patientsPerHour', 'resultBytes'].every((name) => isCount(limits[name]))
  )
}
function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) > 0
}
function isList(value: unknown, holds: (item: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(holds)
}
function isTexts(value: unknown): boolean {
  return isList(value, (item) => typeof item === 'string')
}
