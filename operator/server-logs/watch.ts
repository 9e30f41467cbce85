// Looks at what guarded servers write to their own logs, as the leader alone, a bounded part of it: a sidecar cannot see it,
// and whoever may read `pods/log` sees all of it (45 CFR 164.312(e)(1), 164.502(b)). What is read is counted and forgotten.

import { guardedLabel, ownNames } from '../../core/identifiers.ts'
import {
  type LogFindingKind,
  logFindingKinds,
  logIdentifiers,
  type Tally,
} from '../../core/log-identifiers.ts'
import { normalize } from '../../core/text/normalize.ts'
import type { HipaaMcpServer } from '../../crds/hipaamcpserver.generated.ts'
import { isStdio } from '../admission/sidecar-spec.ts'
import { ApiError, type Client } from '../cluster/client.ts'
import type { Log } from '../log.ts'
import type { Pod } from '../objects.ts'
import { repeating } from '../repeating.ts'
import type { World } from '../world.ts'
import { type Position, readLog } from './read.ts'
import { fromWrapper } from './wrapper.ts'

/** What is known of the logs of one server. */
export type ServerLogs = {
  /** Kinds of identifiers found within the last hour. */
  readonly found: readonly LogFindingKind[]
  /** Kinds that a stdio server wrote within the last hour, and the wrapper threw away. */
  readonly thrownAway: readonly LogFindingKind[]
  /** No log could be read for five minutes. */
  readonly unread: boolean
}

export type LogCounts = { readonly server: string; readonly found: Required<Tally>; readonly bytes: number }

export interface WatchedLogs {
  /** Undefined while nothing of this server, `namespace/name`, was looked at. */
  of(server: string): ServerLogs | undefined
  /** Since this replica leads. */
  counts(): LogCounts[]
  start(): void
  stop(): void
  /** One look at everything. Never rejects. */
  look(): Promise<void>
}

export type WatchLogsOptions = {
  world: Pick<World, 'servers' | 'pods'>
  client: Pick<Client, 'logs'>
  /** Servers, `namespace/name`, of which something else is known than before. */
  onChange: (servers: string[]) => void
  log: Log
  now?: () => number
  /** Milliseconds between two looks. */
  every?: number
}

/** How far back the first look at a container goes, and how long a finding counts, milliseconds. */
const horizon = 3_600_000
const patience = 300_000
/** Containers in one look, over all servers: more are looked at in turn. */
const mostPerLook = 256
const atOnce = 4
const defaultBytes = 65_536

type State = {
  tally: Tally
  bytes: number
  /** Kind -> when it was found last, in a log and in what the wrapper threw away. */
  readonly seen: Map<LogFindingKind, number>
  readonly thrownAway: Map<LogFindingKind, number>
  good: number
  told: string
}
type Due = { key: string; server: HipaaMcpServer; pod: Pod; container: string; restarts: number }

