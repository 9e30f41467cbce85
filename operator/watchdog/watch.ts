// Looks at every guarded pod, whole and live, again and again: admission was asked once, and may have been away or taken
// away. What does not conform is said, and replaced by its workload (restart.ts) or ended within budgets for disruptions, one at
// a time. The leader alone.

import { guardedLabel } from '../../core/identifiers.ts'
import { registeredImages } from '../admission/images.ts'
import type { Pod as WholePod } from '../admission/pod.ts'
import type { Surroundings } from '../admission/surroundings.ts'
import type { Client } from '../cluster/client.ts'
import type { Events } from '../cluster/events.ts'
import { kinds } from '../cluster/kinds.ts'
import { codeOf, idOf, type Log } from '../log.ts'
import { makersIn, type Workloads } from '../makers.ts'
import { controllerOf, isOver, isReady, type Pod, type Workload } from '../objects.ts'
import { isEnrolled } from '../observe.ts'
import { repeating } from '../repeating.ts'
import type { Evictor } from '../rollout/evict.ts'
import type { World } from '../world.ts'
import { aloneUntil } from './debugged.ts'
import { replaceUnproved } from './guard-fails.ts'
import { type Fault, faultOf, nextOf, type Suspect } from './judge.ts'
import { createdAt, proofOf } from './proof.ts'
import { progressOf, replacePods } from './replace-pods.ts'
import { turnsOf } from './restart.ts'

export interface Watchdog {
  start(): void
  stop(): void
  /** Looks at what is due. Never rejects. */
  look(): Promise<void>
  /** Pods of each server, `namespace/name`, that do not conform. */
  counts(): { server: string; count: number }[]
}

export type WatchdogOptions = {
  world: Pick<World, 'servers' | 'pods' | 'namespaces' | 'grants'> & Workloads
  client: Pick<Client, 'get' | 'patch'>
  events: Events
  evictor: Evictor
  surroundings: Surroundings
  log: Log
  /** Milliseconds, on a clock that nobody sets. */
  now?: () => number
  /** Milliseconds since 1970. */
  date?: () => number
}

const every = 5_000
/** Pods read at each look, and milliseconds until one is read again: four a second, whatever the cluster's size. */
const atOnce = 20
const again = 1_800_000
/** Until one is read again that could not be judged. */
const soon = 60_000

type Found = Suspect & { pod: Pod }
/** `due`: when it is read again. */
type Judged = { at: number; due: number; generation: string; suspect?: Found }

