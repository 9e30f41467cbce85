// What runs in the pods of model-gate.yaml, as `node -e` takes it.

/** Says each call that it hears, a line of JSON, and answers it. */
export const vendorProgram = `
const { readFileSync } = require('node:fs')
const { text } = require('node:stream/consumers')
const tls = { cert: readFileSync('/tls/tls.crt'), key: readFileSync('/tls/tls.key') }
require('node:https').createServer(tls, async (asked, answer) => {
  const { method, url, headers } = asked
  console.log(JSON.stringify({ method, url, authorization: headers.authorization, body: await text(asked) }))
  answer.setHeader('content-type', 'application/json')
  answer.end(JSON.stringify({ output: 'well' }))
}).listen(443)
`

/** Asks once a second in turns for what the rules allow and for what they do not, over TLS that it checks; says what came of it. */
export const appProgram = `
const allowed = { model: 'gpt-5', input: 'hello', store: false }
const calls = [allowed, { ...allowed, tools: [{ type: 'mcp', server_url: 'https://elsewhere.example' }] }]
const ask = async (call) => {
  const answer = await fetch('https://models.vendor.svc.cluster.local/v1/responses', {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Bearer of-the-app' },
    body: JSON.stringify(call),
    signal: AbortSignal.timeout(10_000),
  })
  return { status: answer.status, body: await answer.json() }
}
let turn = 0
setInterval(async () => {
  const call = turn++ % 2
  const seen = await ask(calls[call]).catch((error) => ({ failed: String(error.cause ?? error) }))
  console.log(JSON.stringify({ call, ...seen }))
}, 1000)
`
