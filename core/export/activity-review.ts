// A review of activity (45 CFR 164.308(a)(1)(ii)(D)): what each person did within a period, what was refused, which emergencies were
// declared, and what of it is unusual beside the others. Counts and reasons; no patient, and no judgement.

import { counted } from '../counted.ts'
import type { Relation } from '../record-call.ts'
import { patientsOf, type Told } from './told.ts'

type Person = {
  iss: string
  sub: string
  roles: Set<string>
  calls: number
  refusals: number
  unanswered: number
  patients: Set<string>
  tools: Map<string, number>
  purposes: Set<string>
  emergencies: Set<string>
  /** Calls in which the person stood so to a patient. */
  relations: Map<Relation, number>
  /** RFC 3339, over the whole trail: whether the period is the person's first. */
  first: string
}

export type PersonRow = {
  iss: string
  sub: string
  roles: string[]
  calls: number
  refusals: number
  /** Calls that may have run, and whose result is not known. */
  unanswered: number
  patients: number
  tools: { [name: string]: number }
  purposes: string[]
  emergencies: string[]
  /** In words, what is unusual. */
  unusual: string[]
}

export type Review = {
  server: string
  /** RFC 3339, `until` not in it any more; absent when open. */
  since?: string
  until?: string
  /** The most unusual first. */
  persons: PersonRow[]
  tools: { name: string; calls: number; persons: number; patients: number }[]
  refusals: { reason: string; times: number; persons: number }[]
  /** Breach signals, exports of the trail, policies and locks, in the order of time. */
  events: { at: string; kind: string; says: string }[]
}

/** Kinds of records that a reviewer reads one by one. */
const shown: ReadonlySet<string> = new Set([
  'signal',
  'witness-refused',
  'held',
  'unsealed',
  'legal-hold',
  'activity-reviewed',
  'admission-refused',
  'admission-counted',
  'pod-entered',
  'pod-gone',
  'grant-changed',
  'revocation-changed',
  'key-changed',
  'orders',
  'counted',
])

/** Takes everything that a trail tells, in order; counts what lies within the period. */
export class ActivityReview {
  readonly #since: number
  readonly #until: number
  readonly #persons = new Map<string, Person>()
  readonly #tools = new Map<string, { calls: number; persons: Set<string>; patients: Set<string> }>()
  readonly #refusals = new Map<string, { times: number; persons: Set<string> }>()
  readonly #events: Review['events'] = []
  readonly #signalled = new Set<string>()

  /** Milliseconds since 1970; `until` is not in the period. */
  constructor(since: number, until: number) {
    this.#since = since
    this.#until = until
  }

  take(told: Told): void {
    const { person, at, kind, detail, outcome } = told
    const time = Date.parse(at)
    const within = time >= this.#since && time < this.#until
    if (within && shown.has(kind)) {
      this.#events.push({ at, kind, says: detail ?? '' })
      if (kind === 'signal') this.#signalled.add(detail ?? '')
    }
    if (person === undefined) {
      if (within && outcome === 'refused') this.#refused(told, undefined)
      return
    }
    const key = `${person.iss}|${person.sub}`
    const known = this.#persons.get(key) ?? personOf(person.iss, person.sub, at)
    this.#persons.set(key, known)
    if (at < known.first) known.first = at
    if (within) this.#count(told, key, known)
  }

