// Looks at every guarded pod, whole and live, again and again: admission was asked once, and may have been away or taken
// away. What does not conform is said, and ended within budgets for disruptions, one at a time. The leader alone.

import { guardedLabel } from '../../core/identifiers.ts'
import type { Pod as WholePod } from '../admission/pod.ts'
import type { Surroundings } from '../admission/surroundings.ts'
import type { Client } from '../cluster/client.ts'
import type { Events } from '../cluster/events.ts'
import { kinds } from '../cluster/kinds.ts'
import { codeOf, idOf, type Log } from '../log.ts'
import { isOver, isReady, type Pod } from '../objects.ts'
import { isEnrolled } from '../observe.ts'
import { repeating } from '../repeating.ts'
import type { Evictor } from '../rollout/evict.ts'
import type { World } from '../world.ts'
import { faultOf, nextOf, type Suspect } from './judge.ts'

export interface Watchdog {
  start(): void
  stop(): void
  /** Looks at what is due. Never rejects. */
  look(): Promise<void>
  /** Pods of each server, `namespace/name`, that do not conform. */
  counts(): { server: string; count: number }[]
}

export type WatchdogOptions = {
  world: Pick<World, 'servers' | 'pods' | 'namespaces'>
  client: Pick<Client, 'get'>
  events: Events
  evictor: Evictor
  surroundings: Surroundings
  log: Log
  now?: () => number
}

const every = 5_000
/** Pods read at each look, and milliseconds until one is read again: four a second, whatever the cluster's size. */
const atOnce = 20
const again = 1_800_000

type Judged = { at: number; generation: number | undefined; suspect?: Suspect & { pod: Pod } }

export function watchdog(options: WatchdogOptions): Watchdog {
  const { world, client, events, evictor, surroundings, log, now = Date.now } = options
  /** By UID. */
  const judged = new Map<string, Judged>()

  const serverOf = ({ metadata }: Pod) =>
    world.servers.get(metadata.namespace, metadata.labels?.[guardedLabel] ?? '')
  /** A pod whose server is gone is locked by that alone, and there is nothing to hold it against. */
  const guarded = (): Pod[] =>
    world.pods
      .all()
      .filter(
        (pod) =>
          pod.metadata.labels?.[guardedLabel] !== undefined &&
          pod.metadata.deletionTimestamp === undefined &&
          !isOver(pod) &&
          isEnrolled(world, pod.metadata.namespace ?? '') &&
          serverOf(pod) !== undefined,
      )

  async function look(): Promise<void> {
    try {
      const pods = guarded()
      const there = new Set(pods.map(({ metadata }) => metadata.uid ?? ''))
      for (const uid of judged.keys()) if (!there.has(uid)) judged.delete(uid)
      const due = pods.filter(isDue).toSorted((a, b) => lastLook(a) - lastLook(b))
      await Promise.all(due.slice(0, atOnce).map(judge))
      await act(pods)
    } catch (error) {
      log.warn('Guarded pods could not be looked at', { error: codeOf(error) })
    }
  }

  const lastLook = ({ metadata }: Pod): number => judged.get(metadata.uid ?? '')?.at ?? 0

  function isDue(pod: Pod): boolean {
    const known = judged.get(pod.metadata.uid ?? '')
    return (
      known === undefined ||
      known.generation !== serverOf(pod)?.metadata.generation ||
      now() - known.at >= again
    )
  }

  async function judge(pod: Pod): Promise<void> {
    const { namespace = '', name, uid = '', ownerReferences = [] } = pod.metadata
    const server = serverOf(pod)
    const whole = await client.get<WholePod>(kinds.pod, namespace, name)
    if (server === undefined || whole === undefined || whole.metadata.uid !== uid) return
    const fault = faultOf(whole, server, surroundings)
    const { generation } = server.metadata
    if (fault === undefined) {
      judged.set(uid, { at: now(), generation })
      return
    }
    const owner = ownerReferences.find(({ controller }) => controller === true)
    const suspect = {
      pod,
      name: `${namespace}/${name}`,
      server: `${namespace}/${server.metadata.name}`,
      fault,
      madeAnew: owner !== undefined && owner.kind !== 'Job',
      since: judged.get(uid)?.suspect?.since ?? now(),
    }
    judged.set(uid, { at: now(), generation, suspect })
    events.say({
      about: pod,
      type: 'Warning',
      reason: 'PodNotConforming',
      action: 'Watching',
      // What it names are fields, and the first few say enough: the message of an Event is short.
      note: `This pod is not what admission makes: ${fault.violations.slice(0, 4).join('; ')}`,
    })
  }

  async function act(pods: readonly Pod[]): Promise<void> {
    const gone = evictor.lately()
    const suspects = [...judged].flatMap(([uid, { suspect }]) =>
      suspect === undefined || gone.has(uid) ? [] : [suspect],
    )
    const next = nextOf(
      suspects,
      ({ pod: own, server }) =>
        pods.every(
          (pod) =>
            pod.metadata.uid === own.metadata.uid ||
            `${pod.metadata.namespace}/${pod.metadata.labels?.[guardedLabel]}` !== server ||
            isReady(pod),
        ),
      now(),
    )
    if (next === undefined) return
    const outcome = await evictor.evict(next.pod, 'NotConforming')
    if (outcome !== 'evicted' && outcome !== 'held') return
    const { namespace = '', name } = next.pod.metadata
    log.warn('A pod does not conform', { namespace: idOf(namespace), name: idOf(name) })
    events.say({
      about: next.pod,
      type: 'Warning',
      action: 'Watching',
      ...(outcome === 'evicted'
        ? { reason: 'NotConformingEvicted', note: 'The pod is not what admission makes, and was evicted.' }
        : {
            reason: 'DisruptionBudgetHolds',
            note: 'The pod is not what admission makes, and a PodDisruptionBudget does not allow to evict it: it gets no new certificate. Delete it.',
          }),
    })
  }

  const loop = repeating(look, every)
  return {
    start: () => loop.start(),
    stop: () => loop.stop(),
    look,
    counts: () =>
      world.servers.all().map(({ metadata }) => {
        const server = `${metadata.namespace ?? ''}/${metadata.name}`
        return {
          server,
          count: [...judged.values()].filter(({ suspect }) => suspect?.server === server).length,
        }
      }),
  }
}
