// The key sets of the issuers of access tokens, fetched here so that pods need no way out to an issuer. The last good
// one stays until a newer one is there: an issuer that is away for an hour stops nobody.

import { rootCertificates } from 'node:tls'
import type { JSONWebKeySet } from 'jose'
import { Agent, request } from 'undici'
import { backoff } from '../core/backoff.ts'
import { wholeBody } from '../core/whole-body.ts'
import { codeOf, idOf, type Log } from './log.ts'

/**
 * Where a key set comes from, as one server says it. Two servers that name one issuer and differ in anything else have
 * two sources: who may write one server must not vouch for the tokens of another.
 */
export type KeySource = { url: string; ca?: string; jwksUrl?: string }

export interface KeySets {
  /** The newest good key set; undefined while none was fetched. */
  get(source: KeySource): JSONWebKeySet | undefined
  /** Fetches these from now on, and forgets others. */
  want(sources: readonly KeySource[]): void
  /**
   * A token names a key that this set does not hold: fetches it anew now, or as soon as `refetch` milliseconds are over
   * since it last did so. However many pods ask, an issuer is asked no more often.
   */
  refresh(source: KeySource): void
  stop(): void
}

export type KeySetsOptions = {
  onChange: (url: string) => void
  log: Log
  /** Milliseconds. */
  timing?: { every: number; firstRetry: number; longestRetry: number; deadline: number; refetch: number }
}

type Followed = {
  source: KeySource
  keySet?: JSONWebKeySet
  /** The next fetch of itself, and one that was asked for and is put off. */
  next?: NodeJS.Timeout
  due?: NodeJS.Timeout
  /** Of a clock that nobody can set, milliseconds. */
  refreshed: number
  failures: number
  stopped: boolean
}

/** Bytes of one answer: eight sets stand in one event of the orders. */
const largest = 256 * 1024

/** All that a signature is verified with. Certificates and whatever else an issuer publishes stay here. */
const members = ['kty', 'kid', 'use', 'alg', 'key_ops', 'crv', 'x', 'y', 'n', 'e']

export function keySets(options: KeySetsOptions): KeySets {
  const { onChange, log } = options
  const timing = options.timing ?? {
    every: 300_000,
    firstRetry: 1_000,
    longestRetry: 60_000,
    deadline: 5_000,
    refetch: 10_000,
  }
  const followed = new Map<string, Followed>()

  async function attempt(entry: Followed): Promise<void> {
    const { source } = entry
    clearTimeout(entry.next)
    let wait = timing.every
    try {
      const keySet = await fetchKeySet(source, timing.deadline)
      entry.failures = 0
      if (!entry.stopped && JSON.stringify(keySet) !== JSON.stringify(entry.keySet)) {
        entry.keySet = keySet
        onChange(source.url)
      }
    } catch (error) {
      entry.failures += 1
      wait = backoff(entry.failures - 1, timing.firstRetry, timing.longestRetry)
      log.warn('The key set of an issuer could not be fetched, trying again', {
        name: idOf(source.url),
        attempt: entry.failures,
        error: codeOf(error),
      })
    }
    if (entry.stopped) return
    // Two attempts may overlap, one of them asked for: the later one's timer is the one that stays.
    clearTimeout(entry.next)
    entry.next = setTimeout(() => void attempt(entry), wait)
    entry.next.unref()
  }

  function refresh(entry: Followed): void {
    const wait = entry.refreshed + timing.refetch - performance.now()
    if (wait > 0) {
      if (entry.due !== undefined) return
      entry.due = setTimeout(() => {
        delete entry.due
        refresh(entry)
      }, wait)
      entry.due.unref()
      return
    }
    entry.refreshed = performance.now()
    void attempt(entry)
  }

  const forget = (key: string, entry: Followed): void => {
    entry.stopped = true
    clearTimeout(entry.next)
    clearTimeout(entry.due)
    followed.delete(key)
  }

  return {
    get: (source) => followed.get(keyOf(source))?.keySet,
    want: (sources) => {
      const wanted = new Map(sources.map((source) => [keyOf(source), source]))
      for (const [key, entry] of followed) if (!wanted.has(key)) forget(key, entry)
      for (const [key, source] of wanted) {
        if (followed.has(key)) continue
        const entry: Followed = { source, refreshed: Number.NEGATIVE_INFINITY, failures: 0, stopped: false }
        followed.set(key, entry)
        void attempt(entry)
      }
    },
    refresh: (source) => {
      const entry = followed.get(keyOf(source))
      if (entry !== undefined) refresh(entry)
    },
    stop: () => {
      for (const [key, entry] of followed) forget(key, entry)
    },
  }
}

function keyOf({ url, ca = '', jwksUrl = '' }: KeySource): string {
  return JSON.stringify([url, ca, jwksUrl])
}

/**
 * The key set where the source says, else by OpenID Connect Discovery 1.0 section 4: the metadata must name the very
 * issuer that was asked, and everything is https. No redirect is followed. Only public keys are taken: a symmetric or
 * private key in a key set is a mistake that we do not pass on.
 */
export async function fetchKeySet(source: KeySource, deadline: number): Promise<JSONWebKeySet> {
  const ca = source.ca ? [source.ca] : [...rootCertificates]
  const agent = new Agent({
    connect: { ca, timeout: deadline },
    headersTimeout: deadline,
    bodyTimeout: deadline,
  })
  try {
    const uri = source.jwksUrl ?? (await discovered(source.url, agent, deadline))
    const { keys } = (await fetchJson(uri, agent, deadline)) as { keys?: unknown }
    if (!Array.isArray(keys)) throw new Error('The key set has no keys')
    const good = (keys as JSONWebKeySet['keys']).filter(
      (key) => (key.kty === 'RSA' || key.kty === 'EC' || key.kty === 'OKP') && key.d === undefined,
    )
    if (good.length === 0) throw new Error('The key set has no public key')
    return { keys: good.map(publicPart) }
  } finally {
    await agent.destroy()
  }
}

function publicPart(key: JSONWebKeySet['keys'][number]): JSONWebKeySet['keys'][number] {
  const known = Object.entries(key).filter(([name]) => members.includes(name))
  return Object.fromEntries(known) as JSONWebKeySet['keys'][number]
}

async function discovered(url: string, agent: Agent, deadline: number): Promise<string> {
  const at = `${url.replace(/\/$/, '')}/.well-known/openid-configuration`
  const metadata = (await fetchJson(at, agent, deadline)) as { issuer?: unknown; jwks_uri?: unknown }
  if (metadata.issuer !== url)
    throw new Error('The metadata names another issuer: write identity.issuers.url as its iss claim says')
  const uri = metadata.jwks_uri
  if (typeof uri !== 'string' || !uri.startsWith('https://'))
    throw new Error('The metadata names no https jwks_uri')
  return uri
}

async function fetchJson(url: string, dispatcher: Agent, deadline: number): Promise<unknown> {
  const signal = AbortSignal.timeout(deadline)
  const { statusCode, body } = await request(url, {
    dispatcher,
    signal,
    headers: { accept: 'application/json' },
  })
  const answer = await wholeBody(body, largest)
  if (answer === undefined) throw new Error('The issuer answered more than 256 KiB')
  if (statusCode !== 200) throw new Error(`The issuer answered ${statusCode}`)
  return JSON.parse(answer.toString('utf8'))
}
