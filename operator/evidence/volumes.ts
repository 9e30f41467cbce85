// Where pods keep what they write: every place on a disk, and what is known of its encryption.

import { volumeNames } from '../admission/sidecar-spec.ts'
import type { Claim, PersistentVolume, Pod } from '../objects.ts'
import type { World } from '../world.ts'
import { type Evidence, gradeOf } from './at-rest.ts'

export type SeenVolume = { claim: string; storageClass?: string; driver?: string } & Evidence

/** Every place on disk of these pods, each once. Secrets, ConfigMaps, memory and our own programs hold no records of patients. */
export function volumesOf(world: World, pods: readonly Pod[]): SeenVolume[] {
  const seen = new Map<string, SeenVolume>()
  for (const { metadata, spec } of pods) {
    for (const volume of spec.volumes ?? []) {
      const claimName =
        volume.persistentVolumeClaim?.claimName ??
        (volume.ephemeral === undefined ? undefined : `${metadata.name}-${volume.name}`)
      if (claimName !== undefined) {
        seen.set(claimName, gradedClaim(world, metadata.namespace ?? '', claimName))
      } else if (
        volume.emptyDir !== undefined &&
        volume.emptyDir.medium !== 'Memory' &&
        volume.name !== volumeNames.wrapper
      ) {
        seen.set(`emptyDir ${volume.name}`, onNode(`emptyDir ${volume.name}`))
      } else if (volume.hostPath !== undefined) {
        seen.set(`hostPath ${volume.name}`, onNode(`hostPath ${volume.name}`))
      } else if (volume.csi !== undefined) {
        const claim = `inline ${volume.name}`
        seen.set(claim, { claim, driver: volume.csi.driver, grade: 'Unknown', reason: 'InlineVolume' })
      }
    }
  }
  return [...seen.values()].toSorted((a, b) => (a.claim < b.claim ? -1 : 1))
}

/** The disk of the node, of which no object says that it is encrypted. */
function onNode(claim: string): SeenVolume {
  return { claim, grade: 'Unknown', reason: 'NodeDisk' }
}

function gradedClaim(world: World, namespace: string, name: string): SeenVolume {
  const claim: Claim | undefined = world.claims.get(namespace, name)
  const volume: PersistentVolume | undefined = world.volumes.get(undefined, claim?.spec.volumeName ?? '')
  const className = claim?.spec.storageClassName ?? volume?.spec.storageClassName
  const storageClass = world.storageClasses.get(undefined, className ?? '')
  const driver = storageClass?.provisioner ?? volume?.spec.csi?.driver
  return {
    claim: name,
    ...(className ? { storageClass: className } : {}),
    ...(driver === undefined ? {} : { driver }),
    ...(claim === undefined
      ? { grade: 'Unknown', reason: 'ClaimNotFound' }
      : gradeOf({ storageClass, volume })),
  }
}
