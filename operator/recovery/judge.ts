// What is next for the volume of a pod that is gone. Pure: the first check that fails says what is missing, and one step is
// taken at a time, so that whatever dies in between, the next look goes on from there.

import { systemNamespace } from '../../core/identifiers.ts'
import type { ChainSummary } from '../../core/wire.ts'
import type { Claim, Job, PersistentVolume } from '../objects.ts'
import { chainsOf, livingPods, recoveryAnnotation, trailOf } from '../trail-volumes.ts'
import type { World } from '../world.ts'
import { endOf, recoveryName } from './objects.ts'

/** Values of the annotation on the volume. */
export type Recovery = 'Running' | 'Failed' | 'Recovered'

export type Step =
  /** Nothing can be done now. */
  | 'wait'
  /** Make a claim of our own for the volume. */
  | 'claim'
  /** Point the volume to it. */
  | 'bind'
  | 'start'
  /** The Job gave up: say so. */
  | 'fail'
  /** The Job shipped everything: say so. */
  | 'mark'
  /** Everything is with the collector: take Job and claim away, and let the volume go. */
  | 'let-go'

export type Left = {
  volume: PersistentVolume
  podUid: string
  namespace: string
  /** What the collector says of the pod's chains; undefined while it does not answer. */
  chains: readonly ChainSummary[] | undefined
  /** Ours, if it is there. */
  claim: Claim | undefined
  /** Whether the claim of the pod is still there. */
  claimed: boolean
}

/** Volumes with a trail whose pod is gone, but for those that need no recovery: they are `Delete` already. */
export function leftVolumes(world: World, chains: readonly ChainSummary[] | undefined): Left[] {
  const living = livingPods(world)
  return world.volumes.all().flatMap((volume): Left[] => {
    const trail = trailOf(volume)
    if (trail === undefined || living.has(trail.podUid)) return []
    const { claimRef, persistentVolumeReclaimPolicy } = volume.spec
    const claim = world.claims.get(systemNamespace, recoveryName(trail.podUid))
    if (persistentVolumeReclaimPolicy !== 'Retain' && claim === undefined) return []
    const holder = world.claims.get(claimRef?.namespace ?? '', claimRef?.name ?? '')
    return [
      {
        volume,
        podUid: trail.podUid,
        namespace: trail.namespace,
        chains: chains === undefined ? undefined : chainsOf(chains, trail),
        claim,
        claimed: holder !== undefined && holder !== claim && holder.metadata.uid === claimRef?.uid,
      },
    ]
  })
}

export function recoveryOf({ metadata }: PersistentVolume): Recovery | undefined {
  const value = metadata.annotations?.[recoveryAnnotation]
  return value === 'Running' || value === 'Failed' || value === 'Recovered' ? value : undefined
}

/** Whether the Job must be known for the next step. */
export function wantsJob(left: Left): boolean {
  return stepOf(left, undefined) === 'start' || recoveryOf(left.volume) === 'Recovered'
}

export function stepOf({ volume, podUid, chains, claim, claimed }: Left, job: Job | undefined): Step {
  const { claimRef } = volume.spec
  if (recoveryOf(volume) === 'Recovered') {
    // A process that was thought gone may have spoken since: what is on the volume may be more than what was read.
    if (chains === undefined || chains.some(({ state }) => !forGood.has(state))) return 'wait'
    return claim === undefined && job === undefined ? 'wait' : 'let-go'
  }
  if (chains === undefined) return 'wait'
  // Live: the process may still be writing. Corrupt: a person must look first, and the Job could ship nothing.
  if (chains.some(({ state }) => state === 'live' || state === 'corrupt') && recoveryOf(volume) === undefined)
    return 'wait'
  // Of the pod: it goes with it, a moment later.
  if (claimed) return 'wait'
  if (claim === undefined) return 'claim'
  const ours = claimRef?.namespace === systemNamespace && claimRef.name === recoveryName(podUid)
  if (!ours) return 'bind'
  if (claim.status?.phase !== 'Bound') return 'wait'
  if (job === undefined) return 'start'
  const end = endOf(job)
  if (end === 'done') return 'mark'
  return end === 'failed' && recoveryOf(volume) !== 'Failed' ? 'fail' : 'wait'
}

const forGood: ReadonlySet<ChainSummary['state']> = new Set(['closed', 'succeeded', 'recovered'])
