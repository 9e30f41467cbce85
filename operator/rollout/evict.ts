// Ends pods by the Eviction API, so that budgets for disruptions hold, and never many at once. The leader alone.

import { ApiError, type Client } from '../cluster/client.ts'
import { kinds, pathOf } from '../cluster/kinds.ts'
import { idOf, type Log } from '../log.ts'
import type { Typed } from '../objects.ts'

/** UID -> where it was, and when it went, milliseconds since 1970. */
export type Evicted = ReadonlyMap<string, { namespace: string; at: number }>

/** Why a pod goes. */
const evictionCauses = ['Unguarded', 'NotConforming'] as const
export type EvictionCause = (typeof evictionCauses)[number]
/** evicted: it ends. held: a budget for disruptions does not allow it now. gone: it is not there any more. later: too soon after another. */
export type Outcome = 'evicted' | 'held' | 'gone' | 'later'

export interface Evictor {
  /** Ends this very pod, or says why not. Rejects when the API server says anything else. */
  evict(pod: Pick<Typed, 'metadata'>, cause: EvictionCause): Promise<Outcome>
  /** Pods that were evicted within the last hour, by UID. */
  lately(): Evicted
  /** How many pods went, and how often a budget held one, since the start. */
  counts(): { cause: EvictionCause; outcome: 'evicted' | 'held'; count: number }[]
}

export type EvictorOptions = {
  client: Pick<Client, 'post'>
  log: Log
  now?: () => number
  /** Milliseconds between two evictions, over all namespaces. */
  every?: number
}

/** Milliseconds: so long a new pod that comes without a sidecar keeps others from being replaced likewise. */
const remembered = 3_600_000

export function evictor({ client, log, now = Date.now, every = 10_000 }: EvictorOptions): Evictor {
  const gone = new Map<string, { namespace: string; at: number }>()
  const counted = new Map<string, number>()
  let last = Number.NEGATIVE_INFINITY
  const count = (cause: EvictionCause, outcome: string): void => {
    const key = `${cause}/${outcome}`
    counted.set(key, (counted.get(key) ?? 0) + 1)
  }

  return {
    evict: async ({ metadata }, cause) => {
      if (now() - last < every) return 'later'
      // Before the answer: two callers at once must not both pass.
      last = now()
      const { name, namespace = '', uid = '' } = metadata
      try {
        await client.post(pathOf(kinds.pod, namespace, name, 'eviction'), {
          apiVersion: 'policy/v1',
          kind: 'Eviction',
          metadata: { name, namespace },
          // A pod of the same name may have come meanwhile.
          deleteOptions: { preconditions: { uid } },
        })
      } catch (error) {
        if (!(error instanceof ApiError)) throw error
        if (error.status === 404 || error.status === 409) return 'gone'
        if (error.status !== 429) throw error
        count(cause, 'held')
        return 'held'
      }
      gone.set(uid, { namespace, at: now() })
      count(cause, 'evicted')
      log.info('A pod was evicted', { namespace: idOf(namespace), name: idOf(name) })
      return 'evicted'
    },
    lately: () => {
      for (const [uid, { at }] of gone) if (now() - at > remembered) gone.delete(uid)
      return new Map(gone)
    },
    counts: () =>
      evictionCauses.flatMap((cause) =>
        (['evicted', 'held'] as const).map((outcome) => ({
          cause,
          outcome,
          count: counted.get(`${cause}/${outcome}`) ?? 0,
        })),
      ),
  }
}
