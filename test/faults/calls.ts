// Callers of the sidecar. Every call is of a patient of its own and has a number of its own as its JSON-RPC id, so that
// its intent, its bytes at the server and its bytes at the caller are told from all others. What came back is kept.

import { setTimeout as sleep } from 'node:timers/promises'
import { Pool } from 'undici'
import type { Work } from '../bench/work.ts'

export const patientOf = (call: number): string => `faults-${String(call).padStart(8, '0')}`

/** Number of the call whose patient stands in a text. */
export function patientIn(text: string): number | undefined {
  const found = /faults-(\d{8})/.exec(text)?.[1]
  return found === undefined ? undefined : Number(found)
}

/** Bytes of a result that reached the caller. `body`: all of it, or undefined where it broke off. */
type Answer = { call: number; bytes: number; body: string | undefined }

/** A call is given up after so long, milliseconds. */
const patience = 12_000
/** Every so many-th call is one that the policy refuses. */
const refusedEvery = 9

export class Callers {
  /** Results, whole or in part. */
  readonly answers: Answer[] = []
  /** Numbers that the caller was given of refusals, each on record, or counted, before it was told. */
  readonly refusals: { id: string; reason: string }[] = []
  /** Numbers of the calls that were sent. */
  readonly sentCalls: number[] = []
  /** Calls that ended otherwise: not served, or cut off before a byte. */
  failed = 0
  /** Time of the newest whole answer. */
  lastAnswered = 0
  readonly #pool: Pool
  readonly #work: Work
  readonly #next: () => number
  #over = false
  #running: Promise<unknown> = Promise.resolve()

  /** `next`: numbers that no other caller has. */
  constructor(port: number, work: Work, next: () => number) {
    this.#work = work
    this.#next = next
    this.#pool = new Pool(`https://127.0.0.1:${port}`, {
      connections: 16,
      pipelining: 1,
      allowH2: false,
      connect: { ca: work.callersCa, ...work.client, servername: 'localhost', timeout: 2_000 },
    })
  }

  /** So many at a time, until `stop`. */
  begin(count: number): void {
    this.#over = false
    this.#running = Promise.all(
      Array.from({ length: count }, async () => {
        while (!this.#over) if (!(await this.one())) await sleep(20)
      }),
    )
  }

  async stop(): Promise<void> {
    this.#over = true
    await this.#running
  }

  async close(): Promise<void> {
    await this.stop()
    await this.#pool.destroy()
  }

  /** One call. Resolves to whether it was answered with a result. */
  async one(): Promise<boolean> {
    const call = this.#next()
    this.sentCalls.push(call)
    const refused = call % refusedEvery === 0
    const { headers, request } = this.#work
    const tool = refused ? 'delete_patient' : 'get_diagnosis'
    const body = request
      .replace('"id":1', `"id":${call}`)
      .replace('patient-0001', patientOf(call))
      .replace('get_diagnosis', tool)
    return await new Promise<boolean>((resolve) => {
      let status = 0
      const chunks: Buffer[] = []
      const done = (whole: boolean): void => {
        clearTimeout(timer)
        resolve(this.#take(call, status, Buffer.concat(chunks), whole) || refused)
      }
      let abort: ((reason: Error) => void) | undefined
      const timer = setTimeout(() => abort?.(new Error('late')), patience)
      this.#pool.dispatch(
        { path: '/mcp', method: 'POST', headers: { ...headers, 'mcp-name': tool }, body },
        {
          onRequestStart: (controller) => {
            abort = (reason) => controller.abort(reason)
          },
          onResponseStart: (_, code) => {
            status = code
          },
          onResponseData: (_, chunk) => void chunks.push(chunk),
          onResponseEnd: () => done(true),
          onResponseError: () => done(false),
        },
      )
    })
  }

  #take(call: number, status: number, bytes: Buffer, whole: boolean): boolean {
    const text = bytes.toString('utf8')
    const refusal = /"reason":"([a-z-]+)","call_id":"([^"]+)"/.exec(text)
    if (refusal !== null) {
      const [, reason = '', id = ''] = refusal
      if (!unrecorded.has(reason)) this.refusals.push({ id, reason })
      this.failed += 1
      return false
    }
    // Everything else that has a byte is taken for a result: what says nothing of itself is no refusal.
    if (bytes.length === 0) {
      this.failed += 1
      return false
    }
    this.answers.push({ call, bytes: bytes.length, body: whole && status === 200 ? text : undefined })
    if (whole) this.lastAnswered = performance.now()
    return whole
  }
}

/** Reasons that are said when nothing can be recorded. */
const unrecorded: ReadonlySet<string> = new Set(['trail-unavailable', 'shutting-down', 'internal'])
