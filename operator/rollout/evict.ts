// Ends pods by the Eviction API, so that budgets for disruptions hold, and never many at once; past them where nothing may hold
// it. The leader alone.

import { ApiError, type Client } from '../cluster/client.ts'
import { kinds, pathOf } from '../cluster/kinds.ts'
import { codeOf, idOf, type Log } from '../log.ts'
import { controllerOf, type Pod, type Typed } from '../objects.ts'

/** Why a pod goes. */
const evictionCauses = ['Unguarded', 'NotConforming', 'GrantOver', 'GuardFails'] as const
export type EvictionCause = (typeof evictionCauses)[number]
/**
 * evicted, deleted: it ends. held: a budget for disruptions, or whatever else the API server said, does not allow it now. gone: it
 * is not there any more. later: too soon after another, or after it was held.
 */
export type Outcome = 'evicted' | 'deleted' | 'held' | 'gone' | 'later'

const countedOutcomes = ['evicted', 'deleted', 'held'] as const
type Counted = (typeof countedOutcomes)[number]

/** UID of its controller, its node where that is kept, why it went, and when that was asked for: milliseconds since 1970. */
type Went = {
  owner: string | undefined
  node?: string | undefined
  cause: EvictionCause
  at: number
}
/** By UID. */
export type Evicted = ReadonlyMap<string, Went>
type Endable = Pick<Typed, 'metadata'> & { spec?: Pick<Pod['spec'], 'nodeName'> }

/**
 * Whether it was made after another went. creationTimestamp has whole seconds, and the next pod is made within the second mostly: one
 * of the same second counts as made after.
 */
export const cameAfter = ({ metadata }: Pick<Typed, 'metadata'>, at: number): boolean =>
  Date.parse(metadata.creationTimestamp ?? '') >= Math.floor(at / 1_000) * 1_000

export interface Evictor {
  /** Ends this very pod, or says why not. Never rejects. */
  evict(pod: Endable, cause: EvictionCause): Promise<Exclude<Outcome, 'deleted'>>
  /** The same past every budget, with `hurriedGrace` to end. Never rejects. */
  delete(pod: Endable, cause: EvictionCause): Promise<Exclude<Outcome, 'evicted'>>
  /** Whether it was tried within the last minute and stayed: it is another one's turn. */
  waits(uid: string): boolean
  /** UIDs of pods that stayed when they were last to be evicted, until they go or nobody tries any more. */
  held(): ReadonlySet<string>
  /** Pods that were evicted within the last hour, by UID. */
  lately(): Evicted
  /** How many pods went, and how often one was held, since the start. */
  counts(): { cause: EvictionCause; outcome: Counted; count: number }[]
}

export type EvictorOptions = {
  client: Pick<Client, 'post' | 'delete'>
  log: Log
  /** Milliseconds, on a clock that nobody sets. */
  now?: () => number
  /** Milliseconds since 1970. */
  date?: () => number
  /** Milliseconds between two evictions of one pace, over all namespaces. */
  every?: number
}

/** Milliseconds: so long a new pod that comes without a sidecar keeps others from being replaced likewise. */
const remembered = 3_600_000
/** Seconds that a pod has to end which is deleted. config/webhook/policy-canaries.yaml allows no other. */
export const hurriedGrace = 30
/**
 * Seconds that a pod has to end which is evicted for that: as admission gives every guarded pod at least. Others have their own time. An
 * hour of it would be an hour for a session, and where a hook of the pod waits so long, the kubelet hears of no shorter time afterwards.
 */
const graces: { readonly [cause in EvictionCause]?: number } = { GrantOver: 60 }
/** Sessions of people may be open in those that go for their grant: they wait for no others, and no others for them. */
type Pace = 'GrantOver' | 'others'
const paceOf = (cause: EvictionCause): Pace => (cause === 'GrantOver' ? cause : 'others')
/** Milliseconds until one that stayed is tried again. */
const pause = 60_000

