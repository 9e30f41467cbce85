// What admission refuses is a record of the trail: it is told to the collector, soon and until it is there. The answer to the API
// server never waits for that. Who is refused again and again is counted, so that nobody can fill the trail, nor hide in it what
// another asked.

import { randomUUID } from 'node:crypto'
import type { AdmissionsRequest } from '../../core/wire.ts'
import { mostAdmissions } from '../../core/wire.ts'
import { type CollectorClient, statusOf } from '../collector-client.ts'
import { codeOf, idOf, type Log } from '../log.ts'
import { repeating } from '../repeating.ts'
import { type Request, refusalIn, type Verdict, whatOf } from './review.ts'

/** Within a minute, more are counted: of one person, namespace and kind; of one enrolled namespace, or all others; of all. */
const perMinute = { each: 5, namespace: 60, all: 600 }
/** Of all namespaces, that wait for the collector: more are counted. */
const mostWaiting = 1_000
/** Namespaces that are counted by name while the collector is away; those beyond count as one. */
const mostCounted = 1_000
/** Persons that a count names. */
const mostNamed = 16
/** Of texts, characters: a record has room for all of them, whatever they hold. */
const longest = { uid: 64, namespace: 63, what: 128, operation: 16, name: 253, by: 512, says: 1_000 }
/** Of one request, bytes of JSON: the collector takes twice as many. */
const mostBytes = 512 * 1024
/** Answers that say something of what was told, and nothing of the collector: the same again would be answered so again. */
const notTaken: ReadonlySet<number | undefined> = new Set([400, 413, 500])

type Refused = AdmissionsRequest['refused'][number]
type Counted = AdmissionsRequest['counted'][number] & { by: string[] }
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
  collector: Pick<CollectorClient, 'tellAdmissions'>
  /** Others share one quota, and are counted without a name: whoever makes namespaces makes no room by it. */
  enrolled: (namespace: string) => boolean
  log: Log
  now?: () => number
  /** Milliseconds between two tries. */
  every?: number
}

export function toldRefusals(options: ToldRefusalsOptions): ToldRefusals {
  const { collector, enrolled, log, now = Date.now, every = 1_000 } = options
  const waiting: Refused[] = []
  const beyond = new Map<string, Counted>()
  // Counts that were told and may be on record: they are told again as they were, so that their ids tell.
  const owed: Counted[] = []
  const total = { recorded: 0, counted: 0 }
  let minute = 0
  let inMinute = new Map<string, number>()
  let away = false

  /** Only what is recorded is remembered by name, so that what is refused takes no memory without end. */
  function hasRoom(namespace: string, { by = '', what }: Refused): boolean {
    const current = Math.floor(now() / 60_000)
    if (current !== minute) {
      minute = current
      inMinute = new Map()
    }
    const quotas: [key: string, most: number][] = [
      [JSON.stringify([]), perMinute.all],
      [JSON.stringify([namespace]), perMinute.namespace],
      [JSON.stringify([namespace, by, what]), perMinute.each],
    ]
    const full = quotas.some(([key, most]) => (inMinute.get(key) ?? 0) >= most)
    if (full || waiting.length >= mostWaiting) return false
    for (const [key] of quotas) inMinute.set(key, (inMinute.get(key) ?? 0) + 1)
    return true
  }

  function count(namespace: string, { refused, by }: Refused): void {
    const name = beyond.has(namespace) || beyond.size < mostCounted ? namespace : ''
    const sum = beyond.get(name) ?? { id: randomUUID(), namespace: name, count: 0, since: refused, by: [] }
    sum.count += 1
    if (by !== undefined && sum.by.length < mostNamed && !sum.by.includes(by)) sum.by.push(by)
    beyond.set(name, sum)
  }

  const bucketOf = (namespace: string): string => (enrolled(namespace) ? namespace : '')

  /** In halves where it is not taken whole. Resolves to what is to be told again, for nobody answered. */
  async function tellAll<One>(batch: One[], how: How<One>): Promise<One[]> {
    const [first] = batch
    if (first === undefined) return []
    try {
      await collector.tellAdmissions(how.request(batch))
    } catch (error) {
      if (!notTaken.has(statusOf(error))) {
        if (!away) log.warn('What admission refused is not on record yet', { error: codeOf(error) })
        away = true
        return batch
      }
      if (batch.length === 1) {
        how.alone(first)
        return []
      }
      const half = Math.ceil(batch.length / 2)
      const left = await tellAll(batch.slice(0, half), how)
      const rest = batch.slice(half)
      return left.length > 0 ? [...left, ...rest] : await tellAll(rest, how)
    }
    if (away) log.info('What admission refused is on record again')
    away = false
    how.taken(batch)
    return []
  }

  const oneByOne: How<Refused> = {
    request: (refused) => ({ refused, counted: [] }),
    taken: (batch) => (total.recorded += batch.length),
    alone: (one) => {
      const { review } = one
      log.error('The collector does not take what admission refused: it is counted', { key: idOf(review) })
      count(bucketOf(one.namespace), one)
    },
  }
  const asCounts: How<Counted> = {
    request: (counted) => ({ refused: [], counted }),
    taken: (batch) => (total.counted += sumOf(batch)),
    alone: ({ id = '', count: lost }) =>
      log.error('The collector does not take a count of what admission refused: it is in this log alone', {
        key: idOf(id),
        count: lost,
      }),
  }

  async function tell(): Promise<void> {
    while (waiting.length + owed.length + beyond.size > 0) {
      // Taken out: what comes meanwhile is told the next time, and nothing twice by two who tell at once.
      const refused = await tellAll(waiting.splice(0, fitting(waiting)), oneByOne)
      waiting.unshift(...refused)
      if (refused.length > 0) return
      if (owed.length === 0) {
        owed.push(...beyond.values())
        beyond.clear()
      }
      const counted = await tellAll(owed.splice(0, fitting(owed)), asCounts)
      owed.unshift(...counted)
      if (counted.length > 0) return
    }
  }

  const telling = repeating(tell, every)
  return {
    refused(request, message) {
      const one = refusedAs(request, message, new Date(now()).toISOString())
      const bucket = bucketOf(one.namespace)
      if (hasRoom(bucket, one)) waiting.push(one)
      else count(bucket, one)
    },
    counts: () => [
      { outcome: 'recorded', count: total.recorded },
      { outcome: 'counted', count: total.counted },
      { outcome: 'waiting', count: waiting.length + sumOf(owed) + sumOf([...beyond.values()]) },
    ],
    start: () => telling.start(),
    stop: async () => {
      telling.stop()
      await tell()
    },
  }
}

