// The records' part of a call by itself: both records of each call of the bench, made, hashed, encrypted where they name a patient,
// kept on the pod's volume and shipped to the collector by the product's own code, and nothing else of a sidecar.
//
//   node test/bench/records-main.ts WORK.json COLLECTOR-PORT FOLDER RATE SECONDS WARM-UP
//
// It prints a line before and one of JSON after: calls on a clock, as many beats of the clock without a call, and calls as fast as they go.

import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { JsonObject } from '../../core/canonical.ts'
import { recordIntent } from '../../sidecar/controls/record-intent.ts'
import { recordResult } from '../../sidecar/controls/record-result.ts'
import type { Deps } from '../../sidecar/deps.ts'
import type { Permitted, Redacted } from '../../sidecar/exchange.ts'
import { rulesOf } from '../../sidecar/rules.ts'
import { onClock } from './clock.ts'
import { chainOf, die, inForceOf } from './program.ts'
import type { Work } from './work.ts'

const [file = '', collectorPort = '', folder = '', rateText, secondsText, warmText] = process.argv.slice(2)
const work = JSON.parse(readFileSync(file, 'utf8')) as Work
const inForce = inForceOf(work, 'Local')
const deps = { trail: await chainOf(work, inForce, collectorPort, folder), watch: {}, clock: Date.now }

const { params } = JSON.parse(work.request) as {
  params: { name: string; arguments: { patient_id: string } }
}
const target = rulesOf(inForce.policy).tools.get(params.name)
if (target === undefined) throw new Error('The policy of the bench has no such tool')
const patients = [params.arguments.patient_id]
const asked = {
  who: {
    certificate: 'a'.repeat(43),
    clientId: 'bench',
    iss: inForce.policy.issuers[0]?.url,
    mfa: { authTime: Math.floor(Date.now() / 1_000), grade: 'claim', rule: 'amr', value: 'mfa' },
    sub: 'clinician',
    token: 'bench-1',
  },
  purpose: 'TREAT',
  role: inForce.policy.roles[0],
  message: { method: 'tools/call' },
  revision: '2026-07-28',
  peer: '127.0.0.1',
  found: { target, arguments: params.arguments },
  inForce,
  patients,
}
/** Such an answer as the policy leaves of the server's. */
const { structuredContent } = JSON.parse(work.result) as { structuredContent: { conditions: JsonObject[] } }
const { conditions } = structuredContent
const shown = {
  content: [{ type: 'text', text: JSON.stringify({ conditions }) }],
  structuredContent: { conditions },
}
const answer = { status: 200, headers: {}, body: JSON.stringify({ jsonrpc: '2.0', id: 1, result: shown }) }
const account = {
  outcome: 'ok',
  patients,
  kept: { '/conditions': 22 },
  dropped: { encoded: 1, 'not-allowed': 40 },
  redacted: { date: 2, name: 2 },
}

/** What the two stages read of an exchange; of the rest of it they know nothing. */
async function call(): Promise<void> {
  const [name, at] = [randomUUID(), Date.now()]
  await recordIntent({ ...asked, call: name } as unknown as Permitted, deps as unknown as Deps)
  await recordResult(
    { call: name, answer, account, inForce, at } as unknown as Redacted,
    deps as unknown as Deps,
  )
}

/** What there is of a call besides its records. */
async function noCall(): Promise<void> {
  randomUUID()
  await Promise.resolve()
}

/**
 * Callers, each of whom goes on when its call's records are kept. Commits begin 5 ms apart, so that 32 of them, which keep nginx busy,
 * leave a process idle for most of the time: so many bring it to as many calls a second as nginx does.
 */
const callers = 256
async function closedLoop(length: number): Promise<number> {
  const until = performance.now() + length * 1_000
  let calls = 0
  const caller = async (): Promise<void> => {
    for (; performance.now() < until; calls += 1) await call()
  }
  await Promise.all(Array.from({ length: callers }, caller))
  return calls
}

/** Says how many there were; before it, that they begin. */
async function run(how: string, calls: () => Promise<number>): Promise<void> {
  console.log(how)
  console.log(JSON.stringify({ calls: await calls().catch(die) }))
  // What is left goes to the collector.
  await sleep(1_000)
}

const [rate, seconds, warm] = [rateText, secondsText, warmText].map(Number) as [number, number, number]
await onClock(rate, warm, call).catch(die)
await run('on a clock', async () => await onClock(rate, seconds, call))
await run('the clock alone', async () => await onClock(rate, seconds, noCall))
await closedLoop(2).catch(die)
await run('as fast as it goes', async () => await closedLoop(seconds))
// Whoever started it reads what it used before it ends it.
process.once('SIGTERM', () => process.exit(0))
