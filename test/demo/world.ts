// Where the demo plays: a node of its own, or the cluster that the current kubeconfig names.

import { arch } from 'node:process'
import { productImage } from '../../config/image/product.ts'
import { type Log, toStderr } from '../../config/image/progress.ts'
import { parseReference, push, type Reference } from '../../config/image/push.ts'
import { defaultName, down, running, up } from '../cluster/cluster.ts'
import { components } from '../cluster/components.ts'
import { postgresImage, prometheusImage, samplesImage, testImages } from '../cluster/images.ts'
import { findKubectl, type Kubectl, kubectl } from './kubectl.ts'
import { look, missing, unproven } from './preflight.ts'
import { checkNamespaces } from './scene.ts'

export type World = {
  kubectl: Kubectl
  images: { product: string; samples: string; postgres: string; prometheus: string }
  /** Class of the trail's volume and the demo's own; must be encrypted for status to say so. */
  storageClass: string
  /** Whether cert-manager serves its kinds here. */
  certManager: boolean
  /** Where it plays, for a person. */
  says: string
  /** Whether this call started the cluster. */
  started: boolean
}

const ownClass = 'encrypted'

/**
 * By the environment: CLUSTER=current takes the current kubeconfig and needs PUSH=registry/name and STORAGE_CLASS=name;
 * otherwise this checkout's node is started, or kept when it runs.
 */
export async function world(env: NodeJS.ProcessEnv = process.env, log: Log = toStderr): Promise<World> {
  return isCurrent(env) ? await given(env, log) : await own(env, log)
}

/** Whether the current kubeconfig's cluster is meant. Rejects any other word: it would be taken for a node of our own. */
export function isCurrent({ CLUSTER: cluster }: NodeJS.ProcessEnv): boolean {
  if (!cluster || cluster === 'current') return cluster === 'current'
  throw new Error(
    `CLUSTER=${cluster} is not known: say CLUSTER=current, or leave it out for a node of our own`,
  )
}

const clusterName = (env: NodeJS.ProcessEnv): string => env['HIPAA_MCP_CLUSTER'] ?? defaultName

async function own(env: NodeJS.ProcessEnv, log: Log): Promise<World> {
  const name = clusterName(env)
  const started = !(await running(name).then(
    () => true,
    () => false,
  ))
  const { kubeconfig } = await up({ name, images: 'all', log })
  return {
    kubectl: kubectl((await components(log)).path('kubectl'), kubeconfig),
    images: {
      product: productImage,
      samples: samplesImage,
      postgres: postgresImage,
      prometheus: prometheusImage,
    },
    storageClass: ownClass,
    certManager: true,
    says: `a Kubernetes node of this checkout (${name})`,
    started,
  }
}

async function given(env: NodeJS.ProcessEnv, log: Log): Promise<World> {
  const { PUSH: to, STORAGE_CLASS: storageClass } = env
  if (!to) throw new Error('CLUSTER=current needs PUSH=registry/name: a registry that the cluster pulls from')
  if (!storageClass)
    throw new Error('CLUSTER=current needs STORAGE_CLASS=name: an encrypted class of the cluster')
  const target = parseReference(to)
  const client = kubectl(await findKubectl(log))
  const context = await currentContext(client)
  const cluster = await look(client)
  const lacks = missing(cluster, storageClass, arch === 'x64' ? 'amd64' : arch)
  if (lacks.length > 0) throw new Error(lacks.join('. '))
  const warning = unproven(cluster, storageClass)
  if (warning !== undefined) log(warning)
  await checkNamespaces({ kubectl: client })
  const certManager = await hasCertManager(client)
  if (!certManager)
    log('no cert-manager on the cluster: the server’s certificate comes from the operator’s own CA')
  return {
    kubectl: client,
    images: await pushAll(target, log),
    storageClass,
    certManager,
    says: `the cluster of the current context (${context})`,
    started: false,
  }
}

async function currentContext(client: Kubectl): Promise<string> {
  const { code, stdout } = await client.attempt(['config', 'current-context'])
  if (code !== 0)
    throw new Error(
      'CLUSTER=current needs a current context: export KUBECONFIG=FILE, or choose one by kubectl config use-context NAME',
    )
  return stdout.trim()
}

/** Its kinds, and the namespace where it looks for the key of a ClusterIssuer unless told otherwise. */
async function hasCertManager(client: Kubectl): Promise<boolean> {
  const kinds = await client.get('crd', 'certificaterequests.cert-manager.io')
  return kinds !== undefined && (await client.get('namespace', 'cert-manager')) !== undefined
}

/** The product under the name given, the samples beside it under that name with a suffix; each by its digest. */
async function pushAll(to: Reference, log: Log): Promise<World['images']> {
  const suffixes: Record<string, [keyof World['images'], suffix: string]> = {
    [productImage]: ['product', ''],
    [samplesImage]: ['samples', '-samples'],
    [postgresImage]: ['postgres', '-postgres'],
    [prometheusImage]: ['prometheus', '-prometheus'],
  }
  const pushed: Partial<World['images']> = {}
  for (const made of await testImages(log)) {
    const [key, suffix] = suffixes[made.name] ?? []
    if (key === undefined) continue
    const name = `${to.name}${suffix}`
    const digest = await push(made, { ...to, repository: `${to.repository}${suffix}`, name }, log)
    pushed[key] = `${name}@${digest}`
  }
  return pushed as World['images']
}

/** kubectl against the cluster where the demo played; undefined when this checkout's node does not run. */
export async function kubectlOfWorld(
  env: NodeJS.ProcessEnv = process.env,
  log: Log = toStderr,
): Promise<Kubectl | undefined> {
  if (isCurrent(env)) return kubectl(await findKubectl(log))
  const found = await running(clusterName(env)).catch(() => undefined)
  return found === undefined ? undefined : kubectl((await components(log)).path('kubectl'), found.kubeconfig)
}

/** Ends the node that the demo started; a cluster of somebody else's is left as it is. */
export async function endWorld(env: NodeJS.ProcessEnv = process.env): Promise<void> {
  await down(clusterName(env))
}
