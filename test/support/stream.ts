// A caller who reads a stream event by event, and may leave in the middle of it.

import { request } from 'node:https'
import { eventParser } from '../../sidecar/sse.ts'
import { type Asking, caller, type Scene } from './scene.ts'

type Message = Record<string, unknown>

/** `empty`: it stood by itself. */
type Mark = { id: string | undefined; retry: number | undefined; empty: boolean }

export type Stream = {
  status: number
  type: string | undefined
  /** Where it can be taken up again, as far as it was said. */
  marks: Mark[]
  /** The next event, or undefined at the end. */
  next(): Promise<Message | undefined>
  /** All that are still to come. */
  rest(): Promise<Message[]>
  /** The caller is gone. */
  leave(): void
}

function quiet(): void {}

export async function open(scene: Scene, asking: Asking): Promise<Stream> {
  const { key, cert } = await caller()
  const token = asking.token ?? (await scene.token())
  return await new Promise((resolve, reject) => {
    const sending = request(
      {
        host: '127.0.0.1',
        port: scene.port,
        path: '/mcp',
        method: asking.method ?? 'POST',
        key,
        cert,
        ca: scene.serversCa.cert,
        servername: 'localhost',
        headers: {
          ...(asking.method === 'GET' ? {} : { 'content-type': 'application/json' }),
          accept: 'application/json, text/event-stream',
          authorization: `Bearer ${token}`,
          ...asking.headers,
        },
      },
      (response) => {
        const events: Message[] = []
        const state = { ended: false, wake: quiet }
        const marks: Mark[] = []
        const parse = eventParser(({ data, id, retry }) => {
          if (id !== undefined || retry !== undefined) marks.push({ id, retry, empty: data === '' })
          if (data !== '') events.push(JSON.parse(data) as Message)
        }, 1_000_000)
        const plain: Buffer[] = []
        const type = response.headers['content-type']
        const streaming = type?.startsWith('text/event-stream') === true
        response.on('data', (chunk: Buffer) => {
          if (streaming) parse(chunk)
          else plain.push(chunk)
          state.wake()
        })
        const over = (): void => {
          if (!state.ended && !streaming && plain.length > 0)
            events.push(JSON.parse(Buffer.concat(plain).toString()) as Message)
          state.ended = true
          state.wake()
        }
        response.on('end', over)
        response.on('error', over)
        const next = async (): Promise<Message | undefined> => {
          while (events.length === 0 && !state.ended)
            await new Promise<void>((done) => {
              state.wake = done
            })
          return events.shift()
        }
        resolve({
          status: response.statusCode ?? 0,
          marks,
          type,
          next,
          async rest() {
            const all: Message[] = []
            for (let one = await next(); one !== undefined; one = await next()) all.push(one)
            return all
          },
          leave: () => sending.destroy(),
        })
      },
    )
    sending.on('error', reject)
    sending.end(asking.body ?? '')
  })
}
