// Every member that a policy document may have below its top level, as a table. A member that this version does not know
// may be a restriction, at any depth: whoever ignored it would serve more than the policy says. TypeScript keeps the
// table complete: a member added to a type without a name here does not compile.

import { isObject } from './is-object.ts'
import type {
  Egress,
  FromServer,
  Issuer,
  Limits,
  Policy,
  Prompt,
  Resource,
  Returns,
  Role,
  Tool,
} from './policy.ts'

type Names<T> = { readonly [member in T extends unknown ? keyof T : never]: true }
/** What stands below a member: members of its own, for a list those of each item. Free: JSON of the policy's author. */
type Below = { readonly [member: string]: true | Below }

const returns = { fields: true, patients: true, text: true, media: true } satisfies Names<Returns>
const limits = { callsPerMinute: true, patientsPerHour: true, resultBytes: true } satisfies Names<Limits>
const text = { text: true } as const
const claim = { claim: true } as const

/** `arguments` and `with` are the author's own JSON. */
const free = true

const tools = {
  name: true,
  description: true,
  from: true,
  arguments: free,
  with: free,
  patient: true,
  returns,
  limits,
} satisfies Record<keyof Tool, true | Below>
const resources = {
  name: true,
  uri: true,
  description: true,
  mimeType: true,
  patient: true,
  subscribe: true,
  returns,
  limits,
} satisfies Record<keyof Resource, true | Below>
const prompts = {
  name: true,
  description: true,
  from: true,
  arguments: free,
  patient: true,
  returns,
  limits,
} satisfies Record<keyof Prompt, true | Below>
const roles = {
  name: true,
  when: { role: true, scopes: true, actor: true } satisfies Names<Role['when']>,
  purposes: true,
  tools: true,
  resources: true,
  prompts: true,
  patients: true,
} satisfies Record<keyof Role, true | Below>
const issuers = {
  url: true,
  audience: true,
  provider: true,
  algorithms: true,
  rolesClaim: true,
  mfa: { acr: true, amr: true } satisfies Names<Issuer['mfa']>,
} satisfies Record<keyof Issuer, true | Below>
const fromServer = {
  progress: text,
  logging: text,
  sampling: { text: true, agreement: true } satisfies Names<NonNullable<FromServer['sampling']>>,
  elicitation: { text: true, modes: true, hosts: true } satisfies Names<
    NonNullable<FromServer['elicitation']>
  >,
  roots: {},
  completion: text,
  tasks: {},
  listChanged: {},
} satisfies Record<keyof FromServer, Below>
const egress = {
  kind: true,
  agreement: true,
  store: true,
  host: true,
  port: true,
  protocol: true,
  ca: true,
} satisfies Names<Egress>

const members = {
  schema: true,
  server: { namespace: true, name: true } satisfies Names<Policy['server']>,
  profile: true,
  maxPolicyAgeSeconds: true,
  workload: { port: true, path: true, transport: true } satisfies Names<Policy['workload']>,
  tls: { minVersion: true, clientCa: true } satisfies Names<Policy['tls']>,
  http: { hosts: true, origins: true } satisfies Names<NonNullable<Policy['http']>>,
  discovery: { port: true, enrols: true } satisfies Names<NonNullable<Policy['discovery']>>,
  issuers,
  mfa: { maxAgeSeconds: true } satisfies Names<Policy['mfa']>,
  sessions: { idleSeconds: true, absoluteSeconds: true } satisfies Names<Policy['sessions']>,
  binding: true,
  training: { claim: true, maxAgeSeconds: true } satisfies Names<NonNullable<Policy['training']>>,
  purpose: claim,
  patient: claim,
  panel: claim,
  roles,
  tools,
  resources,
  prompts,
  fromServer,
  redaction: { dates: true } satisfies Names<Policy['redaction']>,
  trail: { acknowledge: true } satisfies Names<Policy['trail']>,
  egress,
  breach: { distinctPatients: true, perSeconds: true } satisfies Names<Policy['breach'][number]>,
  lockdown: { reason: true } satisfies Names<NonNullable<Policy['lockdown']>>,
} satisfies Record<keyof Policy, true | Below>

/** Whether every member, at every depth, is one that this version knows. */
export function knowsAll(document: { readonly [member: string]: unknown }): boolean {
  return knows(document, members)
}

function knows(value: unknown, below: true | Below): boolean {
  if (below === true) return true
  if (Array.isArray(value)) return value.every((item) => knows(item, below))
  if (!isObject(value)) return true
  return Object.entries(value).every(
    ([name, item]) => Object.hasOwn(below, name) && knows(item, below[name] as true | Below),
  )
}
