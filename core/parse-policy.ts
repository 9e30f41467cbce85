// Reads a policy document: each member that a policy has, and how a value shows that it is one, as a table.

import { acknowledgements } from './acknowledge.ts'
import { fieldIssue } from './fields/path.ts'
import { isObject } from './is-object.ts'
import { modelVendorNames } from './model-vendors.ts'
import { segmentsOf } from './pointer.ts'
import {
  type AppMetrics,
  algorithms,
  type Egress,
  type FromServer,
  type Issuer,
  type Limits,
  type MetricLabel,
  type ModelRules,
  type Policy,
  type Prompt,
  plainProtocols,
  policySchema,
  providers,
  type Resource,
  type Returns,
  type ReturnsFor,
  type Role,
  type TextRule,
  type Tool,
  transports,
} from './policy.ts'
import { among, type Check, count, list, object, optional, text } from './shape.ts'

const positive: Check = (value) => count(value) && value !== 0
const filled: Check = (value) => text(value) && value !== ''
const texts = list(text)
/** What stands between the quotes of a metric's label as it is. */
const metricValue: Check = (value) => text(value) && /^[^"\\\n]+$/.test(value as string)

const textRule = among('Redact', 'Drop', 'Keep')
const withText = object<{ text: TextRule }>({ text: textRule })
const withClaim = object<{ claim: string }>({ claim: text })
const nothing = object<NonNullable<FromServer['roots']>>({})

const fields = list((value) => text(value) && fieldIssue(value as string) === undefined)
const returns = object<Returns>({
  fields,
  pseudonyms: optional(fields),
  for: optional(list(object<ReturnsFor>({ roles: texts, purposes: texts, fields, text: textRule }))),
  at: optional((value) => text(value) && segmentsOf(value as string) !== undefined),
  schema: optional(isObject),
  patients: texts,
  text: textRule,
  media: among('Drop', 'Keep'),
})
const limits = object<Limits>({
  callsPerMinute: positive,
  callsPerPatientPerHour: positive,
  patientsPerHour: positive,
  records: positive,
  resultBytes: positive,
  resultBytesPerHour: positive,
})
const bulk = among('Forbidden', 'Allowed')
const identifiers = among('Refuse', 'Keep')
const pointers: Check = (value) => isObject(value) && Object.values(value).every(filled)

const tool = object<Tool>({
  name: text,
  description: text,
  from: text,
  // The author's own JSON, and so is `with`.
  arguments: isObject,
  with: isObject,
  rename: pointers,
  patient: optional(text),
  bulk,
  identifiers,
  returns,
  limits,
})
const resource = object<Resource>({
  name: text,
  uri: text,
  description: text,
  mimeType: optional(text),
  patient: optional(text),
  subscribe: among(true, false),
  returns,
  limits,
})
const prompt = object<Prompt>({
  name: text,
  description: text,
  from: text,
  arguments: isObject,
  patient: optional(text),
  bulk,
  identifiers,
  returns,
  limits,
})

const role = object<Role>({
  name: text,
  when: object<Role['when']>({
    role: text,
    scopes: texts,
    actor: among('Forbidden', 'Allowed', 'Required'),
  }),
  purposes: texts,
  tools: texts,
  resources: texts,
  prompts: texts,
  patients: among('Any', 'Bound', 'Panel'),
})

const issuer = object<Issuer>({
  url: filled,
  audience: filled,
  provider: among(...providers),
  algorithms: list(among(...algorithms)),
  rolesClaim: filled,
  mfa: object<Issuer['mfa']>({ acr: texts, amr: texts }),
})
const issuers = list(issuer)

const fromServer = object<FromServer>({
  progress: optional(withText),
  logging: optional(withText),
  sampling: optional(
    object<NonNullable<FromServer['sampling']>>({ text: textRule, agreement: optional(text) }),
  ),
  elicitation: optional(
    object<NonNullable<FromServer['elicitation']>>({
      text: textRule,
      modes: list(among('form', 'url')),
      hosts: texts,
    }),
  ),
  roots: optional(nothing),
  completion: optional(withText),
  tasks: optional(nothing),
  listChanged: optional(nothing),
})

type EgressOf<K extends Egress['kind']> = Extract<Egress, { kind: K }>
const toAgreement = object<EgressOf<'agreement'>>({
  kind: among('agreement'),
  agreement: text,
  host: text,
  port: positive,
  protocol: optional(among(...plainProtocols)),
  ca: optional(filled),
  ranges: optional(texts),
  model: optional(object<ModelRules>({ vendor: among(...modelVendorNames), models: optional(texts) })),
})
const toStore = object<EgressOf<'store'>>({
  kind: among('store'),
  store: text,
  host: text,
  port: positive,
  protocol: among(...plainProtocols),
  ca: filled,
})

const isPolicy = object<Policy>({
  schema: among(policySchema),
  server: object<Policy['server']>({ namespace: text, name: text }),
  profile: among('Production', 'Development'),
  maxPolicyAgeSeconds: positive,
  workload: object<Policy['workload']>({
    port: positive,
    path: text,
    transport: among(...transports),
    metrics: optional(
      object<AppMetrics>({
        port: positive,
        path: filled,
        names: texts,
        labels: list(object<MetricLabel>({ name: filled, values: list(metricValue) })),
      }),
    ),
  }),
  tls: object<Policy['tls']>({ minVersion: among('TLSv1.2', 'TLSv1.3'), clientCa: filled }),
  http: optional(object<NonNullable<Policy['http']>>({ hosts: texts, origins: texts })),
  discovery: optional(
    object<NonNullable<Policy['discovery']>>({ port: positive, enrols: optional(among(true)) }),
  ),
  issuers: (value) => issuers(value) && (value as unknown[]).length > 0,
  mfa: object<Policy['mfa']>({ maxAgeSeconds: positive }),
  sessions: object<Policy['sessions']>({ idleSeconds: positive, absoluteSeconds: positive }),
  binding: among('Certificate', 'DPoP'),
  training: optional(object<NonNullable<Policy['training']>>({ claim: text, maxAgeSeconds: positive })),
  purpose: object<Policy['purpose']>({ claim: optional(text) }),
  patient: optional(withClaim),
  panel: optional(withClaim),
  relations: optional(
    object<NonNullable<Policy['relations']>>({
      own: optional(withClaim),
      surname: optional(withClaim),
      vip: optional(among(true)),
    }),
  ),
  roles: list(role),
  tools: list(tool),
  resources: list(resource),
  prompts: list(prompt),
  fromServer,
  redaction: object<Policy['redaction']>({
    dates: among('Year', 'Shift', 'Drop'),
    epoch: optional(text),
  }),
  trail: object<Policy['trail']>({ acknowledge: among(...acknowledgements) }),
  egress: list((item) => toAgreement(item) || toStore(item)),
  breach: list(object<Policy['breach'][number]>({ distinctPatients: positive, perSeconds: positive })),
  lockdown: optional(object<NonNullable<Policy['lockdown']>>({ reason: text })),
})

/**
 * Reads a policy document. A document with a member missing, malformed or unknown to this version is no policy at all:
 * undefined, and its server locks.
 */
export function parsePolicy(document: string): Policy | undefined {
  try {
    const value: unknown = JSON.parse(document)
    return isPolicy(value) ? (value as Policy) : undefined
  } catch {
    return undefined
  }
}
