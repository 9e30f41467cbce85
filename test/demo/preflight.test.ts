import { expect, test } from 'vitest'
import type { StorageClass } from '../../operator/objects.ts'
import { type Cluster, missing, unproven } from './preflight.ts'
import { whyNot } from './rollout.ts'
import { adapted } from './scene.ts'
import { isCurrent, world } from './world.ts'

const aClass = (name: string, provisioner: string, parameters = {}): StorageClass => ({
  apiVersion: 'storage.k8s.io/v1',
  kind: 'StorageClass',
  metadata: { name },
  provisioner,
  parameters,
})

const aCluster = (differs: Partial<Cluster> = {}): Cluster => ({
  version: 'v1.33.4-eks-1a2b3c',
  architectures: ['amd64'],
  storageClasses: [aClass('gp3', 'ebs.csi.aws.com', { encrypted: 'true' }), aClass('gp2', 'ebs.csi.aws.com')],
  administrator: true,
  installed: 'not',
  ...differs,
})

test('a cluster that has everything lacks nothing', () => {
  expect(missing(aCluster(), 'gp3', 'amd64')).toEqual([])
  expect(missing(aCluster({ installed: 'by the demo' }), 'gp3', 'amd64')).toEqual([])
})

test.each<[what: string, Partial<Cluster>, says: RegExp]>([
  ['an old version', { version: 'v1.29.9' }, /v1\.29\.9: take one of 1\.30 or later/],
  ['rights', { administrator: false }, /take a context of a cluster administrator/],
  ['nodes of our architecture', { architectures: ['amd64', 'arm64'] }, /nodes of arm64: take a cluster/],
  ['the class', { storageClasses: [aClass('standard', 'x')] }, /no StorageClass gp3: .* of standard in/],
  ['any class', { storageClasses: [] }, /of your making, for it has none/],
  ['room for us', { installed: 'by others' }, /hipaa-mcp already .*: take another cluster/],
])('what lacks is said in one line, with what to do: %s', (_, differs, says) => {
  const lines = missing(aCluster(differs), 'gp3', 'amd64')

  expect(lines).toHaveLength(1)
  expect(lines[0]).toMatch(says)
})

test('a class without evidence of encryption is named before the demo, not after it', () => {
  expect(unproven(aCluster(), 'gp3')).toBeUndefined()
  expect(unproven(aCluster(), 'gp2')).toMatch(/gp2 \(ebs\.csi\.aws\.com\) shows no encryption/)
})

test('a cluster of one’s own needs a registry and a class, and CLUSTER has no other value', async () => {
  await expect(world({ CLUSTER: 'current' })).rejects.toThrow(/needs PUSH=registry\/name/)
  await expect(world({ CLUSTER: 'current', PUSH: 'r.example.org/p' })).rejects.toThrow(/needs STORAGE_CLASS/)
  expect(() => isCurrent({ CLUSTER: 'mine' })).toThrow(/say CLUSTER=current/)
})

const waiting = (reason: string, message: string) => ({
  metadata: { name: 'ehr-db-0' },
  status: { containerStatuses: [{ state: { waiting: { reason, message } } }] },
})

test('a pod that does not start says why, and what to do', () => {
  expect(whyNot([waiting('ErrImagePull', 'x509: unknown authority')], [])).toBe(
    'ehr-db-0: ErrImagePull x509: unknown authority. The nodes must reach and trust the registry that PUSH names, and be let in without a login',
  )
  expect(whyNot([waiting('ContainerCreating', '')], [])).toBe('')
  const unscheduled = { type: 'PodScheduled', status: 'False', message: 'unbound PersistentVolumeClaims' }
  expect(whyNot([{ metadata: { name: 'p' }, status: { conditions: [unscheduled] } }], [])).toMatch(
    /p: unbound PersistentVolumeClaims\. STORAGE_CLASS must name/,
  )
})

test('where no pod may be made, events tell why', () => {
  const note = 'pods "ehr-db-0" is forbidden: violates PodSecurity "restricted:latest"'

  expect(whyNot([], [{ reason: 'FailedCreate', note, regarding: { name: 'ehr-db' } }])).toMatch(
    /ehr-db: FailedCreate pods .* admission refuses the demo’s pods/,
  )
})

const rendered = (image: string): string =>
  `image: ${image}\nenv:\n  - name: HIPAA_MCP_IMAGE\n    value: ${image}\nstorageClassName: encrypted\n`

test('the manifests take another image everywhere, pinned before or not, and another class', () => {
  const wanted = { images: { product: 'r.example.org/p@sha256:1' }, storageClass: 'gp3' } as Parameters<
    typeof adapted
  >[1]

  for (const before of ['localhost/hipaa-mcp:dev', 'old.example.org/p@sha256:0'])
    expect(adapted(rendered(before), wanted)).toBe(
      'image: r.example.org/p@sha256:1\nenv:\n  - name: HIPAA_MCP_IMAGE\n    value: r.example.org/p@sha256:1\nstorageClassName: gp3\n',
    )
})
