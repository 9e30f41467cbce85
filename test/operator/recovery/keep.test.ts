import { describe, expect, test } from 'vitest'
import { trailAnnotation } from '../../../operator/trail-volumes.ts'
import { verifies } from '../../verifies.ts'
import { aChain, aGuardedPod, aTrailClaim, trailSpec } from '../world.ts'
import { ACluster } from './cluster.ts'

const silent = aChain('uid-ehr-1', { state: 'silent', size: 10, witnessed: 7 })

/** A pod with its volume, as it runs. */
function aRunning(recovered?: 'Delete' | 'Retain'): ACluster {
  const cluster = new ACluster(recovered)
  cluster.pods = [aGuardedPod('ehr-1', trailSpec)]
  cluster.claims = [aTrailClaim()]
  cluster.volumes = [
    {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name: 'pv-1', uid: 'uid-pv-1' },
      spec: {
        persistentVolumeReclaimPolicy: 'Delete',
        storageClassName: 'encrypted',
        accessModes: ['ReadWriteOnce'],
        capacity: { storage: '1Gi' },
        claimRef: { namespace: 'clinic', name: 'ehr-1-hipaa-mcp-trail', uid: 'uid-claim' },
      },
    },
  ]
  return cluster
}

/** The pod is gone, and its claim with it. */
async function aLeft(recovered?: 'Delete' | 'Retain'): Promise<ACluster> {
  const cluster = aRunning(recovered)
  cluster.chains = [{ ...silent, state: 'live' }]
  await cluster.look()
  cluster.pods = []
  cluster.claims = []
  return cluster
}

async function looks(cluster: ACluster, times = 8): Promise<void> {
  for (let i = 0; i < times && cluster.volumes.length > 0; i += 1) await cluster.look()
}

verifies(
  'audit:local-recovered',
  'a volume outlives its pod, is read by a Job on a claim of ours, and goes when the Job and the collector say that all is there',
  async () => {
    const cluster = await aLeft()
    expect(cluster.volume.spec.persistentVolumeReclaimPolicy).toBe('Retain')
    cluster.chains = [silent]
    await looks(cluster)

    expect(cluster.jobs).toMatchObject([
      { metadata: { name: 'recover-uid-ehr-1', namespace: 'hipaa-mcp-system' } },
    ])
    expect(cluster.claims).toMatchObject([
      {
        spec: {
          volumeName: 'pv-1',
          storageClassName: 'encrypted',
          resources: { requests: { storage: '1Gi' } },
        },
      },
    ])
    expect(cluster.volume.spec).toMatchObject({
      persistentVolumeReclaimPolicy: 'Retain',
      claimRef: { namespace: 'hipaa-mcp-system', name: 'recover-uid-ehr-1' },
    })
    cluster.done.length = 0

    cluster.chains = [{ ...silent, state: 'recovered' }]
    cluster.ends = 'Complete'
    await looks(cluster)

    expect(cluster.done).toEqual([
      'patch {"hipaa-mcp.dev/recovery":"Recovered","hipaa-mcp.dev/recovered-at":"2026-11-01T12:00:00.000Z"}',
      'delete Job Background',
      'patch {"persistentVolumeReclaimPolicy":"Delete"}',
      'delete PersistentVolumeClaim',
    ])
    expect(cluster.volumes).toEqual([])
    expect([cluster.claims, cluster.jobs]).toEqual([[], []])
    expect(cluster.said.map(({ reason, type }) => `${type} ${reason}`)).toEqual([
      'Normal TrailVolumeRecovering',
      'Normal TrailVolumeRecovered',
    ])
  },
)

verifies(
  'audit:local-recovered',
  'the setting Retain keeps the volume, and takes Job and claim away',
  async () => {
    const cluster = await aLeft('Retain')
    cluster.chains = [silent]
    await looks(cluster)
    cluster.chains = [{ ...silent, state: 'recovered' }]
    cluster.ends = 'Complete'
    await looks(cluster)

    expect(cluster.volume).toMatchObject({
      metadata: { annotations: { 'hipaa-mcp.dev/recovery': 'Recovered' } },
      spec: { persistentVolumeReclaimPolicy: 'Retain' },
    })
    expect([cluster.claims, cluster.jobs]).toEqual([[], []])
    const before = cluster.done.length
    expect(await cluster.look()).toBeUndefined()
    expect(cluster.done).toHaveLength(before)
  },
)

describe('a volume is never let go', () => {
  const cases: { while: string; change: (cluster: ACluster) => void }[] = [
    { while: 'the Job runs', change: () => undefined },
    { while: 'the Job failed', change: (cluster) => (cluster.ends = 'Failed') },
    {
      while: 'the Job is done and a process that was thought gone speaks again',
      change: (cluster) => {
        cluster.ends = 'Complete'
        cluster.chains = [{ ...silent, state: 'live' }]
      },
    },
    {
      while: 'the Job is done and the collector does not answer',
      change: (cluster) => {
        cluster.ends = 'Complete'
        cluster.chains = undefined
      },
    },
    {
      while: 'the Job is done and the collector still calls the chain silent',
      change: (cluster) => (cluster.ends = 'Complete'),
    },
  ]
  for (const { while: when, change } of cases)
    verifies('audit:local-recovered', when, async () => {
      const cluster = await aLeft()
      cluster.chains = [silent]
      await looks(cluster, 4)
      expect(cluster.jobs).toHaveLength(1)
      change(cluster)
      await looks(cluster, 10)

      expect(cluster.volume.spec.persistentVolumeReclaimPolicy).toBe('Retain')
      expect(cluster.claims).toHaveLength(1)
    })
})

