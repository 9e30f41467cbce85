// What each kind of record may hold, as a table.

import { acknowledgements } from './acknowledge.ts'
import { isObject } from './is-object.ts'
import type { AuditRecord, Head, PatientToken, Predecessor, Who } from './record.ts'
import { relations } from './record-call.ts'
import { grantChanges, keyUses } from './record-registry.ts'
import {
  among,
  type Check,
  count,
  formed,
  holds,
  list,
  object,
  optional,
  type Shape,
  spelled,
  text,
} from './shape.ts'
import { revocationKinds } from './wire.ts'

type Kind = AuditRecord['kind']
type RecordOf<K extends Kind> = Extract<AuditRecord, { kind: K }>
type Members<K extends Kind> = Omit<RecordOf<K>, 'schema' | 'at' | 'kind'>

const time: Check = formed(
  { is: 'time' },
  (value) =>
    typeof value === 'string' &&
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value) &&
    !Number.isNaN(Date.parse(value)),
)
const hash = spelled('hmac-sha256:', '0-9a-f', 64, 64)
const root = spelled('', 'A-Za-z0-9+/', 43, 43, '=')
const counts: Check = formed(
  { is: 'counts' },
  (value) => isObject(value) && Object.values(value).every(count),
)
// Identifier of a call: bounded, so that hundreds fit into one record of the registry log.
const call = spelled('', '\\x21-\\x7e', 1, 100)

type Actor = NonNullable<Who['actor']>
type Acting = NonNullable<Actor['before']>[number]
const acting = { sub: text, iss: optional(text) } as const

const who = object<Who>({
  sub: text,
  iss: text,
  clientId: optional(text),
  token: optional(text),
  certificate: text,
  key: optional(text),
  mfa: object<Who['mfa']>({
    rule: text,
    value: text,
    authTime: formed({ is: 'number' }, (value) => Number.isFinite(value)),
    grade: among('claim', 'configured'),
  }),
  actor: optional(object<Actor>({ ...acting, before: optional(list(object<Acting>(acting))) })),
  training: optional(text),
})
// HMAC-SHA256 in base64url: an identifier in the clear has no such form.
const token = spelled('', 'A-Za-z0-9_-', 43, 43)
const patients = list(object<PatientToken>({ token, sealed: text }))

const related = optional(list(among(...relations)))

const sha256 = spelled('', '0-9a-f', 64, 64)
const inArchive = {
  place: text,
  from: count,
  to: count,
  bytes: count,
  sha256,
  version: text,
  until: time,
} as const

const predecessor = object<Predecessor>({
  origin: text,
  ended: optional(object<NonNullable<Predecessor['ended']>>({ size: count, root })),
})

