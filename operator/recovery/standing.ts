// Where every trail volume stands, read off the objects: for status, conditions and metrics.

import { guardedLabel } from '../../core/identifiers.ts'
import { livingPods, trailOf, trailVolumeOf } from '../trail-volumes.ts'
import type { World } from '../world.ts'
import { recoveryOf } from './judge.ts'

export const trailVolumeStates = [
  'Retained',
  'NotRetained',
  'Waiting',
  'Recovering',
  'Failed',
  'Recovered',
] as const

export type TrailVolume = {
  namespace: string
  server: string
  /** Name of the PersistentVolume. */
  volume: string
  /** UID of the pod whose records are on it. */
  pod: string
  state: (typeof trailVolumeStates)[number]
}

/** Volumes of pods that run, and those that pods left, of all servers, by name. */
export function trailVolumes(world: World): TrailVolume[] {
  const living = livingPods(world)
  const left = world.volumes.all().flatMap((volume): TrailVolume[] => {
    const trail = trailOf(volume)
    const { name } = volume.metadata
    if (trail === undefined || living.has(trail.podUid)) return []
    const { namespace, server, podUid: pod } = trail
    const recovery = recoveryOf(volume)
    // Everything on it is with the collector: it goes by itself.
    if (volume.spec.persistentVolumeReclaimPolicy !== 'Retain' && recovery === undefined) return []
    const states = { Running: 'Recovering', Failed: 'Failed', Recovered: 'Recovered' } as const
    return [
      { namespace, server, volume: name, pod, state: recovery === undefined ? 'Waiting' : states[recovery] },
    ]
  })
  const used = world.pods.all().flatMap((pod): TrailVolume[] => {
    const { namespace = '', uid = '', labels } = pod.metadata
    const server = labels?.[guardedLabel]
    const volume = server === undefined ? undefined : trailVolumeOf(world, namespace, uid)
    if (server === undefined || volume === undefined) return []
    const retained = volume.spec.persistentVolumeReclaimPolicy === 'Retain'
    const state = retained ? 'Retained' : 'NotRetained'
    return [{ namespace, server, volume: volume.metadata.name, pod: uid, state }]
  })
  return [...left, ...used].toSorted((a, b) => (a.volume < b.volume ? -1 : 1))
}
