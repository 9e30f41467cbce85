// That somebody reviewed activity (45 CFR 164.308(a)(1)(ii)(D)), as a record of the registry log. The person is whom the API server
// knows, never whom the request names.

import { recordLimit } from '../core/record.ts'
import { membersHold } from '../core/record-shape.ts'
import type { ReviewRequest, ReviewResponse } from '../core/wire.ts'
import { objectIn } from './json-body.ts'
import type { Route } from './receive.ts'
import { Refusal } from './refusals.ts'
import type { Registry } from './registry.ts'

/** With what the collector adds it must fit into a record. */
const limit = recordLimit - 4096

export function reviewRoutes(registry: Pick<Registry, 'update' | 'now'>): { [methodAndPath: string]: Route } {
  return {
    'POST /v1/reviews': {
      roles: ['auditor'],
      run: async ({ identity, body }) => {
        if (identity.role !== 'auditor') throw new Refusal('not-permitted')
        const asked: ReviewRequest & { by: string } = {
          ...(objectIn(await body(limit)) as ReviewRequest),
          by: identity.person,
        }
        if (!membersHold('activity-reviewed', asked)) throw new Refusal('bad-request')
        if (asked.since !== undefined && Date.parse(asked.since) >= Date.parse(asked.until))
          throw new Refusal('bad-request')
        if (Date.parse(asked.until) > registry.now) throw new Refusal('review-too-early')
        const { size } = await registry.update(() => [{ kind: 'activity-reviewed', ...asked }])
        const response: ReviewResponse = { index: size - 1 }
        return { type: 'application/json', body: JSON.stringify(response) }
      },
    },
  }
}
