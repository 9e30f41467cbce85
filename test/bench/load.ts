// The load: connections with client certificates, 32 unless the work says otherwise. RATE > 0 sends on a clock whatever
// is still open, so that a proxy which stalls is not spared the calls it kept waiting: a call's time includes its wait for
// a free connection. 0 sends as fast as it goes. With tokens in the work there is a call for each of them, and SECONDS is
// the longest that it lasts.
//
//   node test/bench/load.ts WORK.json ORIGIN RATE SECONDS [WARM-UP]   (prints "warm", then one line of JSON)

import { readFileSync } from 'node:fs'
import { Pool } from 'undici'
import { onClock } from './clock.ts'
import { eventCounter } from './event-counter.ts'
import type { Work } from './work.ts'

export type Load = {
  calls: number
  failed: number
  seconds: number
  p50: number
  p99: number
  /** Of the last answer. */
  bytes: number
  /** Server-Sent Events, of all calls. */
  events: number
}

const [file = '', origin = '', rateText = '0', secondsText = '10', warmText = '3'] = process.argv.slice(2)
const work = JSON.parse(readFileSync(file, 'utf8')) as Work
const [rate, seconds, warm] = [rateText, secondsText, warmText].map(Number) as [number, number, number]
const connections = work.connections ?? 32

const pool = new Pool(origin, {
  connections,
  pipelining: 1,
  allowH2: false,
  connect: { ca: work.callersCa, cert: work.client.cert, key: work.client.key, servername: 'localhost' },
})
const latencies: number[] = []
let failed = 0
let bytes = 0
let events = 0
/** What the calls after the warm-up are sent with, where each has its own. */
let tokens: Iterator<string> | undefined

async function one(headers = work.headers): Promise<void> {
  const sent = performance.now()
  await new Promise<void>((resolve) => {
    let status = 0
    let size = 0
    let inStream = 0
    let count: ((chunk: Buffer) => number) | undefined
    const done = (well: boolean): void => {
      if (well) latencies.push(performance.now() - sent)
      else failed++
      resolve()
    }
    pool.dispatch(
      { path: '/mcp', method: 'POST', headers, body: work.request },
      {
        onRequestStart: () => undefined,
        onResponseStart: (_, code, fields) => {
          status = code
          if (fields['content-type'] === 'text/event-stream') count = eventCounter()
        },
        onResponseData: (_, chunk) => {
          size += chunk.length
          if (count !== undefined) inStream = count(chunk)
        },
        onResponseEnd: () => {
          bytes = size
          events += inStream
          done(status === 200)
        },
        onResponseError: () => done(false),
      },
    )
  })
}

async function closedLoop(until: number): Promise<void> {
  while (performance.now() < until) {
    const token = tokens?.next()
    if (token?.done === true) return
    await one(
      token === undefined ? work.headers : { ...work.headers, authorization: `Bearer ${token.value}` },
    )
  }
}

async function run(length: number): Promise<void> {
  const until = performance.now() + length * 1_000
  if (rate > 0) await onClock(rate, length, one)
  else await Promise.all(Array.from({ length: connections }, async () => await closedLoop(until)))
}

// Connections, caches and compilers warm up uncounted.
await run(warm)
console.log('warm')
latencies.length = 0
failed = 0
events = 0
tokens = work.tokens?.values()
const began = performance.now()
await run(seconds)
const took = (performance.now() - began) / 1_000
latencies.sort((a, b) => a - b)
const at = (share: number): number =>
  latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? Number.NaN
const result: Load = {
  calls: latencies.length,
  failed,
  seconds: took,
  p50: at(0.5),
  p99: at(0.99),
  bytes,
  events,
}
console.log(JSON.stringify(result))
await pool.close()
