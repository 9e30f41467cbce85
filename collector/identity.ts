// The collector's own certificate, from the operator. The key is made here and never leaves this process; it is a new
// one at every renewal.

import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { Agent, request } from 'undici'
import { backoff } from '../core/backoff.ts'
import { certificateRequest, newKey, pemOf } from '../core/csr.ts'
import { identityOf } from '../core/identifiers.ts'
import type { IdentityRequest, IdentityResponse } from '../core/wire.ts'
import { codeOf, type Log } from './log.ts'

export type Certified = {
  key: string
  cert: string /** Milliseconds since 1970. */
  from: number
  until: number
}

export type IdentitySource = {
  /** Base URL of the operator's channel. */
  channel: string
  ca: string
  tokenPath: string
}

/** Asks the operator for a certificate. Rejects when it gives none, or one that is not the collector's. */
export async function obtainIdentity({ channel, ca, tokenPath }: IdentitySource): Promise<Certified> {
  const key = newKey()
  // Read every time: the kubelet replaces the token before it ends.
  const token = (await readFile(tokenPath, 'utf8')).trim()
  const dispatcher = new Agent({
    connect: { ca, minVersion: 'TLSv1.3' },
    headersTimeout: 10_000,
    bodyTimeout: 10_000,
  })
  try {
    const body: IdentityRequest = { csr: certificateRequest(key) }
    const { statusCode, body: answer } = await request(`${channel}/v1/identity`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
      dispatcher,
    })
    if (statusCode !== 200) {
      await answer.dump()
      throw new OperatorAnswered(statusCode)
    }
    const { channel: cert } = (await answer.json()) as IdentityResponse
    return certified(pemOf(key), cert)
  } finally {
    await dispatcher.close()
  }
}

/**
 * Renews for ever, at two thirds of a certificate's life, sooner again while it fails. `renewed` gets each new one.
 * Ends when `signal` aborts.
 */
export async function keepIdentity(
  first: Certified,
  obtain: () => Promise<Certified>,
  renewed: (identity: Certified) => void,
  { log, now, signal }: { log: Log; now: () => number; signal: AbortSignal },
): Promise<void> {
  let held = first
  let failures = 0
  while (!signal.aborted) {
    const twoThirds = held.from + ((held.until - held.from) * 2) / 3
    // A little earlier, by chance: programs that started together do not ask together.
    const due = Math.max(1000, (twoThirds - now()) * (0.9 + Math.random() * 0.1))
    const wait = failures === 0 ? due : backoff(failures, 1000, 60_000)
    try {
      await sleep(Math.min(wait, 2 ** 31 - 1), undefined, { signal })
    } catch {
      return
    }
    try {
      held = await obtain()
      failures = 0
      renewed(held)
      log.info('certificate renewed')
    } catch (error) {
      failures += 1
      log.warn('no new certificate yet: the operator does not answer or refuses', { error: codeOf(error) })
    }
  }
}

function certified(key: string, chain: string): Certified {
  const leaf = new X509Certificate(chain)
  if (identityOf(leaf.subjectAltName)?.role !== 'collector')
    throw new Error('The operator gave a certificate that is not the collector’s: check its ServiceAccount')
  return { key, cert: chain, from: leaf.validFromDate.getTime(), until: leaf.validToDate.getTime() }
}

/** Its log says why it does not know this pod. */
class OperatorAnswered extends Error {
  readonly code: string
  constructor(status: number) {
    super(`The operator answered ${status}: see its log for why it does not know this pod`)
    this.code = `OPERATOR_ANSWERED_${status}`
  }
}
