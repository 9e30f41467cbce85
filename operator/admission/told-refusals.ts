// What admission refuses is a record of the trail: it is told to the collector, soon and until it is there. The answer to the API
// server never waits for that. A namespace that is refused again and again is counted, so that it cannot fill the trail.

import type { AdmissionsRequest } from '../../core/wire.ts'
import { mostAdmissions } from '../../core/wire.ts'
import type { CollectorClient } from '../collector-client.ts'
import { codeOf, type Log } from '../log.ts'
import { repeating } from '../repeating.ts'
import type { Request, Verdict } from './review.ts'

/** Of one namespace, within a minute: more are counted. */
const perMinute = 20
/** Of all namespaces, that wait for the collector: more are counted. */
const mostWaiting = 1_000
/** Namespaces that are counted by name while the collector is away; those beyond count as one. */
const mostCounted = 1_000
/** Of our words, characters. */
const longest = 1_000

type Refused = AdmissionsRequest['refused'][number]
type Counted = AdmissionsRequest['counted'][number]
export type RefusalCounts = { readonly outcome: 'recorded' | 'counted' | 'waiting'; readonly count: number }

export interface ToldRefusals {
  /** Never waits and never throws. */
  refused(request: Request, message: string): void
  /** Since the start, and how many wait now: what is counted is told as a number. */
  counts(): RefusalCounts[]
  start(): void
  /** Tells what waits once more, and then no more. */
  stop(): Promise<void>
}

export type ToldRefusalsOptions = {
  collector: Pick<CollectorClient, 'refused'>
  log: Log
  now?: () => number
  /** Milliseconds between two tries. */
  every?: number
}

export function toldRefusals(options: ToldRefusalsOptions): ToldRefusals {
  const { collector, log, now = Date.now, every = 1_000 } = options
  const waiting: Refused[] = []
  const beyond = new Map<string, Counted>()
  const total = { recorded: 0, counted: 0 }
  let minute = 0
  let inMinute = new Map<string, number>()
  let away = false

  function hasRoom(namespace: string): boolean {
    const current = Math.floor(now() / 60_000)
    if (current !== minute) {
      minute = current
      inMinute = new Map()
    }
    const before = inMinute.get(namespace) ?? 0
    if (before >= perMinute || waiting.length >= mostWaiting) return false
    inMinute.set(namespace, before + 1)
    return true
  }

  function count(namespace: string, at: string, more = 1): void {
    const name = beyond.has(namespace) || beyond.size < mostCounted ? namespace : ''
    const before = beyond.get(name)
    beyond.set(name, {
      namespace: name,
      count: (before?.count ?? 0) + more,
      since: before?.since ?? at,
    })
  }

  async function tell(): Promise<void> {
    while (waiting.length > 0 || beyond.size > 0) {
      // Taken out: what comes meanwhile is told the next time, and nothing twice by two who tell at once.
      const refused = waiting.splice(0, mostAdmissions)
      const counted = [...beyond.values()].slice(0, mostAdmissions)
      for (const { namespace } of counted) beyond.delete(namespace)
      try {
        await collector.refused({ refused, counted })
        if (away) log.info('What admission refused is on record again')
        away = false
      } catch (error) {
        waiting.unshift(...refused)
        for (const one of counted) count(one.namespace, one.since, one.count)
        if (!away) log.warn('What admission refused is not on record yet', { error: codeOf(error) })
        away = true
        return
      }
      total.recorded += refused.length
      total.counted += counted.reduce((sum, one) => sum + one.count, 0)
    }
  }

  const telling = repeating(tell, every)
  return {
    refused(request, message) {
      const at = new Date(now()).toISOString()
      const namespace = request.namespace ?? ''
      if (hasRoom(namespace)) waiting.push(refusedAs(request, message, at))
      else count(namespace, at)
    },
    counts: () => [
      { outcome: 'recorded', count: total.recorded },
      { outcome: 'counted', count: total.counted },
      {
        outcome: 'waiting',
        count: waiting.length + [...beyond.values()].reduce((sum, one) => sum + one.count, 0),
      },
    ],
    start: () => telling.start(),
    stop: async () => {
      telling.stop()
      await tell()
    },
  }
}

/** What cannot be judged is refused as well, in words of the server's own; a policy is let in then, and no refusal. */
const unjudged = 'hipaa-mcp: it could not be judged, so it is refused'

/** Judges as before, and tells of what is refused. */
export function recording(
  judge: (request: Request) => Promise<Verdict>,
  record: ToldRefusals['refused'] = () => undefined,
): (request: Request) => Promise<Verdict> {
  return async (request) => {
    try {
      const verdict = await judge(request)
      if (!verdict.allowed) record(request, verdict.message)
      return verdict
    } catch (error) {
      if (request.resource.group === '') record(request, unjudged)
      throw error
    }
  }
}

function refusedAs(
  { uid, namespace, name, resource, subResource, operation, userInfo }: Request,
  message: string,
  refused: string,
): Refused {
  return {
    review: uid,
    refused,
    namespace: namespace ?? '',
    what: [resource.resource, subResource].filter(Boolean).join('/'),
    operation,
    ...(name === undefined || name === '' ? {} : { name }),
    ...(userInfo === undefined ? {} : { by: userInfo.username.slice(0, longest).toWellFormed() }),
    says: message.slice(0, longest).toWellFormed(),
  }
}
