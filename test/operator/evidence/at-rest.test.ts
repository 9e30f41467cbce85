import { expect, test } from 'vitest'
import { drivers, type Grade, gradeOf } from '../../../operator/evidence/at-rest.ts'
import type { PersistentVolume, StorageClass } from '../../../operator/objects.ts'
import { verifies } from '../../verifies.ts'
import { aGuardedPod, aServer, aStorePod, seenIn } from '../world.ts'

function aClass(
  provisioner: string,
  parameters: Record<string, string> = {},
  creationTimestamp = '2026-01-01T00:00:00Z',
): StorageClass {
  return {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name: 'fast', creationTimestamp },
    provisioner,
    parameters,
  }
}

type Made = { attributes?: Record<string, string>; by?: string; secret?: boolean; at?: string }

function aVolume(
  driver: string,
  { attributes = {}, by = driver, secret = false, at = '2026-02-01T00:00:00Z' }: Made = {},
): PersistentVolume {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: 'pv-1', creationTimestamp: at, annotations: { 'pv.kubernetes.io/provisioned-by': by } },
    spec: {
      csi: { driver, volumeAttributes: attributes, ...(secret ? { nodeStageSecretRef: {} } : {}) },
      storageClassName: 'fast',
    },
  }
}

const encrypted = { encrypted: 'true' }
const cases: {
  when: string
  class?: StorageClass
  volume?: PersistentVolume
  grade: Grade
  reason: string
}[] = [
  {
    when: 'EBS with encrypted',
    class: aClass('ebs.csi.aws.com', encrypted),
    volume: aVolume('ebs.csi.aws.com'),
    grade: 'Declared',
    reason: 'ClassParameter',
  },
  {
    when: 'EBS with Encrypted in capitals',
    class: aClass('ebs.csi.aws.com', { Encrypted: 'True' }),
    grade: 'Declared',
    reason: 'ClassParameter',
  },
  {
    when: 'EBS without',
    class: aClass('ebs.csi.aws.com'),
    grade: 'Unknown',
    reason: 'ClassDoesNotAskForEncryption',
  },
  {
    when: 'EBS with encrypted false',
    class: aClass('ebs.csi.aws.com', { encrypted: 'false' }),
    grade: 'Unknown',
    reason: 'ClassDoesNotAskForEncryption',
  },
  {
    when: 'EBS with ext4EncryptionSupport, which is none',
    class: aClass('ebs.csi.aws.com', { ext4EncryptionSupport: 'true' }),
    grade: 'Unknown',
    reason: 'ClassDoesNotAskForEncryption',
  },
  {
    when: 'EFS, whose class cannot say it',
    class: aClass('efs.csi.aws.com', encrypted),
    grade: 'Unknown',
    reason: 'ClassDoesNotAskForEncryption',
  },
  { when: 'GCP PD', class: aClass('pd.csi.storage.gke.io'), grade: 'Declared', reason: 'ClassParameter' },
  {
    when: 'Azure Disk with a key of one’s own',
    class: aClass('disk.csi.azure.com'),
    volume: aVolume('disk.csi.azure.com', { attributes: { diskEncryptionSetID: '/subscriptions/x' } }),
    grade: 'Recorded',
    reason: 'VolumeAttribute',
  },
  {
    when: 'Azure Disk without',
    class: aClass('disk.csi.azure.com'),
    volume: aVolume('disk.csi.azure.com'),
    grade: 'Declared',
    reason: 'ClassParameter',
  },
  {
    when: 'Ceph RBD',
    class: aClass('rbd.csi.ceph.com', encrypted),
    volume: aVolume('rbd.csi.ceph.com', { attributes: encrypted }),
    grade: 'Recorded',
    reason: 'VolumeAttribute',
  },
  {
    when: 'Ceph RBD whose class says so and whose volume does not',
    class: aClass('rbd.csi.ceph.com', encrypted),
    volume: aVolume('rbd.csi.ceph.com'),
    grade: 'Declared',
    reason: 'ClassParameter',
  },
  {
    when: 'Longhorn with its secret',
    class: aClass('driver.longhorn.io', encrypted),
    volume: aVolume('driver.longhorn.io', { attributes: encrypted, secret: true }),
    grade: 'Recorded',
    reason: 'VolumeAttribute',
  },
  {
    when: 'Longhorn without its secret',
    class: aClass('driver.longhorn.io', encrypted),
    volume: aVolume('driver.longhorn.io', { attributes: encrypted }),
    grade: 'Declared',
    reason: 'ClassParameter',
  },
  {
    when: 'the test node’s encrypted class',
    class: aClass('fscrypt.hipaa-mcp.dev/test', encrypted),
    grade: 'Declared',
    reason: 'ClassParameter',
  },
  {
    when: 'the test node’s plain class',
    class: aClass('plain.hipaa-mcp.dev/test'),
    grade: 'Unknown',
    reason: 'UnknownDriver',
  },
  {
    when: 'a driver without a row',
    class: aClass('local-path', encrypted),
    grade: 'Unknown',
    reason: 'UnknownDriver',
  },
  { when: 'no class at all', grade: 'Unknown', reason: 'NoStorageClass' },
  {
    when: 'a volume made by hand',
    class: aClass('rbd.csi.ceph.com', encrypted),
    volume: aVolume('rbd.csi.ceph.com', { attributes: encrypted, by: 'someone' }),
    grade: 'Unknown',
    reason: 'NotMadeByDriver',
  },
  {
    when: 'a class made again after the volume',
    class: aClass('ebs.csi.aws.com', encrypted, '2026-03-01T00:00:00Z'),
    volume: aVolume('ebs.csi.aws.com'),
    grade: 'Unknown',
    reason: 'ClassYoungerThanVolume',
  },
  {
    when: 'a class that is gone, and a volume that records it',
    volume: aVolume('rbd.csi.ceph.com', { attributes: encrypted }),
    grade: 'Recorded',
    reason: 'VolumeAttribute',
  },
  {
    when: 'a class that is gone, and a volume that does not',
    volume: aVolume('ebs.csi.aws.com'),
    grade: 'Unknown',
    reason: 'NoStorageClass',
  },
]

