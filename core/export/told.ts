// What a trail tells, a call at a time: the two records of a call belong together, since the first says who asked and why,
// and the second what was found. Everything that is shown, counted or exported out of a trail is made of this.

import { counted } from '../counted.ts'
import type { AuditRecord, Outcome, PatientToken, Who } from '../record.ts'
import { type Relation, relations } from '../record-call.ts'
import { Pairs } from './pairs.ts'

type RecordOf<K extends AuditRecord['kind']> = Extract<AuditRecord, { kind: K }>
type Intent = RecordOf<'intent'>

/** `unanswered`: an intent without a result, in the trail as far as it goes. `noted`: no call, something else is told. */
export type ToldOutcome = Outcome | 'refused' | 'unanswered' | 'noted'

export const toldOutcomes: readonly ToldOutcome[] = [
  'ok',
  'tool-error',
  'error',
  'unknown',
  'refused',
  'unanswered',
  'noted',
]

export type Told = {
  /** Chain and index of the record that tells it; of a call, of its result. */
  origin: string
  index: number
  /** RFC 3339. */
  at: string
  kind: AuditRecord['kind']
  outcome: ToldOutcome
  call?: string
  /** Who asked. A stream's event names `iss` and `sub` alone, and a refusal may name nobody. */
  person?: { iss: string; sub: string }
  who?: Who
  role?: string
  purpose?: string
  method?: string
  /** Tool, resource or prompt, by the policy's name. */
  name?: string
  /** Why it was refused, or what else is told. */
  detail?: string
  peer?: string
  policy?: string
  grant?: NonNullable<Intent['grant']>
  /** Patients whom the call named. */
  asked: readonly PatientToken[]
  /** Patients in what the server returned. */
  found: readonly PatientToken[]
  /** How the person stands to the patients of the call, in its intent or in its result. */
  relations?: readonly Relation[]
  /** Of which of these nobody could tell. */
  relationsUnknown?: readonly Relation[]
  kept: { readonly [rule: string]: number }
  dropped: { readonly [rule: string]: number }
  redacted: { readonly [kind: string]: number }
  /** Of what left for the caller. */
  bytes?: number
  /** Keyed hash of exactly the bytes that left. */
  result?: string
}

/** A patient as it is shown or exported: `patient` is the identifier, for a holder of the key alone. */
export type Named = { token: string; patient?: string }
export type Naming = (patient: PatientToken) => Named

const nothing = { asked: [], found: [], kept: {}, dropped: {}, redacted: {} } as const

type Place = { origin: string; index: number }

/** Takes the records of a trail, those of each chain in order. */
export class Calls<P extends Place = Place> {
  readonly #pairs: Pairs<{ place: P; intent: Intent }>

  /** `remembered`: answered calls. */
  constructor(remembered?: number) {
    this.#pairs = new Pairs(remembered)
  }

  /** What this record tells; undefined for an intent, which is told with its result. `before` is the place of the intent. */
  take(place: P, record: AuditRecord): { told: Told; before?: P } | undefined {
    if (record.kind === 'intent') {
      this.#pairs.intent(record.call, { place, intent: record })
      return undefined
    }
    const known = this.#of(record)
    const said = told(place, record, known?.intent)
    return known === undefined ? { told: said } : { told: said, before: known.place }
  }

  #of(record: AuditRecord): { place: P; intent: Intent } | undefined {
    if (!('call' in record)) return undefined
    return record.kind === 'result' ? this.#pairs.result(record.call) : this.#pairs.before(record.call)
  }

  /** Place of the first intent that has no result yet. */
  oldest(): P | undefined {
    for (const { place } of this.#pairs.open()) return place
    return undefined
  }

  /** Intents without a result, at the end of the trail: they may have run. */
  unanswered(): { told: Told; before: P }[] {
    return [...this.#pairs.open()].map(({ place, intent }) => {
      const { origin, index } = place
      const said = { origin, index, ...nothing, ...askedIn(intent), at: intent.at }
      return { told: { ...said, kind: 'intent', outcome: 'unanswered' }, before: place }
    })
  }
}

