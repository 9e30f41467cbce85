// Which evidence there is that a volume is encrypted at rest (45 CFR 164.312(a)(2)(iv)). One row a storage driver; a
// driver that has no row, and a volume that says nothing, are Unknown, which counts as not encrypted.

import type { PersistentVolume, StorageClass } from '../objects.ts'

/** Recorded: an attribute of the volume that nobody can change. Declared: its class asks for it, today and by our look. */
export type Grade = 'Recorded' | 'Declared' | 'Unknown'
export type Evidence = { grade: Grade; reason: string }

type Attributes = Readonly<Record<string, string>>

type Row = {
  /** The class's parameters ask for encryption. */
  declared: (parameters: Attributes) => boolean
  /** The driver wrote it into the volume when it made it. Absent where a driver writes nothing there. */
  recorded?: (attributes: Attributes, volume: PersistentVolume) => boolean
}

const asks =
  (name: string) =>
  (parameters: Attributes): boolean =>
    Object.entries(parameters).some(
      ([key, value]) => key.toLowerCase() === name.toLowerCase() && value.toLowerCase() === 'true',
    )
const always = (): boolean => true
const never = (): boolean => false
const has =
  (name: string) =>
  (attributes: Attributes): boolean =>
    Object.entries(attributes).some(
      ([key, value]) => key.toLowerCase() === name.toLowerCase() && value !== '',
    )

/** StorageClass provisioner -> what shows encryption. Read in the drivers' own sources. */
export const drivers: Readonly<Record<string, Row>> = {
  // VolumeContext holds format options only: the volume itself cannot show it. An account-wide default is not seen.
  'ebs.csi.aws.com': { declared: asks('encrypted') },
  // At rest is a property of the file system, which no object of the cluster shows.
  'efs.csi.aws.com': { declared: never },
  // The provider encrypts every disk; a key of one's own is in the parameters only.
  'pd.csi.storage.gke.io': { declared: always },
  // The platform encrypts every disk; parameters are copied into the volume.
  'disk.csi.azure.com': { declared: always, recorded: has('diskEncryptionSetID') },
  'rbd.csi.ceph.com': { declared: asks('encrypted'), recorded: asks('encrypted') },
  'cephfs.csi.ceph.com': { declared: asks('encrypted'), recorded: asks('encrypted') },
  'driver.longhorn.io': {
    declared: asks('encrypted'),
    recorded: (attributes, { spec }) =>
      asks('encrypted')(attributes) && spec.csi?.nodeStageSecretRef !== undefined,
  },
  'pxd.portworx.com': { declared: asks('secure') },
  // Depends on a policy that only vCenter knows.
  'csi.vsphere.vmware.com': { declared: never },
  'csi.cloudscale.ch': { declared: asks('csi.cloudscale.ch/luks-encrypted') },
  'storage.csi.upcloud.com': { declared: ({ encryption }) => encryption === 'data-at-rest' },
  // The test node's: ext4 with a kernel encryption policy on every volume.
  'fscrypt.hipaa-mcp.dev/test': { declared: asks('encrypted') },
}

const provisionedBy = 'pv.kubernetes.io/provisioned-by'

/** What is known of a volume: its class as it is now, and the volume, once there is one. */
export type Seen = { storageClass?: StorageClass | undefined; volume?: PersistentVolume | undefined }

export function gradeOf({ storageClass, volume }: Seen): Evidence {
  const driver = storageClass?.provisioner ?? volume?.spec.csi?.driver
  if (driver === undefined) return { grade: 'Unknown', reason: 'NoStorageClass' }
  const row = drivers[driver]
  if (row === undefined) return { grade: 'Unknown', reason: 'UnknownDriver' }
  if (volume !== undefined) {
    // A volume made by hand may say anything: its attributes count only when the driver itself made it.
    const made = volume.metadata.annotations?.[provisionedBy]
    if (made !== driver) return { grade: 'Unknown', reason: 'NotMadeByDriver' }
    if (row.recorded?.(volume.spec.csi?.volumeAttributes ?? {}, volume) === true)
      return { grade: 'Recorded', reason: 'VolumeAttribute' }
  }
  if (storageClass === undefined) return { grade: 'Unknown', reason: 'NoStorageClass' }
  // A class can be deleted and made again under its name: one that is younger than the volume says nothing about it.
  if (volume !== undefined && !(ageOf(storageClass) <= ageOf(volume)))
    return { grade: 'Unknown', reason: 'ClassYoungerThanVolume' }
  return row.declared(storageClass.parameters ?? {})
    ? { grade: 'Declared', reason: 'ClassParameter' }
    : { grade: 'Unknown', reason: 'ClassDoesNotAskForEncryption' }
}

function ageOf({ metadata }: StorageClass | PersistentVolume): number {
  return Date.parse(metadata.creationTimestamp ?? '')
}
