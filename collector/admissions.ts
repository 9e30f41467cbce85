// That admission refused something, as a record of the registry log: the operator tells it, and asks again while it does not know
// that it is there.

import { isObject } from '../core/is-object.ts'
import type { AdmissionRefused } from '../core/record-registry.ts'
import { membersHold } from '../core/record-shape.ts'
import { type AdmissionsRequest, mostAdmissions } from '../core/wire.ts'
import type { Route } from './receive.ts'
import { Refusal } from './refusals.ts'
import type { Registry } from './registry.ts'

const limit = 1024 * 1024
/** Longer than any operator goes on to tell the same. */
const mostRemembered = 10_000

/** Which refusals stand in the log already, as far back as one may be told again. */
export class LatelyRefused {
  readonly #reviews = new Set<string>()

  take({ review }: Pick<AdmissionRefused, 'review'>): void {
    this.#reviews.add(review)
    if (this.#reviews.size > mostRemembered)
      this.#reviews.delete(this.#reviews.values().next().value as string)
  }

  has(review: string): boolean {
    return this.#reviews.has(review)
  }
}

export function admissionRoutes(registry: Pick<Registry, 'update' | 'refused'>): {
  [methodAndPath: string]: Route
} {
  return {
    'POST /v1/admissions': {
      roles: ['operator'],
      run: async ({ body }) => {
        const { refused, counted } = parsed(await body(limit))
        await registry.update(() => [
          ...refused
            .filter(({ review }) => !registry.refused.has(review))
            .map((one) => ({ kind: 'admission-refused', ...one }) as const),
          ...counted.map((one) => ({ kind: 'admission-counted', ...one }) as const),
        ])
        return { type: 'application/json', body: '{}' }
      },
    },
  }
}

function parsed(body: Buffer): AdmissionsRequest {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'))
    if (isObject(value)) {
      const { refused, counted } = value
      const well =
        areAll('admission-refused', refused) &&
        areAll('admission-counted', counted) &&
        Object.keys(value).length === 2
      if (well) return value as AdmissionsRequest
    }
  } catch {
    // Said below.
  }
  throw new Refusal('bad-request')
}

function areAll(kind: 'admission-refused' | 'admission-counted', list: unknown): boolean {
  return (
    Array.isArray(list) &&
    list.length <= mostAdmissions &&
    list.every((one) => isObject(one) && membersHold(kind, one))
  )
}