for (const { when, class: storageClass, volume, grade, reason } of cases)
  verifies('rest:graded', when, () => {
    expect(gradeOf({ storageClass, volume })).toEqual({ grade, reason })
  })

test('every driver of the table has a case', () => {
  const tried = new Set(cases.map(({ class: one, volume }) => one?.provisioner ?? volume?.spec.csi?.driver))

  const untried = Object.keys(drivers).filter((driver) => !tried.has(driver))

  // Rows of one parameter, or none, whose reading is that of the rows above.
  expect(untried).toEqual([
    'cephfs.csi.ceph.com',
    'pxd.portworx.com',
    'csi.vsphere.vmware.com',
    'csi.cloudscale.ch',
    'storage.csi.upcloud.com',
  ])
})

verifies('rest:graded', 'volumes of the pods and of declared stores, each once, and memory is none', () => {
  const { volumes } = seenIn({
    servers: [
      aServer({ stores: [{ name: 'database', pods: { matchLabels: { app: 'ehr-db' } }, port: 5432 }] }),
    ],
    pods: [
      aGuardedPod('ehr-1', {
        volumes: [
          { name: 'scratch', emptyDir: {} },
          { name: 'tmp', emptyDir: { medium: 'Memory' } },
          { name: 'trail', ephemeral: {} },
        ],
      }),
      aStorePod('ehr-db-0', { volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }] }),
    ],
    claims: [
      {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        metadata: { name: 'data', namespace: 'clinic' },
        spec: { storageClassName: 'fast' },
      },
    ],
    storageClasses: [aClass('fscrypt.hipaa-mcp.dev/test', encrypted)],
  })

  expect(volumes).toEqual([
    {
      claim: 'data',
      storageClass: 'fast',
      driver: 'fscrypt.hipaa-mcp.dev/test',
      grade: 'Declared',
      reason: 'ClassParameter',
    },
    { claim: 'ehr-1-trail', grade: 'Unknown', reason: 'ClaimNotFound' },
    { claim: 'emptyDir scratch', grade: 'Unknown', reason: 'NodeDisk' },
  ])
})
