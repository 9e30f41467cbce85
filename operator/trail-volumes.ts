// The volume on which a pod with Local or Both acknowledgement keeps its records: it must outlive the pod until every
// record is with the collector. Bound: `Retain`. Pod gone, chain closed and witnessed to its end: `Delete`.

import { containers, group, guardedLabel, paths } from '../core/identifiers.ts'
import type { ChainSummary } from '../core/wire.ts'
import type { PersistentVolume, Pod } from './objects.ts'
import type { World } from './world.ts'

/** On a PV that we retain: `<namespace>/<server>/<pod uid>`, so that it is known whose it is when the pod is gone. */
export const trailAnnotation = `${group}/trail`
/** On such a PV that was `Retain` before we came, by its class or by somebody: it is theirs to delete. */
export const keptAnnotation = `${group}/trail-kept`
/** On such a PV when its pod is gone and a recovery Job has to do with it: how far that is (recovery/). */
export const recoveryAnnotation = `${group}/recovery`

/** Whose records are on a PV that we retain; undefined for any other. */
export function trailOf({ metadata }: PersistentVolume): Trail | undefined {
  const [namespace, server, podUid, more] = (metadata.annotations?.[trailAnnotation] ?? '').split('/')
  if (!namespace || !server || !podUid || more !== undefined) return undefined
  return { namespace, server, podUid }
}
type Trail = { namespace: string; server: string; podUid: string }

/** Whether a PV was retained before it held a trail. */
export function isKept({ metadata }: PersistentVolume): boolean {
  return metadata.annotations?.[keptAnnotation] === 'true'
}

/** `kept`: it was retained before. `recovered`: nothing is left to be shipped from it, and it stays. */
export type VolumeChange = {
  name: string
  policy: 'Retain' | 'Delete'
  trail: string
  kept?: true
  recovered?: true
}

/** The claim of a pod's trail volume: a generic ephemeral volume that our own container mounts. */
function trailClaimOf({ metadata, spec }: Pod): string | undefined {
  const sidecar = spec.initContainers?.find(({ name }) => name === containers.sidecar)
  const mounted = sidecar?.volumeMounts?.find(({ mountPath }) => mountPath === paths.trail)?.name
  const volume = spec.volumes?.find(({ name, ephemeral }) => name === mounted && ephemeral !== undefined)
  return volume === undefined ? undefined : `${metadata.name}-${volume.name}`
}

/** The bound PV of a pod's trail; undefined when the pod has none, or not yet. */
export function trailVolumeOf(world: World, namespace: string, podUid: string): PersistentVolume | undefined {
  const pod = world.pods.in(namespace).find(({ metadata }) => metadata.uid === podUid)
  return pod === undefined ? undefined : boundVolume(world, pod)
}

function boundVolume(world: World, pod: Pod): PersistentVolume | undefined {
  const claimName = trailClaimOf(pod)
  if (claimName === undefined) return undefined
  const claim = world.claims.get(pod.metadata.namespace ?? '', claimName)
  // A claim of that name which belongs to another pod is not this pod's trail.
  if (claim?.metadata.ownerReferences?.some(({ uid }) => uid === pod.metadata.uid) !== true) return undefined
  const volume = world.volumes.get(undefined, claim.spec.volumeName ?? '')
  return volume?.spec.claimRef?.uid === claim.metadata.uid ? volume : undefined
}

/**
 * What to change now. Chains undefined (the collector does not answer): nothing is let go. A chain that ended without
 * closing itself keeps its volume: what is on it may be more than what was collected.
 */
export function volumeChanges(world: World, chains: readonly ChainSummary[] | undefined): VolumeChange[] {
  const retain = world.pods.all().flatMap((pod): VolumeChange[] => {
    const server = pod.metadata.labels?.[guardedLabel]
    const volume = server === undefined ? undefined : boundVolume(world, pod)
    if (volume === undefined) return []
    const kept = volume.spec.persistentVolumeReclaimPolicy === 'Retain'
    if (kept && volume.metadata.annotations?.[trailAnnotation] !== undefined) return []
    const trail = `${pod.metadata.namespace}/${server}/${pod.metadata.uid}`
    return [{ name: volume.metadata.name, policy: 'Retain', trail, ...(kept ? { kept } : {}) }]
  })
  const living = livingPods(world)
  const release = world.volumes.all().flatMap((volume): VolumeChange[] => {
    const trail = volume.metadata.annotations?.[trailAnnotation]
    const whose = trailOf(volume)
    if (trail === undefined || whose === undefined || living.has(whose.podUid)) return []
    if (volume.spec.persistentVolumeReclaimPolicy !== 'Retain') return []
    // A recovery that began is brought to its end.
    if (volume.metadata.annotations?.[recoveryAnnotation] !== undefined) return []
    const own = chainsOf(chains ?? [], whose)
    const newest = own.toSorted((a, b) => b.restart - a.restart)[0]
    // Earlier processes of the pod were succeeded by the next one, which shipped what they left behind.
    const collected =
      newest?.state === 'closed' &&
      own.every(
        // A killed process signs no last checkpoint; the registry log's word of its end vouches for the rest.
        ({ state, size, witnessed }) => state === 'succeeded' || (state === 'closed' && witnessed === size),
      )
    if (!collected) return []
    const { name } = volume.metadata
    return [
      isKept(volume) ? { name, policy: 'Retain', trail, recovered: true } : { name, policy: 'Delete', trail },
    ]
  })
  return [...retain, ...release]
}

/** UIDs of all pods that are there. */
export function livingPods(world: Pick<World, 'pods'>): ReadonlySet<string | undefined> {
  return new Set(world.pods.all().map(({ metadata }) => metadata.uid))
}

/** What the collector knows of a pod's chains. */
export function chainsOf(
  chains: readonly ChainSummary[],
  { namespace, server, podUid }: Trail,
): ChainSummary[] {
  return chains.filter(
    (chain) => chain.namespace === namespace && chain.server === server && chain.podUid === podUid,
  )
}