export function watchLogs(options: WatchLogsOptions): WatchedLogs {
  const { world, client, onChange, log, now = Date.now, every = 15_000 } = options
  const servers = new Map<string, State>()
  const positions = new Map<string, Position>()
  let turn = 0
  let refused = false

  function stateOf(key: string): State {
    const known = servers.get(key)
    if (known !== undefined) return known
    const made: State = { tally: {}, bytes: 0, seen: new Map(), thrownAway: new Map(), good: now(), told: '' }
    servers.set(key, made)
    return made
  }

  async function lookAt({ key, server, pod, container, restarts }: Due): Promise<void> {
    const state = stateOf(key)
    const place = { namespace: pod.metadata.namespace ?? '', pod: pod.metadata.name, container }
    const at = `${pod.metadata.uid}/${container}`
    const position = positions.get(at) ?? { since: new Date(now() - horizon).toISOString(), restarts: 0 }
    const perMinute = server.spec.workload.logs?.bytesPerMinute ?? defaultBytes
    const limit = Math.max(1_024, Math.floor((perMinute * every) / 60_000))
    try {
      const read = await readLog(client, { place, position, restarts, limit, now: new Date(now()) })
      positions.set(at, read.next)
      add(logIdentifiers(normalize(read.lines).text), state.seen, state)
      if (isStdio(server)) add(fromWrapper(read.lines), state.thrownAway, state)
      state.bytes += read.bytes
      state.good = now()
      refused = false
    } catch (error) {
      // A container that waits has no log, and a pod may be gone. That we may not read is worth a line.
      const status = error instanceof ApiError ? error.status : 0
      if (status === 403 && !refused) log.warn('Logs of servers cannot be read', { status })
      refused ||= status === 403
      if (status === 400 || status === 404) state.good = now()
    }
  }

  function add(found: Tally, seen: Map<LogFindingKind, number>, { tally }: State): void {
    for (const kind of logFindingKinds) {
      const count = found[kind]
      if (count === undefined) continue
      tally[kind] = (tally[kind] ?? 0) + count
      seen.set(kind, now())
    }
  }

  function ofState({ seen, thrownAway, good }: State): ServerLogs {
    const fresh = (kinds: ReadonlyMap<LogFindingKind, number>) =>
      logFindingKinds.filter((kind) => (kinds.get(kind) ?? Number.NEGATIVE_INFINITY) > now() - horizon)
    return {
      found: fresh(seen),
      thrownAway: fresh(thrownAway),
      unread: now() - good > patience,
    }
  }

  async function look(): Promise<void> {
    const due = dueIn(world)
    forget(due)
    const first = due.length <= mostPerLook ? 0 : turn % due.length
    turn = first + mostPerLook
    const these = [...due.slice(first), ...due.slice(0, first)].slice(0, mostPerLook)
    for (let at = 0; at < these.length; at += atOnce)
      await Promise.all(these.slice(at, at + atOnce).map(lookAt))
    const changed = [...servers].filter(([, state]) => {
      const tells = JSON.stringify(ofState(state))
      const differs = tells !== state.told
      state.told = tells
      return differs
    })
    if (changed.length > 0) onChange(changed.map(([key]) => key))
  }

  /** Containers and servers that are gone, or watched no more. */
  function forget(due: readonly Due[]): void {
    const there = new Set(due.map(({ pod, container }) => `${pod.metadata.uid}/${container}`))
    for (const at of positions.keys()) if (!there.has(at)) positions.delete(at)
    for (const key of servers.keys()) {
      const [namespace, name = ''] = key.split('/')
      const server = world.servers.get(namespace, name)
      if (server === undefined || isUnwatched(server)) servers.delete(key)
    }
  }

  const looking = repeating(look, every)
  return {
    of: (server) => {
      const state = servers.get(server)
      return state === undefined ? undefined : ofState(state)
    },
    counts: () =>
      [...servers].map(([server, { tally, bytes }]) => ({
        server,
        bytes,
        found: Object.fromEntries(logFindingKinds.map((kind) => [kind, tally[kind] ?? 0])) as Required<Tally>,
      })),
    look,
    start: () => looking.start(),
    stop: () => {
      looking.stop()
      servers.clear()
      positions.clear()
    },
  }
}

const isUnwatched = ({ spec }: HipaaMcpServer): boolean => spec.workload.logs?.watch === 'Off'

/** The app's own containers of every guarded pod whose server lets its logs be watched. */
function dueIn({ servers, pods }: WatchLogsOptions['world']): Due[] {
  return servers.all().flatMap((server) => {
    const { name, namespace = '' } = server.metadata
    if (isUnwatched(server)) return []
    return pods
      .in(namespace)
      .filter(({ metadata }) => metadata.labels?.[guardedLabel] === name)
      .flatMap((pod) =>
        (pod.spec.containers ?? [])
          .filter((one) => !ownNames.has(one.name))
          .map((one) => ({
            key: `${namespace}/${name}`,
            server,
            pod,
            container: one.name,
            restarts:
              pod.status?.containerStatuses?.find((status) => status.name === one.name)?.restartCount ?? 0,
          })),
      )
  })
}
