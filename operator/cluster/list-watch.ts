// Keeps a copy of all objects of one kind: list once, then follow. Retries for ever; whoever reads the copy sees by
// `staleSeconds` how old it may be.

import { setTimeout as sleep } from 'node:timers/promises'
import { backoff } from '../../core/backoff.ts'
import { codeOf, idOf, type Log } from '../log.ts'
import { ApiError, type Client, type List } from './client.ts'
import type { Kind } from './kinds.ts'
import { MutableStore, type Named, type Store } from './store.ts'
import { watchEvents } from './watch-events.ts'

export type Change<T> = { type: 'added' | 'changed' | 'deleted'; object: T; before?: T }

export type ListWatchOptions<T> = {
  kind: Kind
  namespace?: string
  labelSelector?: string
  /** After the copy changed. What it throws is logged and changes nothing. */
  onChange?: (change: Change<T>) => void
  /** Drops what nobody reads, to keep memory small. */
  trim?: (object: T) => T
  log: Log
  /** Milliseconds; the defaults are for a cluster, tests shorten them. */
  timing?: Partial<Timing>
}

type Timing = {
  /** A watch is asked to end after this long to twice this long. */
  watch: number
  /** Bookmarks come about once a minute: a watch that is silent for longer may be a dead connection. */
  silence: number
  /** Longer than a watch may be silent and then take to open again: after more, what happened meanwhile may be on its way still. */
  gap: number
  firstRetry: number
  longestRetry: number
}
const usual: Timing = { watch: 300_000, silence: 90_000, gap: 120_000, firstRetry: 200, longestRetry: 30_000 }
const pageSize = 500

export interface ListWatch<T extends Named> extends Store<T> {
  readonly kind: Kind
  start(): void
  stop(): Promise<void>
  hasSynced(): boolean
  /** Resolves when the copy is whole for the first time. */
  synced(): Promise<void>
  /** Newest etcd revision that this copy is known to hold everything up to; 0 before the first list. Only grows. */
  lastSeen(): number
  /** Seconds since the API server last said anything about this kind; infinite before the first list. */
  staleSeconds(): number
  /**
   * Whether a watch is open, began where the copy ended, and was not silent for too long. What the API server has not sent yet is
   * missing all the same.
   */
  follows(): boolean
  /** Lists anew; resolves when the copy is at least as new as the moment of this call. */
  refresh(): Promise<void>
}

