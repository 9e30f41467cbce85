// Events on the objects that people look at. The same thing said again becomes a count, not another Event.

import { randomBytes } from 'node:crypto'
import type { KubernetesObject } from '../../core/kubernetes.ts'
import { shares } from '../../core/shares.ts'
import { codeOf, type Log } from '../log.ts'
import type { Client } from './client.ts'
import { kinds } from './kinds.ts'
import { microTime } from './leader.ts'

export type Say = {
  about: Pick<KubernetesObject, 'apiVersion' | 'kind' | 'metadata'>
  type: 'Normal' | 'Warning'
  /** PascalCase, out of a table. */
  reason: string
  /** What we were doing, PascalCase. */
  action: string
  /** A constant sentence: what is, and what to do next. Holds no PHI. */
  note: string
}

export interface Events {
  /** Never rejects and never waits: an Event that cannot be written is logged. */
  say(event: Say): void
}

export type EventsOptions = {
  client: Pick<Client, 'create' | 'patch'>
  /** Pod name of this process. */
  instance: string
  log: Log
  now?: () => number
  /** Milliseconds between two writes about the same thing. */
  every?: number
  quota?: EventQuota
}

/** New Events a minute: of those namespaces that `bucket` gives one name, and of all. */
export type EventQuota = { each: number; all: number; bucket: (namespace: string) => string }

type Known = {
  name: string
  namespace: string
  count: number
  written: number
  writing: Promise<unknown>
}

/** Events forgotten beyond this many: memory stays bounded, a repetition becomes a new Event. */
const most = 1_000
/** Over all objects: a loop of ours must not fill etcd. */
const usual: EventQuota = { each: 60, all: 60, bucket: () => '' }

export function eventRecorder(options: EventsOptions): Events {
  const { client, instance, log, now = Date.now, every = 300_000, quota = usual } = options
  const known = new Map<string, Known>()
  let minute = 0
  let left = shares(quota.each, quota.all)

  const failed = (error: unknown): void => log.warn('An Event could not be written', { error: codeOf(error) })

  function first(key: string, { about, type, reason, action, note }: Say): void {
    if (Math.floor(now() / 60_000) !== minute) {
      minute = Math.floor(now() / 60_000)
      left = shares(quota.each, quota.all)
    }
    // Cluster-scoped objects have their Events in `default`, as the API server demands.
    const namespace = about.metadata.namespace ?? 'default'
    if (!left.take(quota.bucket(namespace), 1)) return
    const name = `${about.metadata.name.slice(0, 230)}.${randomBytes(8).toString('hex')}`
    const { uid, resourceVersion } = about.metadata
    const writing = client
      .create(kinds.event, {
        apiVersion: 'events.k8s.io/v1',
        kind: 'Event',
        metadata: { name, namespace },
        eventTime: microTime(new Date(now())),
        reportingController: 'hipaa-mcp.dev/operator',
        reportingInstance: instance,
        regarding: {
          apiVersion: about.apiVersion,
          kind: about.kind,
          name: about.metadata.name,
          ...(about.metadata.namespace === undefined ? {} : { namespace: about.metadata.namespace }),
          ...(uid === undefined ? {} : { uid }),
          ...(resourceVersion === undefined ? {} : { resourceVersion }),
        },
        type,
        reason,
        action,
        note: note.slice(0, 1_024),
      })
      .catch((error: unknown) => {
        known.delete(key)
        failed(error)
      })
    known.set(key, { name, namespace, count: 1, written: now(), writing })
    const [oldest] = known.keys()
    if (known.size > most && oldest !== undefined) known.delete(oldest)
  }

  return {
    say: (event) => {
      const { about, type, reason, note } = event
      const { namespace = '', name, uid = name } = about.metadata
      const key = JSON.stringify([namespace, uid, type, reason, note])
      const before = known.get(key)
      if (before === undefined) {
        first(key, event)
        return
      }
      before.count += 1
      if (now() - before.written < every) return
      before.written = now()
      const series = { count: before.count, lastObservedTime: microTime(new Date(now())) }
      before.writing = before.writing
        .then(async () => await client.patch(kinds.event, before.namespace, before.name, { series }, 'merge'))
        // Events live for an hour: one that is gone is written anew the next time.
        .catch((error: unknown) => {
          known.delete(key)
          failed(error)
        })
    },
  }
}
