// Asks the collector when a person was last seen, in any pod of this server. Asked only of a session that looks over here.

import type { ActivityRequest, ActivityResponse } from '../../core/wire.ts'
import type { Elsewhere } from '../logoff.ts'
import type { Link } from './link.ts'

/** A caller waits for it: longer than this, and the session counts as over. */
const timeout = 2_000

export function askActivity(link: Pick<Link, 'request'>): Elsewhere {
  return async ({ iss, sub, certificate }) => {
    const request: ActivityRequest = { iss, sub, certificate }
    const { statusCode, body } = await link.request({
      method: 'POST',
      path: '/v1/activity',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(request),
      signal: AbortSignal.timeout(timeout),
    })
    const text = await body.text()
    if (statusCode !== 200) throw new Error(`The collector answered ${statusCode}`)
    const { last } = JSON.parse(text) as Partial<ActivityResponse>
    const time = typeof last === 'string' ? Date.parse(last) : Number.NaN
    return Number.isNaN(time) ? undefined : time
  }
}
