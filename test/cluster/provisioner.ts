// A storage provisioner of test quality, run beside the node: it looks at all claims and volumes a few times a second,
// makes what is missing and removes what is released. Local volumes, so that the kubelet applies fsGroup.

import { chmod, mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { run } from '../../config/image/run.ts'
import { type Api, ApiError, connect } from './api.ts'
import { type ProvisionerOptions, policyAnnotation } from './storage.ts'

type StorageClass = ProvisionerOptions['classes'][number]

type Meta = { name: string; namespace: string; uid: string; annotations?: Record<string, string> }
type Claim = {
  metadata: Meta
  spec: {
    storageClassName?: string
    volumeName?: string
    accessModes: string[]
    resources: { requests: { storage: string } }
  }
  status?: { phase?: string }
}
type Volume = {
  metadata: Omit<Meta, 'namespace'>
  spec: { persistentVolumeReclaimPolicy?: string }
  status?: { phase?: string }
}

const provisionedBy = 'pv.kubernetes.io/provisioned-by'

/** The class that is asked to make a volume for this claim now; undefined while others have to act first. */
function classToServe(claim: Claim, classes: readonly StorageClass[]): StorageClass | undefined {
  const { annotations = {} } = claim.metadata
  if (claim.spec.volumeName || claim.status?.phase !== 'Pending') return undefined
  // The volume controller names the provisioner, and the scheduler the node, when a pod wants the claim.
  if (annotations['volume.kubernetes.io/selected-node'] === undefined) return undefined
  const asked = annotations['volume.kubernetes.io/storage-provisioner']
  // By its provisioner: a class may be given another name.
  return classes.find(({ provisioner }) => provisioner === asked)
}

/** Folder first, then the volume object: a crash between leaves an empty folder, which the next round takes. */
async function provision(
  api: Api,
  options: ProvisionerOptions,
  claim: Claim,
  by: StorageClass,
): Promise<void> {
  const { metadata, spec } = claim
  const name = `pvc-${metadata.uid}`
  const path = join(by.folder, name)
  const annotations: Record<string, string> = { [provisionedBy]: by.provisioner }
  await mkdir(path, { recursive: true })
  if (by.key !== undefined) {
    await run(options.fscrypt, ['encrypt', path, by.key])
    annotations[policyAnnotation] = (await run(options.fscrypt, ['policy', path])).trim()
  }
  // Users differ from pod to pod, and not every pod states an fsGroup.
  await chmod(path, 0o777)
  const onNode = { key: 'kubernetes.io/hostname', operator: 'In', values: [options.nodeName] }
  await api.call('POST', '/api/v1/persistentvolumes', {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name, annotations },
    spec: {
      capacity: spec.resources.requests,
      accessModes: spec.accessModes,
      volumeMode: 'Filesystem',
      persistentVolumeReclaimPolicy: 'Delete',
      storageClassName: spec.storageClassName ?? by.name,
      claimRef: {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        namespace: metadata.namespace,
        name: metadata.name,
        uid: metadata.uid,
      },
      local: { path },
      nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [onNode] }] } },
    },
  })
  console.log(`${metadata.namespace}/${metadata.name}: made ${name} on ${by.name}`)
}

/** A released volume that nobody wants kept: its folder goes first, then the object that would lead to it. */
async function reclaim(api: Api, options: ProvisionerOptions, volume: Volume): Promise<void> {
  const { metadata, spec, status } = volume
  const by = options.classes.find(({ provisioner }) => provisioner === metadata.annotations?.[provisionedBy])
  if (by === undefined || status?.phase !== 'Released' || spec.persistentVolumeReclaimPolicy !== 'Delete')
    return
  await rm(join(by.folder, metadata.name), { recursive: true, force: true })
  await api.call('DELETE', `/api/v1/persistentvolumes/${metadata.name}`)
  console.log(`${metadata.name}: removed`)
}

async function round(api: Api, options: ProvisionerOptions): Promise<void> {
  const claims = await api.call<{ items: Claim[] }>('GET', '/api/v1/persistentvolumeclaims')
  const volumes = await api.call<{ items: Volume[] }>('GET', '/api/v1/persistentvolumes')
  const made = new Set(volumes.items.map(({ metadata }) => metadata.name))
  for (const claim of claims.items) {
    const by = classToServe(claim, options.classes)
    if (by !== undefined && !made.has(`pvc-${claim.metadata.uid}`)) await provision(api, options, claim, by)
  }
  for (const volume of volumes.items) await reclaim(api, options, volume)
}

const options = JSON.parse(await readFile(process.argv[2] ?? '', 'utf8')) as ProvisionerOptions
const api = await connect(options.kubeconfig)
for (;;) {
  try {
    await round(api, options)
  } catch (error) {
    // Someone else was quicker, or the API server is busy: the next round sees the world as it is then.
    console.log(error instanceof ApiError ? error.message : String(error))
  }
  await sleep(300)
}
