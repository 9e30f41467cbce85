// Opens streams, each over a connection of its own, and keeps them until it is told to end. The work's tokens take turns.
//
//   node test/bench/open-streams.ts WORK.json ORIGIN STREAMS   (prints "open" when each has had its first event)

import { readFileSync } from 'node:fs'
import { request } from 'node:https'
import type { Work } from './work.ts'

const [file = '', origin = '', count = '1'] = process.argv.slice(2)
const {
  callersCa,
  client,
  headers,
  request: body,
  tokens = [],
} = JSON.parse(readFileSync(file, 'utf8')) as Work

async function open(at: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const sending = request(
      `${origin}/mcp`,
      {
        method: 'POST',
        agent: false,
        ca: callersCa,
        ...client,
        servername: 'localhost',
        headers: { ...headers, authorization: `Bearer ${tokens[at % tokens.length]}` },
      },
      (response) => {
        if (response.statusCode === 200) response.once('data', () => resolve())
        else reject(new Error(`Stream ${at} is answered ${response.statusCode}`))
        // One that ends is none that is open.
        response.once('end', () => process.exit(1))
      },
    )
    sending.once('error', reject)
    sending.end(body)
  })
}

// One after the other: as many handshakes at a time would be a test of something else.
for (let at = 0; at < Number(count); at++) await open(at)
console.log('open')