function askedIn(intent: Intent): Partial<Told> {
  const { call, who, role, purpose, method, policy, patients, grant, peer, relationsUnknown } = intent
  const name = intent.tool ?? intent.resource ?? intent.prompt
  return {
    call,
    who,
    person: { iss: who.iss, sub: who.sub },
    role,
    purpose,
    method,
    policy,
    asked: patients,
    ...(name === undefined ? {} : { name }),
    ...(grant === undefined ? {} : { grant }),
    ...(peer === undefined ? {} : { peer }),
    ...related(intent),
    ...(relationsUnknown === undefined ? {} : { relationsUnknown }),
  }
}

/** Each of them once, in the order in which they are always told. */
function related(...records: (Pick<Intent, 'relations'> | undefined)[]): Pick<Told, 'relations'> {
  const held = relations.filter((one) => records.some((record) => record?.relations?.includes(one)))
  return held.length === 0 ? {} : { relations: held }
}

function told({ origin, index }: Place, record: AuditRecord, intent: Intent | undefined): Told {
  const before = intent === undefined ? {} : askedIn(intent)
  const at = { origin, index, ...nothing, ...before, at: record.at, kind: record.kind }
  if (record.kind === 'result') {
    const { call, outcome, patients: found, kept, dropped, redacted, bytes, result } = record
    const hash = result === undefined ? {} : { result }
    return {
      ...at,
      ...related(intent, record),
      call,
      outcome,
      found,
      kept,
      dropped,
      redacted,
      bytes,
      ...hash,
    }
  }
  if (record.kind === 'event') {
    const { call, iss, sub, method, patients: found, dropped, redacted, bytes, result } = record
    const person = { iss, sub }
    const relation = related(intent, record)
    return {
      ...at,
      ...relation,
      call,
      person,
      method,
      outcome: 'ok',
      found,
      dropped,
      redacted,
      bytes,
      result,
    }
  }
  if (record.kind === 'refusal') return { ...at, ...ofRefusal(record), outcome: 'refused' }
  if (record.kind === 'enrolment') {
    const { call, who, until, peer, policy } = record
    const person = { iss: who.iss, sub: who.sub }
    return { ...at, call, who, person, peer, policy, outcome: 'noted', detail: `certificate until ${until}` }
  }
  return { ...at, outcome: 'noted', ...notedIn(record) }
}

function ofRefusal(record: RecordOf<'refusal'>): Partial<Told> {
  const { call, reason, stage, who, purpose, method, tool, argument, rule, peer, policy } = record
  const which =
    argument === undefined ? '' : `, argument ${argument}${rule === undefined ? '' : ` by ${rule}`}`
  return {
    call,
    detail: `${reason} at ${stage}${which}`,
    peer,
    ...(who === undefined ? {} : { who, person: { iss: who.iss, sub: who.sub } }),
    ...(purpose === undefined ? {} : { purpose }),
    ...(method === undefined ? {} : { method }),
    ...(tool === undefined ? {} : { name: tool }),
    ...(policy === undefined ? {} : { policy }),
  }
}