export function evictor(options: EvictorOptions): Evictor {
  const { client, log, now = () => performance.now(), date = Date.now, every = 10_000 } = options
  const gone = new Map<string, Went & { since: number }>()
  /** What was tried, and did not go: a UID, or a UID that was to be deleted. */
  const stayed = new Map<string, { since: number; outcome: 'held' | 'gone' }>()
  const counted = new Map<string, number>()
  /** When one of these went last. */
  const last = new Map<Pace, number>()
  let busy = false

  const waits = (uid: string): boolean => {
    const one = stayed.get(uid)
    return one !== undefined && now() - one.since < pause
  }

  const evicting = async (
    { metadata: { name, namespace = '', uid = '' } }: Pick<Typed, 'metadata'>,
    gracePeriodSeconds: number | undefined,
  ) =>
    await client.post(pathOf(kinds.pod, namespace, name, 'eviction'), {
      apiVersion: 'policy/v1',
      kind: 'Eviction',
      metadata: { name, namespace },
      // A pod of the same name may have come meanwhile.
      deleteOptions: {
        preconditions: { uid },
        ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
      },
    })
  const deleting = async ({ metadata: { name, namespace, uid } }: Pick<Typed, 'metadata'>) =>
    await client.delete(kinds.pod, namespace, name, uid, { gracePeriodSeconds: hurriedGrace })

  async function outcomeOf<Done extends 'evicted' | 'deleted'>(
    pod: Pick<Typed, 'metadata'>,
    done: Done,
    pace: Pace,
    act: (pod: Pick<Typed, 'metadata'>) => Promise<unknown>,
  ): Promise<Done | 'held' | 'gone'> {
    const { name, namespace = '' } = pod.metadata
    try {
      await act(pod)
      const reason: 'evicted' | 'deleted' = done
      log.info('A pod was ended', { namespace: idOf(namespace), name: idOf(name), reason })
      return done
    } catch (error) {
      const status = error instanceof ApiError ? error.status : 0
      if (status === 404 || status === 409) return 'gone'
      // Nobody knows whether an eviction without an answer took place.
      if (status === 0) last.set(pace, now())
      // 429: a budget for disruptions. 500: several of them. 403: a policy for admission.
      const why = { status, error: codeOf(error) }
      log.warn('A pod could not be ended', { namespace: idOf(namespace), name: idOf(name), ...why })
      return 'held'
    }
  }

  async function take<Done extends 'evicted' | 'deleted'>(
    pod: Endable,
    cause: EvictionCause,
    done: Done,
    act: (pod: Pick<Typed, 'metadata'>) => Promise<unknown>,
  ): Promise<Done | 'held' | 'gone' | 'later'> {
    const { uid = '' } = pod.metadata
    // One that a budget holds is not held from its deletion.
    const own = done === 'deleted' ? `${uid} ${done}` : uid
    const pace = paceOf(cause)
    if (busy || now() - (last.get(pace) ?? Number.NEGATIVE_INFINITY) < every || waits(own)) return 'later'
    // Two callers at once must not both pass.
    busy = true
    // Before it is asked for: the next pod may be there before the answer.
    const at = date()
    const outcome = await outcomeOf(pod, done, pace, act)
    busy = false
    stayed.delete(own)
    if (outcome !== 'held' && outcome !== 'gone') {
      const since = now()
      last.set(pace, since)
      gone.set(uid, { owner: controllerOf(pod)?.uid, node: pod.spec?.nodeName, cause, at, since })
    } else stayed.set(own, { since: now(), outcome })
    const key = `${cause}/${outcome}`
    counted.set(key, (counted.get(key) ?? 0) + 1)
    return outcome
  }

  return {
    evict: async (pod, cause) =>
      await take(pod, cause, 'evicted', async (one) => await evicting(one, graces[cause])),
    delete: async (pod, cause) => await take(pod, cause, 'deleted', deleting),
    waits,
    held: () => {
      // Longer than the pause: it is held until the next try says something else.
      for (const [uid, { since }] of stayed) if (now() - since >= 2 * pause) stayed.delete(uid)
      return new Set([...stayed].filter(([, { outcome }]) => outcome === 'held').map(([uid]) => uid))
    },
    lately: () => {
      for (const [uid, { since }] of gone) if (now() - since > remembered) gone.delete(uid)
      return new Map(gone)
    },
    counts: () =>
      evictionCauses.flatMap((cause) =>
        countedOutcomes.map((outcome) => ({
          cause,
          outcome,
          count: counted.get(`${cause}/${outcome}`) ?? 0,
        })),
      ),
  }
}
