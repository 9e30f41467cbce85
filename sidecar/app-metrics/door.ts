// `/app-metrics` on the health port: the app's own metrics, asked for on loopback when somebody asks us, and filtered
// (filter.ts). One question to the app at a time and one a second at most, however many ask.

import type { ServerResponse } from 'node:http'
import { get } from 'node:http'
import type { AppMetrics } from '../../core/policy.ts'
import { type DropReason, MetricsFilter } from './filter.ts'

/** What became of asking the app: the label of a metric, so a closed list. */
export type ScrapeOutcome = 'served' | 'unreachable' | 'not-metrics' | 'too-large' | 'late'

export type DoorOptions = {
  /** What the policy lets through; undefined: nothing, or no call is served either. */
  rule: () => AppMetrics | undefined
  scraped: (outcome: ScrapeOutcome) => void
  dropped: (reason: DropReason, count: number) => void
}

/** Largest answer of the app, bytes, and longest time to give it, milliseconds. */
const mostBytes = 1_048_576
const patience = 5_000
/** Milliseconds for which an answer is given again. */
const fresh = 1_000

class NotAnswered extends Error {
  readonly outcome: Exclude<ScrapeOutcome, 'served'>
  constructor(outcome: NotAnswered['outcome']) {
    super(outcome)
    this.outcome = outcome
  }
}

/** Answers one question at `/app-metrics`. What the app said goes nowhere but through the filter, its faults neither. */
export function appMetricsDoor({ rule, scraped, dropped }: DoorOptions): (response: ServerResponse) => void {
  const filter = new MetricsFilter()
  let last: { of: AppMetrics; until: number; text: Promise<string> } | undefined

  function current(of: AppMetrics): Promise<string> {
    const now = performance.now()
    if (last !== undefined && last.of === of && now < last.until) return last.text
    const text = ask(of)
    const asked = { of, until: Infinity, text }
    last = asked
    const ends = () => (asked.until = performance.now() + fresh)
    text.then(ends, ends)
    return text
  }

  async function ask(of: AppMetrics): Promise<string> {
    try {
      const { text, dropped: lost } = await filter.filter(await fetched(of), of)
      scraped('served')
      for (const [reason, count] of lost) dropped(reason, count)
      return text
    } catch (error) {
      scraped(error instanceof NotAnswered ? error.outcome : 'unreachable')
      throw error
    }
  }

  return (response) => {
    const of = rule()
    if (of === undefined)
      return answer(
        response,
        404,
        'application/json',
        '{"says":"workload.metrics declares none, or the server is locked"}\n',
      )
    current(of).then(
      (text) => answer(response, 200, 'text/plain; version=0.0.4; charset=utf-8', text),
      (error: unknown) => {
        const why = error instanceof NotAnswered ? error.outcome : 'unreachable'
        answer(
          response,
          502,
          'application/json',
          `${JSON.stringify({ says: 'The app gave no metrics', why })}\n`,
        )
      },
    )
  }
}

/** Rejects with NotAnswered. Follows nothing and decodes nothing. */
async function fetched({ port, path }: AppMetrics): Promise<string> {
  const signal = AbortSignal.timeout(patience)
  return await new Promise<string>((resolve, reject) => {
    const fails = (outcome: NotAnswered['outcome']) => reject(new NotAnswered(outcome))
    const request = get(
      {
        host: '127.0.0.1',
        port,
        path,
        agent: false,
        signal,
        headers: {
          accept: 'text/plain;version=0.0.4',
          'accept-encoding': 'identity',
          'user-agent': 'hipaa-mcp',
        },
      },
      (response) => {
        const { statusCode, headers } = response
        if (statusCode !== 200 || (headers['content-encoding'] ?? 'identity') !== 'identity') {
          response.destroy()
          return fails('not-metrics')
        }
        const chunks: Buffer[] = []
        let length = 0
        response.on('data', (chunk: Buffer) => {
          length += chunk.length
          if (length <= mostBytes) {
            chunks.push(chunk)
            return
          }
          response.destroy()
          fails('too-large')
        })
        response.once('end', () => resolve(Buffer.concat(chunks).toString('utf8')))
        response.once('error', () => fails(signal.aborted ? 'late' : 'unreachable'))
      },
    )
    request.once('error', () => fails(signal.aborted ? 'late' : 'unreachable'))
    // One that changes the protocol (101) ends without an error or an answer.
    request.once('close', () => fails('unreachable'))
  })
}

function answer(response: ServerResponse, status: number, type: string, text: string): void {
  if (response.destroyed) return
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(text) })
  response.end(text)
}
