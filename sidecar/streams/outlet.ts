// The caller's side of a stream (Server-Sent Events, MCP Streamable HTTP). It begins with the first event, so that a
// request without any is answered in plain JSON.

import type { ServerResponse } from 'node:http'
import { Leaving } from './leaving.ts'

/** So often something is sent on a stream that is silent, milliseconds: hops on the way end what says nothing. */
const beat = 15_000

/** So long a caller may leave what was sent unread, milliseconds. */
const patience = 60_000

/** Where a stream can be taken up again, and after how many milliseconds. */
export type Mark = { readonly id?: string; readonly retry?: number }

export interface Outlet {
  readonly begun: boolean
  /** Aborted when the caller is gone before the stream ended. */
  readonly gone: Leaving
  /** Sends the head. Afterwards the answer to the request, whatever it is, is an event. */
  begin(headers?: { readonly [name: string]: string }): void
  /** Resolves when there is room for more, or nobody is left to read it. Empty data is no message: a mark stands alone. */
  event(data: string, mark?: Mark): Promise<void>
  /** The last event, if any, and the end. */
  end(data?: string): void
}

export function outlet(response: ServerResponse): Outlet {
  const gone = new Leaving()
  let begun = false
  let ended = false
  let timer: NodeJS.Timeout | undefined
  // A caller who left while the intent was recorded: their 'close' is past.
  if (response.destroyed) gone.leave()
  response.once('close', () => {
    clearInterval(timer)
    gone.leave()
  })

  const own: Outlet = {
    get begun() {
      return begun
    },
    gone,
    begin(headers = {}) {
      if (begun) return
      begun = true
      response.writeHead(200, {
        'content-type': 'text/event-stream',
        'cache-control': 'no-store, no-transform',
        // A proxy that buffers would hold events back (nginx).
        'x-accel-buffering': 'no',
        ...headers,
      })
      response.flushHeaders()
      timer = setInterval(() => response.write(': \n\n'), beat)
    },
    async event(data, mark) {
      if (ended || gone.aborted) return
      own.begin()
      if (response.write(text(data, mark))) return
      await new Promise<void>((resolve) => {
        // Who does not read holds a connection, here and at the server.
        const stalled = setTimeout(() => response.destroy(), patience)
        const done = (): void => {
          clearTimeout(stalled)
          response.off('drain', done)
          gone.removeEventListener('abort', done)
          resolve()
        }
        response.on('drain', done)
        gone.addEventListener('abort', done)
      })
    },
    end(data) {
      ended = true
      clearInterval(timer)
      response.end(data === undefined ? undefined : text(data))
    },
  }
  return own
}

/** A server's own bytes may have line feeds: each begins another line of the event, and the reader joins them by one. */
function text(data: string, { id, retry }: Mark = {}): string {
  const marked = `${id === undefined ? '' : `id: ${id}\n`}${retry === undefined ? '' : `retry: ${retry}\n`}`
  return `${marked}${data === '' ? '' : 'event: message\n'}data: ${data.replaceAll('\n', '\ndata: ')}\n\n`
}
