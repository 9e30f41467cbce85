// Reviews of activity that are on record (45 CFR 164.308(a)(1)(ii)(D)): whether the trail still says what was reviewed, and up to when
// it was reviewed without a gap.

import { createHash } from 'node:crypto'
import { canonical } from '../../core/canonical.ts'
import { ActivityReview, type Review } from '../../core/export/activity-review.ts'
import type { Told } from '../../core/export/told.ts'
import type { ActivityReviewed, AuditRecord } from '../../core/record.ts'
import type { ReviewRequest, ReviewResponse } from '../../core/wire.ts'
import type { Auditor } from '../auditor.ts'
import { askCollector } from '../collector-connection.ts'

export const hashOf = (review: Review): string => createHash('sha256').update(canonical(review)).digest('hex')

/** Puts a review on record. Resolves to the index in the registry log. */
export async function putOnRecord(auditor: Auditor, request: ReviewRequest): Promise<number> {
  const { index } = await auditor(
    async (socket) => await askCollector<ReviewResponse>(socket, 'POST /v1/reviews', request),
  )
  return index
}

export type Reviewed = {
  /** Up to when everything was reviewed, from the trail's first record on; RFC 3339, absent where nothing was. */
  through?: string
  /** More than so many days are witnessed since then. */
  overdue: boolean
  everyDays: number
}

const dayMs = 86_400_000

/** Takes everything that a trail tells, beside the reviews that it has on record. */
export class ReviewsOnRecord {
  readonly #reviews: { said: ActivityReviewed; review: ActivityReview }[]
  #first = Number.POSITIVE_INFINITY

  constructor(registry: readonly AuditRecord[]) {
    this.#reviews = registry.flatMap((said) =>
      said.kind === 'activity-reviewed'
        ? [{ said, review: new ActivityReview(sinceOf(said), Date.parse(said.until)) }]
        : [],
    )
  }

  /** `anew`: what was reviewed is made anew too, for `compared`. */
  take(told: Told, anew: boolean): void {
    this.#first = Math.min(this.#first, Date.parse(told.at))
    if (anew) for (const { review } of this.#reviews) review.take(told)
  }

  /** Each review, and whether the trail still says what was reviewed. */
  compared(server: string): { said: ActivityReviewed; same: boolean }[] {
    return this.#reviews.map(({ said, review }) => ({
      said,
      same: hashOf(review.review(server)) === said.review,
    }))
  }

  /** `now`: up to when the trail is witnessed, milliseconds since 1970. */
  state(now: number, everyDays: number): Reviewed {
    let through = this.#first
    for (const { said } of this.#reviews.toSorted((a, b) => sinceOf(a.said) - sinceOf(b.said)))
      if (sinceOf(said) <= through) through = Math.max(through, Date.parse(said.until))
    const overdue = now - through > everyDays * dayMs
    return {
      ...(through > this.#first ? { through: new Date(through).toISOString() } : {}),
      overdue,
      everyDays,
    }
  }
}

const sinceOf = ({ since }: ActivityReviewed): number =>
  since === undefined ? Number.NEGATIVE_INFINITY : Date.parse(since)