/** In words, what a record says that belongs to no call. A kind without a row is told by its name. */
const notes: { readonly [K in AuditRecord['kind']]?: (record: RecordOf<K>) => string } = {
  'chain-started': ({ version, profile, acknowledge }) =>
    `sidecar ${version} started, ${profile}, ${acknowledge}`,
  'chain-closed': ({ open }) => `sidecar stopped, ${counted(open.length, 'call')} open`,
  orders: ({ generation, locked }) =>
    `policy in force, generation ${generation}${locked === undefined ? '' : `, locked: ${locked}`}`,
  counted: ({ what, count, source, reason }) =>
    `${what}, ${counted(count, 'time')}, ${source}${reason === undefined ? '' : `: ${reason}`}`,
  registered: ({ origin }) => `chain began: ${podOf(origin)}`,
  ended: ({ origin, how, unknown }) =>
    `chain ended, ${how}, ${counted(unknown.length, 'call')} unknown: ${podOf(origin)}`,
  resumed: ({ origin }) => `chain resumed: ${podOf(origin)}`,
  held: ({ origin, by }) => `trail exported by ${by}: ${podOf(origin)}`,
  unsealed: ({ origin, by }) => `records read by ${by}: ${podOf(origin)}`,
  archived: ({ origin, from, to, until }) =>
    `records ${from} to ${to - 1} locked until ${until}: ${podOf(origin)}`,
  'legal-hold': ({ hold, state, by, why }) => `legal hold ${hold} ${state}, by ${by}: ${why}`,
  'activity-reviewed': ({ since, until, by, note }) =>
    `activity from ${since ?? 'the beginning'} to ${until} reviewed by ${by}: ${note}`,
  'witness-refused': ({ witness, reason }) => `the witness ${witness} would not sign the log: ${reason}`,
  'admission-refused': ({ operation, what, namespace, name, by, says }) =>
    `admission refused ${[operation, what, `${namespace}/${name ?? ''}`].join(' ')}${by === undefined ? '' : `, asked by ${by}`}: ${says}`,
  'admission-counted': ({ namespace, count, since, by = [] }) =>
    `admission refused ${counted(count, 'more request')} in ${namespace || 'namespaces that are not enrolled'} since ${since}${by.length === 0 ? '' : `, asked by ${by.join(', ')}`}`,
  'pod-entered': ({ what, namespace, name, containers = [], ports = [], by, grant }) =>
    `${by} was about to be let into ${namespace}/${name}${containers.length === 0 ? '' : ` (${containers.join(', ')})`} by ${what}${ports.length === 0 ? '' : ` to ${ports.join(', ')}`}, under grant ${grant.name}, which ${grant.approvedBy} approved${grant.afterwards === undefined ? '' : '; the pod stays when that ends'}`,
  'pod-gone': ({ namespace, name, grant, ended, gone }) =>
    `${namespace}/${name} is gone since ${gone}, and with it every session that grant ${grant.name} opened, which ended ${ended}`,
  'grant-changed': ({ change, namespace, server, grant, by, finding, ...opens }) =>
    `grant ${grant.name} of ${namespace}/${server} ${change}${by === undefined ? '' : ` by ${by}`}${finding === undefined ? '' : `: ${finding}`}${opened(opens)}`,
  'revocation-changed': ({ change, revocation, revoked, cause, until, by }) =>
    `revocation ${revocation.name} ${change}${by === undefined ? '' : ` by ${by}`}${revoked === undefined ? '' : `: ${revoked.kind} ${revoked.value}`}${cause === undefined ? '' : `, ${cause}`}${until === undefined ? '' : `, until ${until}`}`,
  'key-changed': ({ key, id, before }) =>
    before === undefined ? `key for ${key} in use: ${id}` : `key for ${key} rotated: ${id}, before ${before}`,
  signal: ({ rule, person, distinctPatients, perSeconds }) =>
    `breach rule ${rule}, ${person}: ${counted(distinctPatients, 'patient')} within ${perSeconds} s`,
}

/** What a grant opens, to whom and for how long; of patients how many. */
function opened({
  minutes,
  subject,
  patients,
  pods,
}: Pick<RecordOf<'grant-changed'>, 'minutes' | 'subject' | 'patients' | 'pods'>): string {
  const what = [
    ...(subject === undefined ? [] : [`${subject.sub} of ${subject.iss}`]),
    ...(patients === undefined ? [] : [`to ${counted(patients.length, 'patient')}`]),
    ...(pods === undefined
      ? []
      : [
          `${pods.user} into ${pods.names.join(', ')} by ${pods.ways.join(', ')}${pods.afterwards === undefined ? '' : ', which stay'}`,
        ]),
    ...(minutes === undefined ? [] : [`for ${counted(minutes, 'minute')}`]),
  ]
  return what.length === 0 ? '' : `: ${what.join(' ')}`
}

/** Pod and restart: the server is known. */
function podOf(origin: string): string {
  return origin.split('/').slice(-2).join('/')
}

function notedIn(record: AuditRecord): Partial<Told> {
  const note = notes[record.kind] as ((record: AuditRecord) => string) | undefined
  return {
    detail: note === undefined ? record.kind : note(record),
    ...(record.kind === 'orders' ? { policy: record.policy } : {}),
  }
}

/** Kinds that are told of no call, and say that something was refused. */
const refusing: ReadonlySet<Told['kind']> = new Set([
  'admission-refused',
  'admission-counted',
  'witness-refused',
])

/** How it ended, also where no call did: refused is a call, a request at the API server, a signature. */
export function outcomeOf({ kind, outcome }: Pick<Told, 'kind' | 'outcome'>): ToldOutcome {
  return refusing.has(kind) ? 'refused' : outcome
}

/** Every patient of a call once, asked for or found. */
export function patientsOf({ asked, found }: Pick<Told, 'asked' | 'found'>): PatientToken[] {
  if (asked.length === 0) return [...found]
  const known = new Map([...asked, ...found].map((patient) => [patient.token, patient]))
  return [...known.values()]
}
