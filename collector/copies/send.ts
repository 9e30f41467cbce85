// Sends one request to a target, within a bounded time. TLS always, to the name in the URL.

import { readFile } from 'node:fs/promises'
import { createSecureContext } from 'node:tls'
import { Agent, request } from 'undici'
import { isObject } from '../../core/is-object.ts'
import type { CopyTarget } from './settings.ts'

/**
 * What became of a request. `taken`: the target has it; `refused` counts the records in it that it would not have. `smaller`: it
 * would not have this request, and may have a part of it. Anything else is tried again.
 */
type Sent =
  | { taken: true; refused: number }
  | { taken: false; reason: CopyTrouble; smaller: boolean /** As it asked. */; waitMs?: number }

/** Why a target has not got what it should, as `/copies` says it. */
export type CopyTrouble = keyof typeof troubles

export const troubles = {
  'copy-away': 'the target does not answer, or not in time',
  'copy-busy': 'the target asks to wait, or fails itself (429, 5xx)',
  'copy-denied': 'the target does not know us: look at certificate and bearer (401, 403)',
  'copy-address': 'the target has no such address: look at url (404, 405, a redirection)',
  'copy-refused': 'the target would not have a record (400, 413, 422): its own log says why',
  'copy-unread': 'the store cannot be read now, or what it holds of this copy is none of ours',
  'copy-place-unsaved': 'the store does not take how far the copy is: more comes twice after a restart',
  'copy-files': 'a file that the target needs cannot be read: ca, certificate, key or bearer',
} as const

export type Send = (body: string, signal: AbortSignal) => Promise<Sent>

const timeoutMs = 10_000
const answerLimit = 65_536
const longestWaitMs = 300_000

const failed = (reason: CopyTrouble, waitMs?: number): Sent => ({
  taken: false,
  reason,
  smaller: reason === 'copy-refused',
  ...(waitMs === undefined ? {} : { waitMs }),
})

/** Over a connection that is made anew when a file that it needs has changed. */
export function sendTo(target: CopyTarget, timeout = timeoutMs): { send: Send; close: () => Promise<void> } {
  let agent: { made: Agent; of: string } | undefined

  async function reach(): Promise<{ dispatcher: Agent; bearer: string | undefined }> {
    const [ca, cert, key, bearer] = await Promise.all(
      [target.ca, target.certificate, target.key, target.bearer].map(textOf),
    )
    const of = JSON.stringify([ca, cert, key])
    if (agent?.of !== of) {
      const before = agent?.made
      const made = new Agent({
        connections: 1,
        connect: {
          timeout,
          // Made once: a target that is away is asked again and again.
          secureContext: createSecureContext({
            minVersion: 'TLSv1.2',
            ...(ca === undefined ? {} : { ca }),
            ...(cert === undefined || key === undefined ? {} : { cert, key }),
          }),
        },
        maxResponseSize: answerLimit,
      })
      agent = { made, of }
      await before?.destroy()
    }
    return { dispatcher: agent.made, bearer: bearer?.trim() }
  }

  return {
    async send(body, signal) {
      let reached: Awaited<ReturnType<typeof reach>>
      try {
        reached = await reach()
      } catch {
        return failed('copy-files')
      }
      const { dispatcher, bearer } = reached
      try {
        const answer = await request(target.url, {
          method: 'POST',
          body,
          headers: {
            'content-type': 'application/json',
            ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
          },
          dispatcher,
          signal: AbortSignal.any([signal, AbortSignal.timeout(timeout)]),
        })
        const text = await answer.body.text()
        return judge(answer.statusCode, text, String(answer.headers['retry-after'] ?? ''))
      } catch {
        return failed('copy-away')
      }
    },
    close: async () => await agent?.made.destroy(),
  }
}

async function textOf(path: string | undefined): Promise<string | undefined> {
  return path === undefined ? undefined : await readFile(path, 'utf8')
}

function judge(status: number, text: string, retryAfter: string): Sent {
  if (status >= 200 && status < 300) return { taken: true, refused: refusedIn(text) }
  if (status === 401 || status === 403) return failed('copy-denied')
  if ([400, 413, 422].includes(status)) return failed('copy-refused')
  if (status === 429 || status === 408 || status >= 500)
    return failed(
      'copy-busy',
      /^\d{1,6}$/.test(retryAfter) ? Math.min(longestWaitMs, Number(retryAfter) * 1000) : undefined,
    )
  return failed('copy-address')
}

/** OTLP: records of a request that was taken may be refused for good (ExportLogsPartialSuccess). */
function refusedIn(text: string): number {
  try {
    const answer = JSON.parse(text) as unknown
    const partial = isObject(answer) ? answer['partialSuccess'] : undefined
    const refused = isObject(partial) ? Number(partial['rejectedLogRecords'] ?? 0) : 0
    return Number.isSafeInteger(refused) && refused > 0 ? refused : 0
  } catch {
    return 0
  }
}