export function listWatch<T extends Named>(client: Client, options: ListWatchOptions<T>): ListWatch<T> {
  const { kind, log, onChange = () => {}, trim = (object) => object } = options
  const timing = { ...usual, ...options.timing }
  const store = new MutableStore<T>()
  const stopping = new AbortController()
  const scope = {
    ...(options.namespace === undefined ? {} : { namespace: options.namespace }),
    ...(options.labelSelector === undefined ? {} : { labelSelector: options.labelSelector }),
  }
  const first = Promise.withResolvers<void>()

  /** Where the next watch begins; undefined when only a list will do. */
  let version: string | undefined
  let newest = 0
  let heard = Number.NEGATIVE_INFINITY
  let following = false
  let running: Promise<void> | undefined
  let watching = new AbortController()
  let waiting: (() => void)[] = []

  const heardNow = (): void => {
    heard = performance.now()
  }
  const seen = (resourceVersion: string | undefined): void => {
    if (resourceVersion === undefined) return
    version = resourceVersion
    newest = Math.max(newest, Number(resourceVersion) || 0)
  }
  const tell = (change: Change<T>): void => {
    try {
      onChange(change)
    } catch (error) {
      log.error('A change could not be handled', { kind: idOf(kind.kind), error: codeOf(error) })
    }
  }
  const put = (received: T): void => {
    const object = trim({ ...received, apiVersion: kind.apiVersion, kind: kind.kind })
    const before = store.set(object)
    if (before === undefined) tell({ type: 'added', object })
    else if (before.metadata.resourceVersion !== object.metadata.resourceVersion)
      tell({ type: 'changed', object, before })
  }
  const drop = (object: Named): void => {
    const before = store.remove(object)
    if (before !== undefined) tell({ type: 'deleted', object: before })
  }

  async function list(): Promise<void> {
    // Whoever asks for a refresh from here on wants a later list than this one.
    const answered = waiting
    waiting = []
    try {
      const items: T[] = []
      let page: List<T>
      let at: string | undefined
      do {
        page = await client.list<T>(kind, {
          ...scope,
          limit: pageSize,
          ...(at === undefined ? {} : { continue: at }),
        })
        items.push(...(page.items ?? []))
        at = page.metadata.continue || undefined
        heardNow()
      } while (at !== undefined)
      const there = new Set(items.map(({ metadata }) => `${metadata.namespace ?? ''}/${metadata.name}`))
      for (const known of store.all()) {
        if (!there.has(`${known.metadata.namespace ?? ''}/${known.metadata.name}`)) drop(known)
      }
      for (const item of items) put(item)
      seen(page.metadata.resourceVersion)
      first.resolve()
      for (const resolve of answered) resolve()
    } catch (error) {
      waiting.push(...answered)
      throw error
    }
  }

  async function watch(from: string): Promise<void> {
    const seconds = Math.ceil((timing.watch * (1 + Math.random())) / 1000)
    watching = new AbortController()
    const began = performance.now()
    let lastBytes = began
    let silent = false
    // The server ends the watch itself; a dead connection it cannot end, so we do. Of a kind that never changes it sends
    // no bookmarks either: that looks the same, and opening the watch again is all there is to do.
    const dog = setInterval(
      () => {
        const now = performance.now()
        if (now - lastBytes <= timing.silence && now - began <= seconds * 1000 + 15_000) return
        silent = true
        watching.abort(new ApiError(0, 'Silent', 'A watch fell silent'))
      },
      Math.min(1_000, timing.silence / 4),
    )
    try {
      const query = { ...scope, resourceVersion: from, timeoutSeconds: seconds }
      const signal = AbortSignal.any([watching.signal, stopping.signal])
      const bytes = await client.watch(kind, query, signal)
      following = performance.now() - heard <= timing.gap
      heardNow()
      for await (const event of watchEvents<T>(bytes, () => (lastBytes = performance.now()))) {
        heardNow()
        if (event.type === 'ERROR') {
          const { code = 500, reason = 'Unknown', message = 'The watch reported an error' } = event.object
          throw new ApiError(code, reason, message)
        }
        following = true
        if (event.type === 'ADDED' || event.type === 'MODIFIED') put(event.object)
        else if (event.type === 'DELETED') drop(event.object)
        seen(event.object.metadata.resourceVersion)
      }
    } catch (error) {
      if (!silent || stopping.signal.aborted) throw error
    } finally {
      following = false
      clearInterval(dog)
    }
    // A server that ends every watch at once must not make us ask a thousand times a second.
    if (performance.now() - began < 1_000) await pause(timing.firstRetry)
  }

  const pause = async (milliseconds: number): Promise<void> => {
    await sleep(milliseconds, undefined, { signal: stopping.signal }).catch(() => {})
  }

  async function follow(): Promise<void> {
    let failures = 0
    while (!stopping.signal.aborted) {
      const before = newest
      try {
        if (version === undefined || waiting.length > 0) await list()
        // Somebody may have asked for a newer list while this one came in.
        if (waiting.length > 0) continue
        await watch(version as string)
        failures = 0
      } catch (error) {
        if (stopping.signal.aborted) return
        // A refresh ended the watch on purpose: no failure, and no waiting.
        if (waiting.length > 0 && watching.signal.aborted) {
          // Once: what fails after that is the list itself, and waits like every other failure.
          watching = new AbortController()
          continue
        }
        const gone = error instanceof ApiError && (error.status === 410 || error.reason === 'Expired')
        if (gone) version = undefined
        failures = newest > before ? 1 : failures + 1
        log.warn(gone ? 'A watch is too old, listing anew' : 'A list or watch failed, trying again', {
          kind: idOf(kind.kind),
          attempt: failures,
          error: codeOf(error),
          ...(error instanceof ApiError ? { status: error.status } : {}),
        })
        await pause(backoff(failures - 1, timing.firstRetry, timing.longestRetry))
      }
    }
  }

  return {
    kind,
    get: (namespace, name) => store.get(namespace, name),
    in: (namespace) => store.in(namespace),
    all: () => store.all(),
    start: () => {
      running ??= follow()
    },
    stop: async () => {
      stopping.abort()
      await running
    },
    hasSynced: () => newest > 0,
    synced: async () => await first.promise,
    lastSeen: () => newest,
    staleSeconds: () => (performance.now() - heard) / 1000,
    follows: () => following && performance.now() - heard <= timing.silence,
    refresh: async () => {
      const { promise, resolve } = Promise.withResolvers<void>()
      waiting.push(resolve)
      watching.abort(new ApiError(0, 'Refresh', 'A newer list was asked for'))
      await promise
    },
  }
}