describe('no recovery begins', () => {
  const cases: { while: string; change: (cluster: ACluster) => void }[] = [
    { while: 'the pod runs', change: (cluster) => (cluster.pods = aRunning().pods) },
    { while: 'the pod’s claim is still there', change: (cluster) => (cluster.claims = aRunning().claims) },
    { while: 'the collector does not answer', change: (cluster) => (cluster.chains = undefined) },
    {
      while: 'the chain still speaks',
      change: (cluster) => (cluster.chains = [{ ...silent, state: 'live' }]),
    },
    {
      while: 'the collector’s records of the chain are not what was acknowledged',
      change: (cluster) => (cluster.chains = [{ ...silent, state: 'corrupt' }]),
    },
  ]
  for (const { while: when, change } of cases)
    test(`while ${when}`, async () => {
      const cluster = await aLeft()
      cluster.chains = [silent]
      change(cluster)
      await looks(cluster, 4)

      expect(cluster.jobs).toEqual([])
      expect(cluster.volume.spec).toMatchObject({
        persistentVolumeReclaimPolicy: 'Retain',
        claimRef: { namespace: 'clinic' },
      })
    })
})

test('what everything was collected of goes without a Job', async () => {
  const cluster = await aLeft()
  cluster.chains = [{ ...silent, state: 'closed', witnessed: 10 }]
  await looks(cluster)
  expect(cluster.volumes).toEqual([])
  expect(cluster.done.filter((one) => one.startsWith('create'))).toEqual([])
})

test('a Job that failed is said once, and tried again when a person deletes it', async () => {
  const cluster = await aLeft()
  cluster.chains = [silent]
  cluster.ends = 'Failed'
  await looks(cluster, 10)
  expect(cluster.said.filter(({ reason }) => reason === 'TrailVolumeNotRecovered')).toHaveLength(1)
  expect(cluster.volume.metadata.annotations).toMatchObject({ 'hipaa-mcp.dev/recovery': 'Failed' })

  cluster.jobs.length = 0
  cluster.ends = undefined
  await looks(cluster, 2)

  expect(cluster.jobs).toHaveLength(1)
  expect(cluster.volume.metadata.annotations).toMatchObject({ 'hipaa-mcp.dev/recovery': 'Running' })
})

verifies(
  'audit:local-recovered',
  'a policy that cannot be set is said, and others are set all the same',
  async () => {
    const cluster = aRunning()
    cluster.forbidden = true

    await expect(cluster.look()).rejects.toThrow('no')

    expect(cluster.said).toMatchObject([
      { type: 'Warning', reason: 'TrailVolumeNotRetained', about: { metadata: { name: 'pv-1' } } },
    ])
    cluster.forbidden = false
    await cluster.look()
    expect(cluster.volume.metadata.annotations).toMatchObject({ [trailAnnotation]: 'clinic/ehr/uid-ehr-1' })
  },
)

test('somebody else bound the volume meanwhile: it is left alone', async () => {
  const cluster = await aLeft()
  cluster.chains = [silent]
  await cluster.look()
  cluster.volume.spec.claimRef = { namespace: 'clinic', name: 'mine', uid: 'uid-mine' }
  cluster.claims.push({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: 'mine', namespace: 'clinic', uid: 'uid-mine' },
    spec: { volumeName: 'pv-1' },
  })
  await looks(cluster, 4)
  expect(cluster.volume.spec.claimRef).toMatchObject({ name: 'mine' })
})

/** One that was retained before it held a trail, as a pod left it. */
async function aKept(): Promise<ACluster> {
  const cluster = aRunning()
  cluster.volume.spec.persistentVolumeReclaimPolicy = 'Retain'
  cluster.chains = [{ ...silent, state: 'live' }]
  await cluster.look()
  expect(cluster.volume.metadata.annotations).toMatchObject({ [trailAnnotation]: 'clinic/ehr/uid-ehr-1' })
  cluster.pods = []
  cluster.claims = []
  return cluster
}

describe('a volume that was retained before, by its class or by somebody', () => {
  verifies('audit:local-recovered', 'it is recovered like any other, and stays', async () => {
    const cluster = await aKept()
    cluster.chains = [silent]
    await looks(cluster, 4)
    expect(cluster.jobs).toHaveLength(1)
    cluster.chains = [{ ...silent, state: 'recovered' }]
    cluster.ends = 'Complete'
    await looks(cluster)

    expect(cluster.volume).toMatchObject({
      metadata: { annotations: { 'hipaa-mcp.dev/recovery': 'Recovered' } },
      spec: { persistentVolumeReclaimPolicy: 'Retain' },
    })
    expect([cluster.claims, cluster.jobs]).toEqual([[], []])
  })

  test('what everything was collected of stays without a Job, and is looked at once', async () => {
    const cluster = await aKept()
    cluster.chains = [{ ...silent, state: 'closed', witnessed: 10 }]
    await looks(cluster)

    expect(cluster.volume.spec.persistentVolumeReclaimPolicy).toBe('Retain')
    expect(cluster.volume.metadata.annotations).toMatchObject({ 'hipaa-mcp.dev/recovery': 'Recovered' })
    expect(cluster.jobs).toEqual([])
    const before = cluster.done.length
    await looks(cluster)
    expect(cluster.done).toHaveLength(before)
  })
})