export function watchdog(options: WatchdogOptions): Watchdog {
  const {
    world,
    client,
    events,
    evictor,
    surroundings,
    log,
    now = () => performance.now(),
    date = Date.now,
  } = options
  /** By UID. */
  const judged = new Map<string, Judged>()
  const rollouts = progressOf(now)

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
      await Promise.all(
        due.slice(0, atOnce).map(async (pod) => {
          const suspect = await judge(pod)
          if (suspect !== undefined) sayFound(suspect)
        }),
      )
      await act(pods)
      await replaceUnproved(pods, { world, evictor, events })
    } catch (error) {
      log.warn('Guarded pods could not be looked at', { error: codeOf(error) })
    }
  }

  const lastLook = ({ metadata }: Pod): number => judged.get(metadata.uid ?? '')?.at ?? 0

  /** Of what it is judged by. An ephemeral container or other resources are another generation of the pod itself. */
  const generationOf = (pod: Pod): string =>
    `${serverOf(pod)?.metadata.generation ?? ''} ${pod.metadata.generation ?? ''}`

  function isDue(pod: Pod): boolean {
    const known = judged.get(pod.metadata.uid ?? '')
    return known === undefined || known.generation !== generationOf(pod) || now() >= known.due
  }

  /** What is wrong with it now. One that cannot be judged hides no other, and stays as suspect as it was. Never rejects. */
  async function judge(pod: Pod): Promise<Found | undefined> {
    const { namespace = '', name, uid = '' } = pod.metadata
    const generation = generationOf(pod)
    const before = judged.get(uid)?.suspect
    try {
      const fault = await faultNow(pod)
      const suspect = fault === undefined ? undefined : found(pod, fault, before?.since ?? now())
      note(uid, again, generation, suspect)
      return suspect
    } catch (error) {
      note(uid, soon, generation, before)
      const what = { namespace: idOf(namespace), name: idOf(name), error: codeOf(error) }
      log.warn('A guarded pod could not be judged', what)
      return undefined
    }
  }

  function note(uid: string, pause: number, generation: string, suspect: Found | undefined): void {
    const at = now()
    judged.set(uid, { at, due: at + pause, generation, ...(suspect === undefined ? {} : { suspect }) })
  }

  async function faultNow(pod: Pod): Promise<Fault | undefined> {
    const { namespace = '', name, uid } = pod.metadata
    const server = serverOf(pod)
    const whole = await client.get<WholePod>(kinds.pod, namespace, name)
    if (server === undefined || whole === undefined || whole.metadata.uid !== uid) return undefined
    const fault = faultOf(whole, server, surroundings)
    if (fault?.what !== 'Foreign') return fault
    // A newer version of the operator may be coming, and admit pods already: its image is registered before it does.
    const images = [...surroundings.images, ...(await registeredImages(client))]
    return faultOf(whole, server, { ...surroundings, images })
  }

  function sayFound({ pod, fault }: Found): void {
    events.say({
      about: pod,
      type: 'Warning',
      reason: 'PodNotConforming',
      action: 'Watching',
      // What it names are fields, and the first few say enough: the message of an Event is short.
      note: `This pod is not what admission makes: ${fault.violations.slice(0, 4).join('; ')}`,
    })
  }

  /** Has one workload replace its pods, and evicts one of those that none replaces. Where one is held, the next is tried. */
  async function act(pods: readonly Pod[]): Promise<void> {
    const gone = evictor.lately()
    const unsound = [...judged].flatMap(([uid, { suspect }]) =>
      suspect === undefined || gone.has(uid) || isLetAlone(suspect) ? [] : [suspect],
    )
    // Hardly ever is there one: who makes all pods, and what was asked of them, is looked up for those alone.
    if (unsound.length === 0) return rollouts.note([])
    const makers = makersIn(world, pods)
    const known = unsound.map((suspect) => ({
      ...suspect,
      created: createdAt(suspect.pod),
      maker: makers.get(suspect.pod.metadata.uid ?? ''),
    }))
    rollouts.note(known)
    const owned = Map.groupBy(pods, ({ metadata }) => makers.get(metadata.uid ?? ''))
    const podsOf = (maker: Workload): Pod[] => owned.get(maker) ?? []
    const workloads = [world.deployments, world.statefulSets, world.daemonSets].flatMap((store) =>
      store.all(),
    )
    const { failing, ...proof } = proofOf(workloads, { podsOf, isSound, now: date() })
    const { restart, evictable } = turnsOf(known, {
      ...proof,
      progress: (maker) => rollouts.of(maker, podsOf(maker).filter(isSound)),
      ready: (maker) => podsOf(maker).every(isReady),
      now: date(),
    })
    for (const workload of failing) sayFailing(workload)
    if (restart !== undefined) await replacePods(restart, known, { client, events, log, now: date() })
    const passed = new Set<string>()
    for (let tries = 0; tries < atOnce; tries += 1) {
      const suspects = evictable.filter(
        ({ pod: { metadata } }) => !passed.has(metadata.uid ?? '') && !evictor.waits(metadata.uid ?? ''),
      )
      const next = nextOf(suspects, (suspect) => othersReady(pods, suspect), now())
      if (next === undefined) return
      passed.add(next.pod.metadata.uid ?? '')
      if (next.fault.what === 'Foreign' && (await judge(next.pod))?.fault.what !== 'Foreign') continue
      const outcome = await evictor.evict(next.pod, 'NotConforming')
      if (outcome === 'later') return
      if (outcome !== 'gone') sayEnded(next, outcome)
      if (outcome === 'evicted') return
    }
  }

  /** Somebody may be at work in it, under a grant. */
  function isLetAlone({ pod, fault, since }: Found): boolean {
    const { namespace = '', name, labels } = pod.metadata
    if (fault.what !== 'Debugged') return false
    const { began = date() - (now() - since) } = fault
    const one = { name, server: labels?.[guardedLabel] ?? '', began }
    return date() < aloneUntil(one, world.grants.in(namespace), date())
  }

  const isSound = ({ metadata }: Pod): boolean => {
    const known = judged.get(metadata.uid ?? '')
    return known !== undefined && known.suspect === undefined
  }
  function sayFailing(workload: Workload): void {
    events.say({
      about: workload,
      type: 'Warning',
      reason: 'ReplacementsNotReady',
      action: 'Watching',
      note: 'None of its new pods is ready, and no other workload was asked to replace its pods since: theirs may fail likewise. Look at its pods and Events, and mend it; where it is its app, scale it to 0, and the next one goes.',
    })
  }

  function sayEnded({ pod }: Found, outcome: 'evicted' | 'held'): void {
    const { namespace = '', name } = pod.metadata
    log.warn('A pod does not conform', { namespace: idOf(namespace), name: idOf(name) })
    events.say({
      about: pod,
      type: 'Warning',
      action: 'Watching',
      ...(outcome === 'evicted'
        ? { reason: 'NotConformingEvicted', note: 'The pod is not what admission makes, and was evicted.' }
        : {
            reason: 'DisruptionBudgetHolds',
            note: 'The pod is not what admission makes, and could not be evicted: a PodDisruptionBudget holds it, or what the operator’s log names. It gets no new certificate. Delete it.',
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

function othersReady(pods: readonly Pod[], { pod: own, server }: Found): boolean {
  return pods.every(
    (pod) =>
      pod.metadata.uid === own.metadata.uid ||
      `${pod.metadata.namespace}/${pod.metadata.labels?.[guardedLabel]}` !== server ||
      isReady(pod),
  )
}

function found(pod: Pod, fault: Fault, since: number): Found {
  const { namespace = '', name, labels } = pod.metadata
  const owner = controllerOf(pod)
  return {
    pod,
    name: `${namespace}/${name}`,
    server: `${namespace}/${labels?.[guardedLabel]}`,
    fault,
    madeAnew: owner !== undefined && owner.kind !== 'Job',
    since,
  }
}
