// A stdio server as the sidecar sees one: whoever connects to its socket. It says what a test tells it to, and nothing by
// itself but its handshake.

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { createInterface } from 'node:readline'

type Message = Record<string, unknown> & { id?: number; method?: string; params?: Record<string, unknown> }

export type StdioServer = {
  /** Everything that reached it besides the handshake. */
  readonly asked: Message[]
  readonly handshake: Message[]
  say(message: object): void
  /** Bytes as they are. */
  write(text: string | Buffer): void
  answer(asked: Message | undefined, result: object): void
  /** Resolves to the request in question once it is there. */
  request(at: number): Promise<Message>
  readonly socket: Socket
  end(): Promise<void>
}

const capabilities = { tools: { listChanged: true }, logging: {}, resources: { subscribe: true } }

/** How a server answers the two handshakes; undefined: not at all. */
export const ways = {
  discover: ({ method }: Message) =>
    method === 'server/discover'
      ? {
          result: {
            resultType: 'complete',
            supportedVersions: ['2026-07-28'],
            capabilities,
            _meta: { 'io.modelcontextprotocol/serverInfo': { name: 'sample', version: '1.0.0' } },
          },
        }
      : { error: { code: -32601, message: 'no' } },
  initialize: ({ method }: Message) =>
    method === 'initialize'
      ? {
          result: {
            protocolVersion: '2025-11-25',
            capabilities,
            serverInfo: { name: 'sample', version: '1.0.0' },
            instructions: 'Ask for Fluegel',
          },
        }
      : { error: { code: -32601, message: 'no' } },
  earlier: (asked: Message) => {
    const said = ways.initialize(asked)
    return 'result' in said ? { result: { ...said.result, protocolVersion: '2025-06-18' } } : said
  },
  ancient: (asked: Message) => {
    const said = ways.initialize(asked)
    return 'result' in said ? { result: { ...said.result, protocolVersion: '2024-11-05' } } : said
  },
} as const

export async function stdioServer(
  path: string,
  way: (asked: Message, socket: Socket) => object | undefined,
): Promise<StdioServer> {
  const socket = connect(path)
  await once(socket, 'connect')
  const asked: Message[] = []
  const handshake: Message[] = []
  let heard: (() => void) | undefined
  const say = (message: object): void =>
    void socket.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)
  createInterface({ input: socket }).on('line', (line) => {
    const message = JSON.parse(line) as Message
    const greets = ['server/discover', 'initialize', 'notifications/initialized']
    if (!greets.includes(message.method ?? '')) asked.push(message)
    else {
      handshake.push(message)
      const said = message.id === undefined ? undefined : way(message, socket)
      if (said !== undefined) say({ id: message.id, ...said })
    }
    heard?.()
  })
  socket.on('error', () => undefined)
  return {
    asked,
    handshake,
    say,
    write: (text) => void socket.write(text),
    answer: (one, result) => say({ id: one?.id, result }),
    async request(at) {
      for (;;) {
        const found = asked[at]
        if (found !== undefined) return found
        await new Promise<void>((resolve) => (heard = resolve))
      }
    },
    socket,
    async end() {
      if (socket.destroyed) return
      const closed = once(socket, 'close')
      socket.destroy()
      await closed
    },
  }
}
