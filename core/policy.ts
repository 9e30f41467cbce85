// The policy document: what one server's sidecars enforce. It travels whole, is parsed whole, and is named by the hash
// of its canonical bytes. Everything is spelled out: a sidecar never fills in a default.

import { createHash } from 'node:crypto'
import { canonical, type Json } from './canonical.ts'
import { isObject } from './is-object.ts'
import { knowsAll } from './policy-members.ts'

export const policySchema = 'policy/1'

/** A JSON Pointer (RFC 6901) in which a segment `*` stands for every element or member. */
type PointerPattern = string

/** How the server behind the sidecar speaks MCP. */
export const transports = ['StreamableHttp', 'Stdio'] as const
export type Transport = (typeof transports)[number]

export type Provider = 'Entra' | 'Okta' | 'Auth0' | 'Keycloak' | 'Ping' | 'Generic'

/** Asymmetric only: a symmetric algorithm would make the published key a signing key. */
export const algorithms = ['RS256', 'PS256', 'ES256', 'EdDSA'] as const
type Algorithm = (typeof algorithms)[number]

export type Issuer = {
  url: string
  audience: string
  provider: Provider
  algorithms: Algorithm[]
  rolesClaim: string
  mfa: { acr: string[]; amr: string[] }
}

export type Role = {
  name: string
  /** `actor`: whether a service may act for the person (RFC 8693 `act`), or must. */
  when: { role: string; scopes: string[]; actor: 'Forbidden' | 'Allowed' | 'Required' }
  purposes: string[]
  tools: string[]
  resources: string[]
  prompts: string[]
  patients: 'Any' | 'Bound' | 'Panel'
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
  returns: Returns
  limits: Limits
}

/** What becomes of text: identifiers replaced, text dropped, or text as it is. */
export type TextRule = 'Redact' | 'Drop' | 'Keep'

/** What of a result leaves the pod. `media`: bytes in which nothing can be redacted. */
export type Returns = {
  fields: PointerPattern[]
  patients: PointerPattern[]
  text: TextRule
  media: 'Drop' | 'Keep'
}

/** For each person: calls per minute, distinct patients per hour; and the largest result, bytes. */
export type Limits = { callsPerMinute: number; patientsPerHour: number; resultBytes: number }

export type Resource = {
  name: string
  /** URI, or template with simple variables (RFC 6570 level 1). */
  uri: string
  description: string
  mimeType?: string
  /** Variable that names the patient. */
  patient?: string
  subscribe: boolean
  returns: Returns
  limits: Limits
}

export type Prompt = {
  name: string
  description: string
  /** Prompt of the upstream that is asked for. */
  from: string
  /** JSON Schema 2020-12 of an object of strings. */
  arguments: { [member: string]: Json }
  /** JSON Pointer to the argument that names the patient. */
  patient?: string
  returns: Returns
  limits: Limits
}