const shapes: { [K in Kind]: Shape<Members<K>> } = {
  'chain-started': {
    origin: text,
    profile: text,
    acknowledge: among(...acknowledgements),
    version: text,
    before: optional(predecessor),
  },
  orders: {
    generation: count,
    policy: text,
    profile: optional(text),
    locked: optional(text),
    breach: list(
      object<RecordOf<'orders'>['breach'][number]>({ distinctPatients: count, perSeconds: count }),
    ),
  },
  intent: {
    call,
    who,
    purpose: text,
    role: text,
    method: text,
    revision: text,
    peer: optional(text),
    tool: optional(text),
    resource: optional(text),
    prompt: optional(text),
    arguments: optional(hash),
    argumentNames: optional(list(text)),
    patients,
    patientsUnknown: optional(among(true)),
    relations: related,
    relationsUnknown: related,
    policy: text,
    grant: optional(
      object<NonNullable<RecordOf<'intent'>['grant']>>({
        name: text,
        uid: text,
        requestedBy: text,
        approvedBy: text,
      }),
    ),
  },
  result: {
    call,
    outcome: among('ok', 'tool-error', 'error', 'unknown'),
    result: optional(hash),
    bytes: count,
    patients,
    relations: related,
    kept: counts,
    dropped: counts,
    redacted: counts,
    milliseconds: formed({ is: 'number' }, (value) => Number.isFinite(value) && (value as number) >= 0),
  },
  event: {
    call,
    iss: text,
    sub: text,
    method: text,
    result: hash,
    bytes: count,
    patients,
    relations: related,
    dropped: counts,
    redacted: counts,
  },
  refusal: {
    call,
    reason: text,
    stage: text,
    who: optional(who),
    purpose: optional(text),
    method: optional(text),
    tool: optional(text),
    argument: optional(text),
    rule: optional(text),
    peer: text,
    policy: optional(text),
  },
  enrolment: { call, who, until: time, peer: text, policy: text },
  counted: {
    what: among('handshake-failed', 'refusals-over-quota', 'egress-refused', 'egress-opened'),
    source: text,
    count,
    reason: optional(text),
  },
  'chain-closed': { open: list(call) },
  registered: { origin: text, vkey: text },
  ended: {
    origin: text,
    size: count,
    root,
    how: among('closed', 'succeeded', 'silent', 'recovered'),
    unknown: list(call),
    witnessed: count,
    last: optional(time),
  },
  resumed: { origin: text, size: count },
  held: { origin: text, size: count, root, witnessed: count, by: text },
  heads: { heads: list(object<Head>({ origin: text, size: count, root })) },
  'witness-refused': { witness: text, reason: text, size: count, signed: optional(count) },
  sealed: {
    origin: text,
    segment: text,
    from: count,
    to: count,
    bytes: count,
    sha256,
    keyId: text,
  },
  unsealed: { origin: text, segment: text, by: text },
  archived: { origin: text, ...inArchive },
  'registry-archived': {
    ...inArchive,
    checkpoint: object<RecordOf<'registry-archived'>['checkpoint']>({ bytes: count, sha256, version: text }),
  },
  'legal-hold': {
    hold: text,
    state: among('on', 'off'),
    namespace: text,
    server: text,
    since: optional(time),
    through: optional(time),
    why: text,
    by: text,
  },
  'activity-reviewed': {
    namespace: text,
    server: text,
    since: optional(time),
    until: time,
    review: sha256,
    witnessed: time,
    note: text,
    by: text,
  },
  'admission-refused': {
    review: text,
    refused: time,
    namespace: text,
    what: text,
    operation: text,
    name: optional(text),
    by: optional(text),
    says: text,
  },
  'admission-counted': {
    id: optional(text),
    namespace: text,
    count,
    since: time,
    by: optional(list(text)),
  },
  'pod-entered': {
    review: text,
    entered: time,
    namespace: text,
    server: text,
    what: text,
    name: text,
    containers: optional(list(text)),
    ports: optional(list(count)),
    words: optional(count),
    by: text,
    grant: object<RecordOf<'pod-entered'>['grant']>({
      name: text,
      uid: text,
      requestedBy: text,
      approvedBy: text,
      afterwards: optional(among('KeepPod')),
    }),
  },
  'pod-gone': {
    namespace: text,
    server: text,
    name: text,
    pod: text,
    grant: object<RecordOf<'pod-gone'>['grant']>({ name: text, uid: text }),
    ended: time,
    gone: time,
  },
  'grant-changed': {
    change: among(...grantChanges),
    happened: time,
    namespace: text,
    server: text,
    grant: object<RecordOf<'grant-changed'>['grant']>({ name: text, uid: text }),
    by: optional(text),
    minutes: optional(count),
    subject: optional(object<NonNullable<RecordOf<'grant-changed'>['subject']>>({ iss: text, sub: text })),
    patients: optional(patients),
    pods: optional(
      object<NonNullable<RecordOf<'grant-changed'>['pods']>>({
        user: text,
        names: list(text),
        ways: list(text),
        afterwards: optional(among('KeepPod')),
      }),
    ),
    finding: optional(among('Justified', 'NotJustified')),
  },
  'revocation-changed': {
    change: among('made', 'lifted'),
    happened: time,
    revocation: object<RecordOf<'revocation-changed'>['revocation']>({ name: text, uid: text }),
    revoked: optional(
      object<NonNullable<RecordOf<'revocation-changed'>['revoked']>>({
        kind: among(...revocationKinds),
        value: text,
      }),
    ),
    cause: optional(text),
    until: optional(text),
    by: optional(text),
  },
  'key-changed': {
    key: among(...keyUses),
    namespace: optional(text),
    server: optional(text),
    id: text,
    before: optional(text),
  },
  'legal-hold-applied': { hold: text, state: among('on', 'off'), segments: count },
  signal: {
    namespace: text,
    server: text,
    rule: text,
    person: text,
    distinctPatients: count,
    perSeconds: count,
    firstSeen: time,
  },
}

/** Whether a value names a chain that another succeeds. */
export const isPredecessor = (value: unknown): value is Predecessor => predecessor(value)

/** Every kind. */
export const recordKinds = Object.keys(shapes) as Kind[]

const members = new Map(
  Object.entries(shapes).map(([kind, shape]) => [
    kind,
    ['schema', 'at', 'kind', ...Object.keys(shape)].toSorted(),
  ]),
)

/** All that a record of this kind may hold, in canonical order (RFC 8785 3.2.3). */
export function membersOf(kind: Kind): readonly string[] {
  return members.get(kind) ?? []
}

/** How members of this kind are checked; those that every record has stand in `membersOf` besides. */
export const shapeOf = (kind: Kind): { readonly [member: string]: Check | { readonly optional: Check } } =>
  shapes[kind]

/** The members that every record has. */
export const common: { readonly [member in 'schema' | 'at' | 'kind']: Check } = {
  schema: among('phi-access/1'),
  at: time,
  kind: (value) => typeof value === 'string' && Object.hasOwn(shapes, value),
}

/** Whether these are the members of a record of that kind, but for those that every record has. */
export const membersHold = (kind: Kind, said: { readonly [member: string]: unknown }): boolean =>
  holds(said, shapes[kind])

/** Whether a value is a record of a known kind with all its members, none malformed and none besides. */
export function isRecord(value: unknown): value is AuditRecord {
  if (!isObject(value)) return false
  const { schema, at, kind } = value
  // Without a copy of all other members, which took longer than looking at them.
  return (
    common.schema(schema) && common.at(at) && common.kind(kind) && holds(value, shapes[kind as Kind], common)
  )
}
