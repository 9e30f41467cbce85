// One request to the API server and its answer over undici: whole, or byte by byte as a watch needs it.

import { Writable } from 'node:stream'
import type { Dispatcher } from 'undici'

/** `server`: base URL of the API server, which may have a path. `path`: with its query. */
export type Sent = {
  server: string
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  path: string
  headers: Record<string, string>
  body?: string
}

/** Rejects as undici does: nothing answered, or not in time (`TimeoutError`). */
export type Exchange<Answer> = (dispatcher: Dispatcher, sent: Sent) => Promise<Answer>

function optionsOf({ server, path, ...sent }: Sent): Dispatcher.DispatchOptions & { origin: string } {
  const { origin, pathname, search } = new URL(`${server}${path}`)
  return { origin, path: `${pathname}${search}`, ...sent }
}

/**
 * The answer's status and text, which must be there after `deadline` milliseconds; what has not been sent by then is not. Not by
 * `request` of undici: what that makes for an answer outlives it until the next full collection of garbage, and every small one
 * copies it. So the slowest of a hundred reads took twice as long.
 */
export function whole(deadline: number): Exchange<{ status: number; text: string }> {
  return async (dispatcher, sent) => {
    const options = optionsOf(sent)
    const chunks: Buffer[] = []
    let status = 0
    const late = new AbortController()
    const timer = setTimeout(
      () => late.abort(new DOMException('No answer in time', 'TimeoutError')),
      deadline,
    )
    try {
      await dispatcher.stream({ ...options, signal: late.signal }, ({ statusCode }) => {
        status = statusCode
        return new Writable({
          write: (chunk: Buffer, _, done) => {
            chunks.push(chunk)
            done()
          },
        })
      })
    } finally {
      clearTimeout(timer)
    }
    return { status, text: Buffer.concat(chunks).toString('utf8') }
  }
}

/**
 * The answer's bytes as they come, until the server ends them or `signal` aborts them; of one that says no the text, as `whole`
 * has it.
 */
export function streamed(
  signal: AbortSignal,
): Exchange<{ status: number; text: string; body: AsyncIterable<Uint8Array> }> {
  return async (dispatcher, sent) => {
    const { statusCode: status, body } = await dispatcher.request({
      ...optionsOf(sent),
      signal,
      headersTimeout: 30_000,
      // A watch is quiet for as long as nothing happens: list-watch.ts bounds that itself.
      bodyTimeout: 0,
    })
    return { status, text: status < 400 ? '' : await body.text(), body }
  }
}