/** What the server may send or ask besides answers; what is absent is off. */
export type FromServer = {
  progress?: { text: TextRule }
  logging?: { text: TextRule }
  /** `agreement`: with the vendor of the callers' model, and active, or nothing goes there. */
  sampling?: { text: TextRule; agreement?: string }
  elicitation?: { text: TextRule; modes: ('form' | 'url')[]; hosts: string[] }
  roots?: Record<string, never>
  completion?: { text: TextRule }
  tasks?: Record<string, never>
  listChanged?: Record<string, never>
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
  workload: { port: number; path: string; transport: Transport }
  tls: { minVersion: 'TLSv1.2' | 'TLSv1.3'; clientCa: string }
  /** Names that a Host header may hold, and whole origins that an Origin header may. Omitted: the certificate's, and none. */
  http?: { hosts: string[]; origins: string[] }
  /**
   * The port under which callers reach the protected-resource metadata (RFC 9728). `enrols`: there they get client
   * certificates too, since those that this server accepts are the operator's own.
   */
  discovery?: { port: number; enrols?: true }
  issuers: Issuer[]
  mfa: { maxAgeSeconds: number }
  /** Automatic logoff: since the last call, and since the login. */
  sessions: { idleSeconds: number; absoluteSeconds: number }
  /** What a token must be bound to, besides mutual TLS with any certificate of the client CA. */
  binding: 'Certificate' | 'DPoP'
  training?: { claim: string; maxAgeSeconds: number }
  purpose: { claim?: string }
  /** Which claim names the one patient of a Bound role, and which the many of a Panel role. */
  patient?: { claim: string }
  panel?: { claim: string }
  roles: Role[]
  tools: Tool[]
  resources: Resource[]
  prompts: Prompt[]
  fromServer: FromServer
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
  workload: (value) =>
    isObject(value) &&
    isCount(value['port']) &&
    typeof value['path'] === 'string' &&
    (transports as readonly unknown[]).includes(value['transport']),
  tls: (value) =>
    isObject(value) &&
    (value['minVersion'] === 'TLSv1.2' || value['minVersion'] === 'TLSv1.3') &&
    typeof value['clientCa'] === 'string' &&
    value['clientCa'] !== '',
  http: (value) => isObject(value) && isTexts(value['hosts']) && isTexts(value['origins']),
  discovery: (value) =>
    isObject(value) && isCount(value['port']) && (value['enrols'] === undefined || value['enrols'] === true),
  issuers: (value) =>
    isList(
      value,
      (item) =>
        isObject(item) &&
        ['url', 'audience', 'provider', 'rolesClaim'].every(
          (name) => typeof item[name] === 'string' && item[name] !== '',
        ) &&
        isList(item['algorithms'], (name) => (algorithms as readonly unknown[]).includes(name)) &&
        isObject(item['mfa']) &&
        isTexts(item['mfa']['acr']) &&
        isTexts(item['mfa']['amr']),
    ) && (value as unknown[]).length > 0,
  mfa: (value) => isObject(value) && isCount(value['maxAgeSeconds']),
  sessions: (value) => isObject(value) && isCount(value['idleSeconds']) && isCount(value['absoluteSeconds']),
  binding: (value) => value === 'Certificate' || value === 'DPoP',
  training: (value) =>
    isObject(value) && isCount(value['maxAgeSeconds']) && typeof value['claim'] === 'string',
  purpose: (value) => isObject(value) && (value['claim'] === undefined || typeof value['claim'] === 'string'),
  patient: (value) => isObject(value) && typeof value['claim'] === 'string',
  panel: (value) => isObject(value) && typeof value['claim'] === 'string',
  roles: (value) =>
    isList(
      value,
      (item) =>
        isObject(item) &&
        typeof item['name'] === 'string' &&
        isObject(item['when']) &&
        typeof item['when']['role'] === 'string' &&
        isTexts(item['when']['scopes']) &&
        ['Forbidden', 'Allowed', 'Required'].includes(item['when']['actor'] as string) &&
        isTexts(item['purposes']) &&
        isTexts(item['tools']) &&
        isTexts(item['resources']) &&
        isTexts(item['prompts']) &&
        ['Any', 'Bound', 'Panel'].includes(item['patients'] as string),
    ),
  tools: (value) => isList(value, isTool),
  resources: (value) => isList(value, isResource),
  prompts: (value) => isList(value, isPrompt),
  fromServer: isFromServer,
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

const optional: ReadonlySet<string> = new Set([
  'http',
  'discovery',
  'training',
  'patient',
  'panel',
  'lockdown',
])

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
    ...(knowsAll(document)
      ? []
      : ['The policy has a member that this version does not know: update the sidecar first']),
    ...Object.entries(shape)
      .filter(([name, holds]) =>
        document[name] === undefined ? !optional.has(name) : !holds(document[name]),
      )
      .map(([name]) => `The policy's ${name} is missing or malformed`),
  ]
  return issues.length > 0 ? { issues } : { policy: document as unknown as Policy }
}

function isTool(item: unknown): boolean {
  return (
    isObject(item) &&
    ['name', 'description', 'from'].every((name) => typeof item[name] === 'string') &&
    isObject(item['arguments']) &&
    isObject(item['with']) &&
    isOptionalText(item['patient']) &&
    isReturns(item['returns']) &&
    isLimits(item['limits'])
  )
}
function isResource(item: unknown): boolean {
  return (
    isObject(item) &&
    ['name', 'description', 'uri'].every((name) => typeof item[name] === 'string') &&
    isOptionalText(item['mimeType']) &&
    isOptionalText(item['patient']) &&
    typeof item['subscribe'] === 'boolean' &&
    isReturns(item['returns']) &&
    isLimits(item['limits'])
  )
}
function isPrompt(item: unknown): boolean {
  return (
    isObject(item) &&
    ['name', 'description', 'from'].every((name) => typeof item[name] === 'string') &&
    isObject(item['arguments']) &&
    isOptionalText(item['patient']) &&
    isReturns(item['returns']) &&
    isLimits(item['limits'])
  )
}
function isReturns(value: unknown): boolean {
  return (
    isObject(value) &&
    isTexts(value['fields']) &&
    isTexts(value['patients']) &&
    isTextRule(value['text']) &&
    (value['media'] === 'Drop' || value['media'] === 'Keep')
  )
}
function isLimits(value: unknown): boolean {
  return (
    isObject(value) &&
    ['callsPerMinute', 'patientsPerHour', 'resultBytes'].every((name) => isCount(value[name]))
  )
}

const isEmpty = (value: unknown): boolean => isObject(value) && Object.keys(value).length === 0
const hasTextRule = (value: unknown): boolean => isObject(value) && isTextRule(value['text'])

const fromServerShape: { [member in keyof Required<FromServer>]: (value: unknown) => boolean } = {
  progress: hasTextRule,
  logging: hasTextRule,
  sampling: (value) => isObject(value) && isTextRule(value['text']) && isOptionalText(value['agreement']),
  elicitation: (value) =>
    isObject(value) &&
    isTextRule(value['text']) &&
    isList(value['modes'], (mode) => mode === 'form' || mode === 'url') &&
    isTexts(value['hosts']),
  roots: isEmpty,
  completion: hasTextRule,
  tasks: isEmpty,
  listChanged: isEmpty,
}

function isFromServer(value: unknown): boolean {
  return (
    isObject(value) &&
    Object.entries(value).every(
      ([name, item]) =>
        Object.hasOwn(fromServerShape, name) && fromServerShape[name as keyof FromServer](item),
    )
  )
}
function isTextRule(value: unknown): boolean {
  return value === 'Redact' || value === 'Drop' || value === 'Keep'
}
function isOptionalText(value: unknown): boolean {
  return value === undefined || typeof value === 'string'
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
