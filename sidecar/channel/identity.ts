// Who this sidecar is: a key of its own and two certificates for it, asked of the operator with the pod's own token, and
// asked again at two thirds of their life. Asking goes on for ever: without a certificate there is no service anyway.

import { readFile } from 'node:fs/promises'
import { backoff } from '../../core/backoff.ts'
import { certificateRequest, newKey, type OwnKey, pemOf } from '../../core/csr.ts'
import { identity as identityNames, identityOf } from '../../core/identifiers.ts'
import type { IdentityRequest, IdentityResponse } from '../../core/wire.ts'
import { codeOf, idOf, type Log } from '../log.ts'
import { pause } from '../pause.ts'
import { leafOf } from './certificate.ts'
import type { Link } from './link.ts'

/** PEM, chains leaf first. Times are milliseconds since 1970. */
export type Certificates = {
  key: string
  /** For the channel and the collector. */
  channel: string
  /** For callers. */
  server: string
  /** DNS names that `server` bears. */
  names: readonly string[]
  obtained: number
  channelUntil: number
  serverUntil: number
}

export type IdentityOptions = {
  /** To the channel, without a client certificate: there is none yet. */
  link: Pick<Link, 'request'>
  /** File of the pod-bound token. The kubelet replaces it, so it is read anew each time. */
  token: string
  server: { namespace: string; name: string }
  podUid: string
  log: Log
  /** Milliseconds since 1970. */
  clock?: () => number
  /** Milliseconds; shortest and longest wait after a failure. For tests. */
  retry?: { least: number; most: number }
}

export interface Identity {
  /** Resolves when the first certificates are here. Never rejects. */
  first(): Promise<Certificates>
  current(): Certificates | undefined
  /** Called after each renewal with what is new. Returns how to stop. */
  onChange(listener: (certificates: Certificates) => void): () => void
  /** The operator says that names have changed: renews within a few seconds. */
  renewSoon(): void
  stop(): void
}

/** What the operator answered besides certificates. */
class NoCertificate extends Error {
  readonly status: number
  constructor(status: number) {
    super('The operator gave no certificate. Look at its log, and whether this pod conforms')
    this.name = 'NoCertificate'
    this.status = status
  }
}

/** Longest that one of the first attempts waits for an address, and then for its connection to open, milliseconds. */
const quickWait = 250
/** How many of the first attempts are quick. */
const quickAttempts = 16
/**
 * As `quickWait`, for any attempt, 0 the first. A network plugin learns of a new pod a moment after it has begun, a second or two
 * on a busy node, and drops what comes before: the kernel would try again after a second. What is not open after all the quick
 * ones may be far away, and gets twice as long each time.
 */
const openWait = (attempt: number): number => quickWait * 2 ** Math.max(0, attempt - quickAttempts + 1)
/** Longest that one attempt takes, milliseconds. */
const patience = 30_000

/** Begins at once. */
export function keepIdentity(options: IdentityOptions): Identity {
  const { log, clock = Date.now, retry = { least: 100, most: 30_000 } } = options
  const listeners = new Set<(certificates: Certificates) => void>()
  const first = Promise.withResolvers<Certificates>()
  const over = new AbortController()
  let wake = new AbortController()
  let current: Certificates | undefined

  async function run(): Promise<void> {
    while (!over.signal.aborted) {
      const renewed = await obtainUntilDone()
      if (renewed === undefined) return
      current = renewed
      first.resolve(renewed)
      for (const listener of listeners) listener(renewed)
      wake = new AbortController()
      const wait = Math.max(1_000, renewAt(renewed) - clock())
      // Timers end at 2^31 ms; a certificate that lives longer is renewed a little early.
      await pause(Math.min(wait, 2 ** 31 - 1), AbortSignal.any([over.signal, wake.signal])).catch(
        () => undefined,
      )
    }
  }

  async function obtainUntilDone(): Promise<Certificates | undefined> {
    for (let attempt = 0; !over.signal.aborted; attempt += 1) {
      try {
        const obtained = await obtain(options, current?.names ?? [], over.signal, openWait(attempt))
        log.info('The operator issued certificates', {
          until: idOf(new Date(obtained.serverUntil).toISOString()),
        })
        return obtained
      } catch (error) {
        const status = error instanceof NoCertificate ? { status: error.status } : {}
        const code = codeOf(error)
        const unopened = code === 'LINK_UNOPENED'
        // A new pod is expected to meet that.
        if (unopened && attempt < quickAttempts) continue
        log.warn('No certificates yet; asking the operator again', {
          error: code,
          attempt,
          ...status,
        })
        // That was the pause: nobody was there to be spared.
        if (unopened) continue
      }
      await pause(backoff(attempt, retry.least, retry.most), over.signal).catch(() => undefined)
    }
    return undefined
  }

  const running = run()
  running.catch((error: unknown) => log.error('The identity loop ended', { error: codeOf(error) }))
  return {
    first: async () => await first.promise,
    current: () => current,
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    renewSoon() {
      const { signal } = over
      // Every sidecar of a server hears it at the same moment.
      pause(Math.random() * 3_000, signal).then(
        () => wake.abort(),
        () => undefined,
      )
    },
    stop: () => over.abort(),
  }
}

