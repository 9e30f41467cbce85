// The key sets of the issuers of access tokens, fetched here so that pods need no way out to an issuer. The last good
// one stays until a newer one is there: an issuer that is away for an hour stops nobody.

import { rootCertificates } from 'node:tls'
import type { JSONWebKeySet } from 'jose'
import { Agent, request } from 'undici'
import { backoff } from '../core/backoff.ts'
import { type Log, wordsOf } from './log.ts'

export type IssuerRef = { url: string; ca?: string }

export interface KeySets {
  /** The newest good key set; undefined while none was fetched. */
  get(url: string): JSONWebKeySet | undefined
  /** Fetches these from now on, and forgets others. */
  want(issuers: readonly IssuerRef[]): void
  stop(): void
}

export type KeySetsOptions = {
  onChange: (url: string) => void
  log: Log
  /** Milliseconds. */
  timing?: { every: number; firstRetry: number; longestRetry: number; deadline: number }
}

type Followed = { ca: string; keySet?: JSONWebKeySet; timer?: NodeJS.Timeout; stopped: boolean }

const largest = 1024 * 1024

export function keySets(options: KeySetsOptions): KeySets {
  const { onChange, log } = options
  const timing = options.timing ?? {
    every: 300_000,
    firstRetry: 1_000,
    longestRetry: 60_000,
    deadline: 5_000,
  }
  const followed = new Map<string, Followed>()

  async function follow(url: string, entry: Followed): Promise<void> {
    let failures = 0
    const again = (milliseconds: number): void => {
      if (entry.stopped) return
      entry.timer = setTimeout(() => void attempt(), milliseconds)
      entry.timer.unref()
    }
    const attempt = async (): Promise<void> => {
      try {
        const keySet = await fetchKeySet({ url, ca: entry.ca }, timing.deadline)
        failures = 0
        if (!entry.stopped && JSON.stringify(keySet) !== JSON.stringify(entry.keySet)) {
          entry.keySet = keySet
          onChange(url)
        }
        again(timing.every)
      } catch (error) {
        failures += 1
        log.warn('The key set of an issuer could not be fetched, trying again', {
          name: url,
          attempt: failures,
          error: wordsOf(error),
        })
        again(backoff(failures - 1, timing.firstRetry, timing.longestRetry))
      }
    }
    await attempt()
  }

  const forget = (url: string, entry: Followed): void => {
    entry.stopped = true
    clearTimeout(entry.timer)
    followed.delete(url)
  }

  return {
    get: (url) => followed.get(url)?.keySet,
    want: (issuers) => {
      // Two servers that trust one issuer by different CAs: any of them may vouch.
      const wanted = new Map<string, string>()
      for (const { url, ca = '' } of issuers)
        wanted.set(url, [...new Set([wanted.get(url) ?? '', ca])].filter(Boolean).toSorted().join('\n'))
      // Asked by another CA from now on; what the former one vouched for stays until then.
      const kept = new Map([...followed].map(([url, { keySet }]) => [url, keySet]))
      for (const [url, entry] of followed) if (wanted.get(url) !== entry.ca) forget(url, entry)
      for (const [url, ca] of wanted) {
        if (followed.has(url)) continue
        const keySet = kept.get(url)
        const entry: Followed = { ca, stopped: false, ...(keySet === undefined ? {} : { keySet }) }
        followed.set(url, entry)
        void follow(url, entry)
      }
    },
    stop: () => {
      for (const [url, entry] of followed) forget(url, entry)
    },
  }
}

/**
 * OpenID Connect Discovery 1.0 section 4: the metadata must name the very issuer that was asked, and everything is
 * https. No redirect is followed. Only public keys are taken: a symmetric or private key in a key set is a mistake that
 * we do not pass on.
 */
export async function fetchKeySet(issuer: IssuerRef, deadline: number): Promise<JSONWebKeySet> {
  const ca = issuer.ca ? [issuer.ca] : [...rootCertificates]
  const agent = new Agent({
    connect: { ca, timeout: deadline },
    headersTimeout: deadline,
    bodyTimeout: deadline,
  })
  try {
    const at = `${issuer.url.replace(/\/$/, '')}/.well-known/openid-configuration`
    const metadata = (await fetchJson(at, agent, deadline)) as { issuer?: unknown; jwks_uri?: unknown }
    if (metadata.issuer !== issuer.url)
      throw new Error('The metadata names another issuer: write identity.issuers.url as its iss claim says')
    const uri = metadata.jwks_uri
    if (typeof uri !== 'string' || !uri.startsWith('https://'))
      throw new Error('The metadata names no https jwks_uri')
    const { keys } = (await fetchJson(uri, agent, deadline)) as { keys?: unknown }
    if (!Array.isArray(keys)) throw new Error('The key set has no keys')
    const good = (keys as JSONWebKeySet['keys']).filter(
      (key) => (key.kty === 'RSA' || key.kty === 'EC' || key.kty === 'OKP') && key.d === undefined,
    )
    if (good.length === 0) throw new Error('The key set has no public key')
    return { keys: good }
  } finally {
    await agent.destroy()
  }
}

async function fetchJson(url: string, dispatcher: Agent, deadline: number): Promise<unknown> {
  const signal = AbortSignal.timeout(deadline)
  const { statusCode, body } = await request(url, {
    dispatcher,
    signal,
    headers: { accept: 'application/json' },
  })
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of body as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > largest) throw new Error('The issuer answered more than 1 MiB')
    chunks.push(chunk)
  }
  if (statusCode !== 200) throw new Error(`The issuer answered ${statusCode}`)
  return JSON.parse(Buffer.concat(chunks).toString('utf8'))
}
