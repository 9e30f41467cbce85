// The policy document: what one server's sidecars enforce. It travels whole, is parsed whole (parse-policy.ts), and is named
// by the hash of its canonical bytes. Everything is spelled out: a sidecar never fills in a default.

import { createHash } from 'node:crypto'
import type { Acknowledge } from './acknowledge.ts'
import { canonical, type Json } from './canonical.ts'
import type { ModelVendorName } from './model-vendors.ts'

export const policySchema = 'policy/1'

/** A JSON Pointer (RFC 6901) in which a segment `*` stands for every element or member. */
type PointerPattern = string

/** A PointerPattern, or a path of FHIR R4 elements such as `Patient.name` (core/fields/path.ts). */
type Field = string

/** How the server behind the sidecar speaks MCP. */
export const transports = ['StreamableHttp', 'Stdio'] as const
export type Transport = (typeof transports)[number]

export const providers = ['Entra', 'Okta', 'Auth0', 'Keycloak', 'Ping', 'Generic'] as const
export type Provider = (typeof providers)[number]

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
  /** Where the server has an argument under another name: member of `arguments` -> JSON Pointer into what is sent. */
  rename: { [argument: string]: string }
  /** JSON Pointer to the argument that names the patient. */
  patient?: string
  bulk: BulkRule
  identifiers: IdentifierRule
  returns: Returns
  limits: Limits
}

/** Whether arguments may ask for everybody or for everything. */
export type BulkRule = 'Forbidden' | 'Allowed'

/** What becomes of a call whose arguments hold identifiers besides the argument that names the patient. */
export type IdentifierRule = 'Refuse' | 'Keep'

/** What becomes of text: identifiers replaced, text dropped, or text as it is. */
export type TextRule = 'Redact' | 'Drop' | 'Keep'

/** `roles` and `purposes`: under which a call was permitted. */
export type ReturnsFor = { roles: string[]; purposes: string[]; fields: Field[]; text: TextRule }

/** What of a result leaves the pod. `media`: bytes in which nothing can be redacted. */
export type Returns = {
  fields: Field[]
  /** Kept as well, but as pseudonyms, there and wherever else the result has the same values. */
  pseudonyms?: Field[]
  /** Fields and text for some roles and purposes instead: the first that matches decides. */
  for?: ReturnsFor[]
  /** JSON Pointer to the part that is the result: all else is not even looked for by the fields. */
  at?: string
  /** JSON Schema 2020-12 of the result, as it leaves. */
  schema?: { [member: string]: Json }
  patients: PointerPattern[]
  text: TextRule
  media: 'Drop' | 'Keep'
}

/** How much one person may have, of one tool, resource or prompt and in one pod. */
export type Limits = {
  callsPerMinute: number
  /** Calls about one and the same patient. */
  callsPerPatientPerHour: number
  /** Distinct patients. */
  patientsPerHour: number
  /** Records that one call may ask for, and patients that it may name. */
  records: number
  /** Largest result, bytes. */
  resultBytes: number
  /** All results together, bytes. */
  resultBytesPerHour: number
}

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
  bulk: BulkRule
  identifiers: IdentifierRule
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

/** What the app speaks as plain text inside the pod; TLS is put on the wire, in the protocol's own way. */
export const plainProtocols = ['Postgres', 'Tcp', 'Mllp'] as const
export type PlainProtocol = (typeof plainProtocols)[number]

/** `models`: those that may be asked; absent: all that the vendor's rules allow. */
export type ModelRules = { vendor: ModelVendorName; models?: string[] }

/** One name that the pod may reach. */
export type Egress =
  | {
      kind: 'agreement'
      agreement: string
      /** In full, or `*.` in front: any one label there. */
      host: string
      port: number
      /** Absent: the app's own TLS. */
      protocol?: PlainProtocol
      /** With protocol or model: CA of the host's certificate, PEM. Absent: public ones. */
      ca?: string
      /** Ranges of one network in which the host may be. Public addresses need none. */
      ranges?: string[]
      /** Of a vendor of models: every call is checked. */
      model?: ModelRules
    }
  | {
      kind: 'store'
      store: string
      /** Names under which the app may look it up. */
      host: string
      port: number
      protocol: PlainProtocol
      /** CA of the store's certificate, PEM. */
      ca: string
    }

/**
 * The app's own Prometheus metrics that may leave the pod, and where it serves them on loopback. `names`: families. `labels`:
 * those by whose values series are told apart, and the values that may leave.
 */
export type AppMetrics = { port: number; path: string; names: string[]; labels: MetricLabel[] }
export type MetricLabel = { name: string; values: string[] }

export type Policy = {
  schema: typeof policySchema
  server: { namespace: string; name: string }
  profile: 'Production' | 'Development'
  maxPolicyAgeSeconds: number
  workload: { port: number; path: string; transport: Transport; metrics?: AppMetrics }
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
  /**
   * What is recorded of how a caller stands to the patients of a call: which claim names the caller's own patient identifier and which
   * their family name; `vip`: orders bring a list of patients.
   */
  relations?: { own?: { claim: string }; surname?: { claim: string }; vip?: true }
  roles: Role[]
  tools: Tool[]
  resources: Resource[]
  prompts: Prompt[]
  fromServer: FromServer
  /** `epoch`: with another one, every pseudonym and every shift is another. */
  redaction: { dates: 'Year' | 'Shift' | 'Drop'; epoch?: string }
  trail: { acknowledge: Acknowledge }
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
