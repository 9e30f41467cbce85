// The load: 32 connections with client certificates. RATE > 0 sends on a clock whatever is still open, so that a proxy
// which stalls is not spared the calls it kept waiting: a call's time includes its wait for a free connection. 0 sends as
// fast as it goes.
//
//   node test/bench/load.ts WORK.json ORIGIN RATE SECONDS [WARM-UP]   (prints "warm", then one line of JSON)

import { readFileSync } from 'node:fs'
import { Pool } from 'undici'
import type { Work } from './work.ts'

export type Load = { calls: number; failed: number; seconds: number; p50: number; p99: number }

const [file = '', origin = '', rateText = '0', secondsText = '10', warmText = '3'] = process.argv.slice(2)
const work = JSON.parse(readFileSync(file, 'utf8')) as Work
const [rate, seconds, warm] = [rateText, secondsText, warmText].map(Number) as [number, number, number]
const connections = 32

const pool = new Pool(origin, {
  connections,
  pipelining: 1,
  allowH2: false,
  connect: { ca: work.callersCa, cert: work.client.cert, key: work.client.key, servername: 'localhost' },
})
const latencies: number[] = []
let failed = 0

async function one(): Promise<void> {
  const sent = performance.now()
  await new Promise<void>((resolve) => {
    let status = 0
    const done = (well: boolean): void => {
      if (well) latencies.push(performance.now() - sent)
      else failed++
      resolve()
    }
    pool.dispatch(
      { path: '/mcp', method: 'POST', headers: work.headers, body: work.request },
      {
        onRequestStart: () => undefined,
        onResponseStart: (_, code) => void (status = code),
        onResponseData: () => undefined,
        onResponseEnd: () => done(status === 200),
        onResponseError: () => done(false),
      },
    )
  })
}

async function closedLoop(until: number): Promise<void> {
  while (performance.now() < until) await one()
}

async function openLoop(until: number): Promise<void> {
  const began = performance.now()
  const open: Promise<void>[] = []
  for (let n = 0; ; ) {
    const now = performance.now()
    if (now >= until) break
    for (; began + (n * 1_000) / rate <= now; n++) open.push(one())
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  await Promise.all(open)
}

async function run(length: number): Promise<void> {
  const until = performance.now() + length * 1_000
  if (rate > 0) await openLoop(until)
  else await Promise.all(Array.from({ length: connections }, async () => await closedLoop(until)))
}

// Connections, caches and compilers warm up uncounted.
await run(warm)
console.log('warm')
latencies.length = 0
failed = 0
const began = performance.now()
await run(seconds)
const took = (performance.now() - began) / 1_000
latencies.sort((a, b) => a - b)
const at = (share: number): number =>
  latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? Number.NaN
const result: Load = { calls: latencies.length, failed, seconds: took, p50: at(0.5), p99: at(0.99) }
console.log(JSON.stringify(result))
await pool.close()