  review(server: string): Review {
    const active = [...this.#persons.values()].filter(({ calls, refusals }) => calls + refusals > 0)
    const rows = active.map((person) => this.#row(person, active))
    return {
      server,
      ...(Number.isFinite(this.#since) ? { since: new Date(this.#since).toISOString() } : {}),
      ...(Number.isFinite(this.#until) ? { until: new Date(this.#until).toISOString() } : {}),
      persons: rows.toSorted(
        (a, b) =>
          Number(isNear(b)) - Number(isNear(a)) ||
          b.unusual.length - a.unusual.length ||
          b.calls - a.calls ||
          (a.sub < b.sub ? -1 : 1),
      ),
      tools: [...this.#tools]
        .map(([name, { calls, persons, patients }]) => ({
          name,
          calls,
          persons: persons.size,
          patients: patients.size,
        }))
        .toSorted((a, b) => b.calls - a.calls || (a.name < b.name ? -1 : 1)),
      refusals: [...this.#refusals]
        .map(([reason, { times, persons }]) => ({ reason, times, persons: persons.size }))
        .toSorted((a, b) => b.times - a.times || (a.reason < b.reason ? -1 : 1)),
      events: this.#events,
    }
  }

  #count(told: Told, key: string, person: Person): void {
    const { kind, outcome, role, purpose, grant, name } = told
    if (role !== undefined) person.roles.add(role)
    if (purpose !== undefined) person.purposes.add(purpose)
    if (grant !== undefined) person.emergencies.add(grant.name)
    if (outcome === 'refused') {
      person.refusals += 1
      this.#refused(told, key)
      return
    }
    const patients = patientsOf(told).map(({ token }) => token)
    for (const token of patients) person.patients.add(token)
    if (kind !== 'result' && kind !== 'intent') return
    for (const one of told.relations ?? []) person.relations.set(one, (person.relations.get(one) ?? 0) + 1)
    person.calls += 1
    if (outcome === 'unanswered' || outcome === 'unknown') person.unanswered += 1
    if (name === undefined) return
    person.tools.set(name, (person.tools.get(name) ?? 0) + 1)
    const tool = this.#tools.get(name) ?? { calls: 0, persons: new Set(), patients: new Set() }
    this.#tools.set(name, tool)
    tool.calls += 1
    tool.persons.add(key)
    for (const token of patients) tool.patients.add(token)
  }

  #refused({ detail = '' }: Told, person: string | undefined): void {
    const reason = detail.split(' ')[0] ?? ''
    const refused = this.#refusals.get(reason) ?? { times: 0, persons: new Set() }
    this.#refusals.set(reason, refused)
    refused.times += 1
    if (person !== undefined) refused.persons.add(person)
  }

  #row(person: Person, all: readonly Person[]): PersonRow {
    const { iss, sub, roles, calls, refusals, unanswered, patients, tools, purposes, emergencies } = person
    return {
      iss,
      sub,
      roles: sorted(roles),
      calls,
      refusals,
      unanswered,
      patients: patients.size,
      tools: Object.fromEntries([...tools].toSorted(([a], [b]) => (a < b ? -1 : 1))),
      purposes: sorted(purposes),
      emergencies: sorted(emergencies),
      unusual: this.#unusual(person, all),
    }
  }

  #unusual(person: Person, all: readonly Person[]): string[] {
    const peers = all.filter(
      (other) => other !== person && [...other.roles].some((role) => person.roles.has(role)),
    )
    const usual = median(peers.map(({ patients }) => patients.size))
    const alone = [...person.tools.keys()].filter((name) => this.#tools.get(name)?.persons.size === 1)
    const signals = [...this.#signalled].filter((says) => says.includes(`${person.iss}|${person.sub}`))
    const asked = person.calls + person.refusals
    const near = nearRules.flatMap(([relation, says]): [boolean, string][] => {
      const times = person.relations.get(relation) ?? 0
      return [[times > 0, `${says}, ${counted(times, 'time')}`]]
    })
    const rules: [boolean, string][] = [
      ...near,
      [signals.length > 0, `a breach rule was broken, ${counted(signals.length, 'time')}`],
      [person.emergencies.size > 0, `emergency access: ${sorted(person.emergencies).join(', ')}`],
      [
        peers.length >= 2 && person.patients.size >= 10 && person.patients.size > 3 * usual,
        `${counted(person.patients.size, 'patient')}, where others in the role have ${usual}`,
      ],
      [
        person.refusals >= 5 && person.refusals > asked / 5,
        `${person.refusals} of ${counted(asked, 'call')} were refused`,
      ],
      [all.length >= 3 && alone.length > 0, `nobody else used ${sorted(alone).join(', ')}`],
      [
        Date.parse(person.first) >= this.#since && Number.isFinite(this.#since),
        'not seen before this period',
      ],
      [person.unanswered > 0, `${counted(person.unanswered, 'call')} may have run, with no known result`],
    ]
    return rules.flatMap(([is, says]) => (is ? [says] : []))
  }
}

/** What draws people to records that are no business of theirs, in words of a review, the nearest first. */
const nearRules: readonly (readonly [Relation, string])[] = [
  ['own', 'looked at the own record'],
  ['vip', 'looked at a record on the VIP list'],
  ['surname', 'looked at a record with the same family name'],
]

/** Whoever looked at their own record, or at one on the list, is read first. */
function isNear({ unusual: [first = ''] }: PersonRow): boolean {
  return nearRules.slice(0, 2).some(([, says]) => first.startsWith(says))
}

function personOf(iss: string, sub: string, first: string): Person {
  return {
    iss,
    sub,
    roles: new Set(),
    calls: 0,
    refusals: 0,
    unanswered: 0,
    patients: new Set(),
    tools: new Map(),
    purposes: new Set(),
    emergencies: new Set(),
    relations: new Map(),
    first,
  }
}

const sorted = (texts: Iterable<string>): string[] => [...texts].toSorted((a, b) => (a < b ? -1 : 1))

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0
}