/** At two thirds of the shorter life, a little earlier or later so that replicas do not renew in step. */
function renewAt({ obtained, channelUntil, serverUntil }: Certificates): number {
  const life = Math.min(channelUntil, serverUntil) - obtained
  return obtained + life * (2 / 3 + (Math.random() - 0.5) / 10)
}

async function obtain(
  options: IdentityOptions,
  names: readonly string[],
  signal: AbortSignal,
  connectTimeout: number,
): Promise<Certificates> {
  const key = newKey()
  const answer = await ask(options, key, names, signal, connectTimeout)
  const wanted = answer.names ?? []
  // A cert-manager issuer signs the names that stand in the CSR: ask again, with those that the operator told.
  const second =
    answer.server === undefined ? await ask(options, key, wanted, signal, connectTimeout) : answer
  if (second.server === undefined) throw new NoCertificate(200)
  const pem = pemOf(key)
  const channel = leafOf(second.channel, pem)
  const server = leafOf(second.server, pem)
  const { namespace, name } = options.server
  const seen = identityOf(channel.subjectAltName)
  const own =
    seen?.role === 'sidecar' ? identityNames.sidecar(seen.namespace, seen.server, seen.podUid) : undefined
  if (own !== identityNames.sidecar(namespace, name, options.podUid))
    throw new TypeError('The channel certificate is for another pod')
  return {
    key: pem,
    channel: second.channel,
    server: second.server,
    names: second.names ?? [],
    obtained: (options.clock ?? Date.now)(),
    channelUntil: channel.until,
    serverUntil: server.until,
  }
}

/** Asks once. Rejects with NoCertificate, or when the operator cannot be reached. */
export async function ask(
  { link, token }: Pick<IdentityOptions, 'link' | 'token'>,
  key: OwnKey,
  names: readonly string[],
  signal: AbortSignal,
  connectTimeout = patience,
): Promise<IdentityResponse> {
  const request: IdentityRequest = { csr: certificateRequest(key, names) }
  const { statusCode, body } = await link.request({
    method: 'POST',
    path: '/v1/identity',
    headers: {
      authorization: `Bearer ${(await readFile(token, 'utf8')).trim()}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify(request),
    connectTimeout: Math.min(connectTimeout, patience),
    headersTimeout: patience,
    signal: AbortSignal.any([signal, AbortSignal.timeout(patience)]),
  })
  if (statusCode !== 200) {
    await body.dump()
    throw new NoCertificate(statusCode)
  }
  const answer = (await body.json()) as Partial<IdentityResponse> | null
  if (typeof answer?.channel !== 'string') throw new NoCertificate(statusCode)
  const { channel, server, names: told } = answer
  return {
    channel,
    ...(typeof server === 'string' ? { server } : {}),
    ...(Array.isArray(told) && told.every((name) => typeof name === 'string') ? { names: told } : {}),
  }
}