/** How one kind is told, and what becomes of what is taken, and of one that is not although it comes alone. */
type How<One> = {
  request(batch: One[]): AdmissionsRequest
  taken(batch: readonly One[]): void
  alone(one: One): void
}

const sumOf = (counted: readonly Counted[]): number => counted.reduce((sum, one) => sum + one.count, 0)

/** How many of them, from the first on, make one request: at least one. */
function fitting(list: readonly object[]): number {
  let bytes = 0
  const beyond = list.slice(0, mostAdmissions).findIndex((one, index) => {
    bytes += Buffer.byteLength(JSON.stringify(one))
    return index > 0 && bytes > mostBytes
  })
  return beyond === -1 ? mostAdmissions : beyond
}

/** What cannot be judged is refused as well, in words of the server's own; a policy is let in then, and no refusal. */
const unjudged = 'hipaa-mcp: it could not be judged, so it is refused'

/** Judges as before, and tells of what is refused. A dry run asks what would be: nobody was refused anything. */
export function recording(
  judge: (request: Request) => Promise<Verdict>,
  record: ToldRefusals['refused'] = () => undefined,
): (request: Request) => Promise<Verdict> {
  return async (request) => {
    if (request.dryRun === true) return await judge(request)
    try {
      const verdict = await judge(request)
      const refused = refusalIn(verdict)
      if (refused !== undefined) record(request, refused)
      return verdict
    } catch (error) {
      if (request.resource.group === '') record(request, unjudged)
      throw error
    }
  }
}

/** Bounded, and no text that has no bytes: one that the collector could not take would hold up all that come after it. */
function refusedAs(request: Request, message: string, refused: string): Refused {
  const { uid, namespace, name, operation, userInfo } = request
  return {
    review: bounded(uid, longest.uid),
    refused,
    namespace: bounded(namespace, longest.namespace),
    what: bounded(whatOf(request), longest.what),
    operation: bounded(operation, longest.operation),
    ...(name === undefined || name === '' ? {} : { name: bounded(name, longest.name) }),
    ...(userInfo === undefined ? {} : { by: bounded(userInfo.username, longest.by) }),
    says: bounded(message, longest.says),
  }
}

/** Of a request whatever it holds: nothing has looked at its types. */
function bounded(text: unknown, most: number): string {
  return typeof text === 'string' ? text.slice(0, most).toWellFormed() : ''
}
