// The MCP server of the bench: answers every request with the same result under the request's id; a call of one tool with
// a stream of events before it, and of another with a stream that stays open after its first event. Bare sockets, so that
// it takes as little of the machine as can be: it is the same for all that is measured.
//
//   node test/bench/upstream.ts WORK.json PORT

import { readFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { eventsOfCall, eventsTool, openTool } from './other-work.ts'
import type { Work } from './work.ts'

const { result } = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as Pick<Work, 'result'>

const chunk = (text: string): string => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`
const event = (message: string): string => chunk(`event: message\ndata: ${message}\n\n`)
const streamHead = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n'
/** The sidecar puts the caller's token into it. */
const progress = Array.from({ length: eventsOfCall }, (_, at) =>
  event(
    `{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":1,"progress":${at + 1},"total":${eventsOfCall},"message":"Reading the records of the ward, one page after the other"}}`,
  ),
)

const server = createServer({ noDelay: true }, (socket) => {
  let held: Buffer = Buffer.alloc(0)
  socket.on('data', (chunk: Buffer) => {
    held = held.length === 0 ? chunk : Buffer.concat([held, chunk])
    for (;;) {
      const end = held.indexOf('\r\n\r\n')
      if (end < 0) return
      const size = Number(/content-length: *(\d+)/i.exec(held.toString('latin1', 0, end))?.[1] ?? 0)
      if (held.length < end + 4 + size) return
      const body = held.toString('latin1', end + 4, end + 4 + size)
      held = held.subarray(end + 4 + size)
      const id = /"id": *(\d+)/.exec(body)?.[1] ?? 'null'
      const answer = `{"jsonrpc":"2.0","id":${id},"result":${result}}`
      if (body.includes(eventsTool) || body.includes(openTool)) {
        socket.write(streamHead)
        // Each by itself, as a server that works sends them.
        for (const each of body.includes(openTool) ? progress.slice(0, 1) : progress) socket.write(each)
        if (body.includes(eventsTool)) socket.write(`${event(answer)}0\r\n\r\n`)
        continue
      }
      socket.write(
        `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(answer)}\r\n\r\n${answer}`,
      )
    }
  })
  socket.on('error', () => socket.destroy())
})
server.listen(Number(process.argv[3] ?? 0), '127.0.0.1', () =>
  console.log(JSON.stringify({ port: (server.address() as AddressInfo).port })),
)
