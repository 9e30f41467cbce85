// Reads a stream of the MCP server that belongs to no request of its own: a session's, or the rest of an earlier one.

import { isObject } from '../core/is-object.ts'
import { parseText } from '../core/json.ts'
import { type Hearing, markOf, mediaType, type Progress, serverMessage } from './hearing.ts'
import type { Held } from './http1/client.ts'
import type { Fields } from './http1/response.ts'
import { type Reason, Refusal } from './refusals.ts'
import { eventParser } from './sse.ts'

/** Resolves when it ends. */
export function streamReader(
  { hearing, lastEventId }: { readonly hearing: Hearing; readonly lastEventId?: string },
  limit: number,
  resolve: () => void,
  reject: (why: Refusal) => void,
) {
  let held: Held | undefined
  const progress: Progress = { streaming: false, settled: false, messages: 0 }
  const refuse = (reason: Reason, cause?: unknown): void => {
    if (progress.settled) return
    progress.settled = true
    reject(new Refusal(reason, { mayHaveRun: false, ...(cause === undefined ? {} : { cause }) }))
    held?.abort()
  }
  const done = (): void => {
    if (progress.settled) return
    progress.settled = true
    resolve()
    held?.abort()
  }
  const parse = eventParser(({ data, ...event }) => {
    const mark = markOf(event)
    if (data === '') {
      if (mark !== undefined && hearing.mark?.(mark) === false) held?.pause()
      return
    }
    progress.messages += 1
    const parsed = parseText(data)
    const value = 'value' in parsed ? parsed.value : undefined
    if (!isObject(value) || value['jsonrpc'] !== '2.0') return refuse('upstream-malformed')
    const said = serverMessage(value)
    if (said !== undefined) {
      if (!hearing.take(said, mark)) held?.pause()
      return
    }
    // Answers belong to the streams of their requests: here only that of the call which this stream goes on with.
    const { late } = hearing
    if (late === undefined || value['id'] !== late.id || value['method'] !== undefined) return
    late.take(value)
    done()
  }, limit)

  return {
    progress,
    sends(connection: Held): boolean {
      if (progress.settled) return false
      held = connection
      return true
    },
    begun(status: number, headers: Fields): void {
      const type = mediaType(headers)
      if (status === 404) return refuse('session-unknown')
      if (status === 405) return refuse('method-not-allowed')
      // It keeps no such event, or not any more.
      if (lastEventId !== undefined && status >= 400 && status < 500) return refuse('event-unknown')
      if (status !== 200 || type !== 'text/event-stream' || headers['content-encoding'] !== undefined)
        return refuse('upstream-malformed')
      progress.streaming = true
      hearing.began?.(() => held?.resume())
    },
    data(chunk: Buffer): void {
      if (progress.settled || !progress.streaming) return
      try {
        parse(chunk)
      } catch (cause) {
        refuse('upstream-malformed', cause)
      }
    },
    ended: done,
    failed(cause: Error): void {
      if (progress.streaming) done()
      else refuse('upstream-down', cause)
    },
    late() {
      // Without a head there was no stream.
      if (progress.streaming) done()
      else refuse('upstream-late')
    },
    left: done,
  }
}
