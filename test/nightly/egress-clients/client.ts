// Node's own clients: `client.ts fetch|https|model BASE UNDECLARED`. What each of the clients beside this file does: two requests,
// a line on standard input, a third request, and one for a name that no policy declares; a JSON value a line.

import { setDefaultResultOrder } from 'node:dns'
import { Agent, get } from 'node:https'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'

// As Node does it since version 17, but for a name that has both.
setDefaultResultOrder('ipv6first')
const [how, base = '', undeclared = ''] = process.argv.slice(2)
const agent = new Agent({ keepAlive: true })

const ways: { readonly [how: string]: (url: string) => Promise<string> } = {
  fetch: async (url) => await (await fetch(url)).text(),
  /** A call to a model's vendor, wherever it is sent. */
  model: async (url) =>
    await (
      await fetch(new URL('/v1/responses', url), {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: 'Bearer of-the-app' },
        body: JSON.stringify({ model: 'gpt-5', input: 'hello', store: false }),
      })
    ).text(),
  https: async (url) =>
    await new Promise((resolve, reject) => {
      get(url, { agent }, (answer) => void text(answer).then(resolve, reject)).once('error', reject)
    }),
}
const ask = ways[how ?? ''] as (url: string) => Promise<string>
const say = (value: object): void => void process.stdout.write(`${JSON.stringify(value)}\n`)

say({ says: 'listening' })
for (const path of ['/one', '/two']) {
  say({ answer: JSON.parse(await ask(base + path)) as object })
  // Until the connection is put back.
  await new Promise((resolve) => setTimeout(resolve, 100))
}
for await (const _ of createInterface({ input: process.stdin })) break
say({ answer: JSON.parse(await ask(`${base}/three`)) as object })
const began = performance.now()
try {
  await ask(undeclared)
  say({ unknown: 'answered' })
} catch (error) {
  const { message, cause } = error as Error
  const why = cause instanceof Error ? cause.message : ''
  say({ unknown: `${message} ${why}`, milliseconds: performance.now() - began })
}
process.exit(0)
