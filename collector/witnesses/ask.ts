// Asks a witness over HTTP, within a bounded time. What is sent is no secret, and what comes back is believed for its
// signature alone, so http:// is no worse here than https://.

import { rootCertificates } from 'node:tls'
import { Agent, request } from 'undici'
import { answerLimit } from './protocol.ts'

export type Ask = (url: string, question: string) => Promise<{ status: number; body: string }>

/** `ca`: PEM of an authority that is trusted besides the public ones. Rejects when there is no whole answer in time. */
export function askOverHttp({ ca, timeoutMs }: { ca?: string; timeoutMs: number }): Ask {
  const dispatcher = new Agent({
    connections: 2,
    connect: { timeout: timeoutMs, ...(ca === undefined ? {} : { ca: [...rootCertificates, ca] }) },
    maxResponseSize: answerLimit,
  })
  return async (url, question) => {
    const { statusCode, body } = await request(`${url.replace(/\/$/, '')}/add-checkpoint`, {
      method: 'POST',
      body: question,
      headers: { 'content-type': 'text/plain; charset=utf-8' },
      dispatcher,
      signal: AbortSignal.timeout(timeoutMs),
    })
    return { status: statusCode, body: await body.text() }
  }
}
