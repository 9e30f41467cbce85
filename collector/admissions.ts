// That admission refused something, is about to let somebody into a guarded pod, or that such a pod is gone, as a record of the registry
// log: the operator tells it, and asks again while it does not know that it is there.

import { createHash } from 'node:crypto'
import { isObject } from '../core/is-object.ts'
import { type AuditRecord, type Entry, recordBytes, recordSchema } from '../core/record.ts'
import type { AdmissionCounted, AdmissionRefused, PodEntered, PodGone } from '../core/record-registry.ts'
import { membersHold } from '../core/record-shape.ts'
import { type AdmissionsRequest, mostAdmissions } from '../core/wire.ts'
import { objectIn } from './json-body.ts'
import type { Route } from './receive.ts'
import { Refusal } from './refusals.ts'
import type { Registry } from './registry.ts'

const limit = 1024 * 1024
/** Longer than any operator goes on to tell the same. */
const mostRemembered = 10_000

type Told =
  | ({ kind: 'admission-refused' } & AdmissionsRequest['refused'][number])
  | ({ kind: 'admission-counted' } & AdmissionsRequest['counted'][number])
  | ({ kind: 'pod-entered' } & NonNullable<AdmissionsRequest['entered']>[number])
  | ({ kind: 'pod-gone' } & NonNullable<AdmissionsRequest['gone']>[number])

type Recorded = AdmissionRefused | AdmissionCounted | PodEntered | PodGone

const toldKinds: ReadonlySet<string> = new Set<Recorded['kind']>([
  'admission-refused',
  'admission-counted',
  'pod-entered',
  'pod-gone',
])

/** Whether the operator told it. */
export function isTold(record: AuditRecord): record is Extract<AuditRecord, Recorded> {
  return toldKinds.has(record.kind)
}

/** By what one is known when it is told again. Absent of operators of before, which told counts without one. */
function toldAs(told: Told | Recorded): string | undefined {
  if (told.kind === 'pod-gone') return `${told.grant.uid} ${told.pod}`
  return told.kind === 'admission-counted' ? told.id : told.review
}

/** Which refusals, counts and people let in stand in the log already, as far back as one may be told again. */
export class LatelyTold {
  readonly #ids = new Set<string>()

  take(record: Recorded): void {
    const id = toldAs(record)
    if (id === undefined) return
    this.#ids.add(id)
    if (this.#ids.size > mostRemembered) this.#ids.delete(this.#ids.values().next().value as string)
  }

  has(entry: Told): boolean {
    const id = toldAs(entry)
    return id !== undefined && this.#ids.has(id)
  }
}

export function admissionRoutes(registry: Pick<Registry, 'update' | 'told'>): {
  [methodAndPath: string]: Route
} {
  return {
    'POST /v1/admissions': {
      roles: ['operator'],
      run: async ({ body }) => {
        const { refused, counted, entered = [], gone = [] } = parsed(await body(limit))
        const told = [
          ...refused.map((one) => ({ kind: 'admission-refused', ...one }) as const),
          ...counted.map((one) => ({ kind: 'admission-counted', ...one }) as const),
        ]
        const into = [
          ...entered.map((one) => ({ kind: 'pod-entered', ...one }) as const),
          ...gone.map((one) => ({ kind: 'pod-gone', ...one }) as const),
        ]
        // What lets somebody in stands there as it is, or they are not let in; what says that a session is over as well.
        if (!into.every(fits)) throw new Refusal('bad-request')
        const entries = [...told.filter(fits), ...told.filter((one) => !fits(one)).map(unfitting), ...into]
        await registry.update(() => entries.filter((one) => !registry.told.has(one)))
        return { type: 'application/json', body: '{}' }
      },
    },
  }
}

/** Whether it can be a record: one that cannot must not hold up those that can. */
export function fits(told: Entry): boolean {
  try {
    recordBytes({ ...told, schema: recordSchema, at: new Date(0).toISOString() })
    return true
  } catch {
    return false
  }
}

/** As a number, under an id that it has again when it is told again. */
function unfitting(told: Exclude<Told, { kind: 'pod-entered' | 'pod-gone' }>): Told {
  return {
    kind: 'admission-counted',
    id: createHash('sha256').update(JSON.stringify(told)).digest('hex'),
    namespace: '',
    count: told.kind === 'admission-refused' ? 1 : told.count,
    since: told.kind === 'admission-refused' ? told.refused : told.since,
  }
}

function parsed(body: Buffer): AdmissionsRequest {
  const value = objectIn(body)
  const { refused, counted, entered, gone, ...more } = value
  const well =
    areAll('admission-refused', refused) &&
    areAll('admission-counted', counted) &&
    (entered === undefined || areAll('pod-entered', entered)) &&
    (gone === undefined || areAll('pod-gone', gone)) &&
    Object.keys(more).length === 0
  if (!well) throw new Refusal('bad-request')
  return value as AdmissionsRequest
}

function areAll(kind: Told['kind'], list: unknown): boolean {
  return (
    Array.isArray(list) &&
    list.length <= mostAdmissions &&
    list.every((one) => isObject(one) && membersHold(kind, one))
  )
}
