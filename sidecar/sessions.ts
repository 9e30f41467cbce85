// Sessions of MCP before 2026-07-28. The server's session identifier never reaches a caller: ours stands for it, and only for
// the person and certificate that began it. Lost with the process; callers then initialize again, as the revision says.

import { randomUUID } from 'node:crypto'
import type { Who } from '../core/record.ts'

/** Sessions kept at most; the longest unused goes first. */
const mostSessions = 10_000
/** Of one person over one certificate. */
const mostOfOne = 100

/** Resources watched in one session. */
const mostWatched = 100
/** Tasks remembered in all sessions; the oldest goes first, and is then no more told of unasked. */
const mostTasks = 10_000

export interface Sessions {
  /** Begins a session that stands for the server's. Returns the caller's identifier for it. */
  begin(who: Who, upstream: string): string
  /** The server's identifier, if this session is this caller's. */
  upstreamOf(who: Who, session: string): string | undefined
  end(session: string): void
  /** The purpose for which changes of this resource are to be told in this session; undefined when they are not. */
  watches(session: string, uri: string): string | undefined
  /** Whether there is room to tell of this one too. */
  mayWatch(session: string, uri: string): boolean
  /** Tells them from now on, for this purpose; undefined: no longer. */
  watch(session: string, uri: string, purpose: string | undefined): void
  /** The caller's handle of a task that the server names by its own id in this session; undefined when it is not known. */
  taskOf(session: string, id: unknown): string | undefined
  keepTask(session: string, id: string, handle: string): void
}

export function sessions(): Sessions {
  const kept = new Map<string, { owner: string; upstream: string; watched: Map<string, string> }>()
  const tasks = new Map<string, string>()
  return {
    begin(who, upstream) {
      const session = randomUUID()
      const owner = ownerOf(who)
      // Their own go first: nobody ends another's sessions by beginning many.
      const own = [...kept].filter(([, one]) => one.owner === owner)
      if (own.length >= mostOfOne) kept.delete(own[0]?.[0] ?? '')
      kept.set(session, { owner, upstream, watched: new Map() })
      for (const oldest of kept.keys()) {
        if (kept.size <= mostSessions) break
        kept.delete(oldest)
      }
      return session
    },
    upstreamOf(who, session) {
      const found = kept.get(session)
      if (found === undefined || found.owner !== ownerOf(who)) return undefined
      // Moved to the end: the map's order is the order of use.
      kept.delete(session)
      kept.set(session, found)
      return found.upstream
    },
    end: (session) => void kept.delete(session),
    watches: (session, uri) => kept.get(session)?.watched.get(uri),
    mayWatch(session, uri) {
      const watched = kept.get(session)?.watched
      return watched === undefined || watched.has(uri) || watched.size < mostWatched
    },
    watch(session, uri, purpose) {
      const watched = kept.get(session)?.watched
      if (watched === undefined) return
      if (purpose === undefined) watched.delete(uri)
      else watched.set(uri, purpose)
    },
    taskOf: (session, id) => tasks.get(JSON.stringify([session, id])),
    keepTask(session, id, handle) {
      if (!kept.has(session)) return
      const key = JSON.stringify([session, id])
      tasks.delete(key)
      tasks.set(key, handle)
      for (const oldest of tasks.keys()) {
        if (tasks.size <= mostTasks) break
        tasks.delete(oldest)
      }
    },
  }
}

function ownerOf({ iss, sub, certificate }: Who): string {
  return JSON.stringify([iss, sub, certificate])
}
