// Where the demo plays: a node of its own, or the cluster that the current kubeconfig names.

import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { productImage } from '../../config/image/product.ts'
import { type Log, toStderr } from '../../config/image/progress.ts'
import { parseReference, push } from '../../config/image/push.ts'
import { defaultName, down, running, up } from '../cluster/cluster.ts'
import { components } from '../cluster/components.ts'
import { postgresImage, prometheusImage, samplesImage, testImages } from '../cluster/images.ts'
import { findKubectl, type Kubectl, kubectl } from './kubectl.ts'

export type World = {
  kubectl: Kubectl
  images: { samples: string; postgres: string; prometheus: string }
  /** Class of the demo's own volumes; must be encrypted for status to say so. */
  storageClass: string
  /** Set where another class than config/default's holds the trail. */
  replaceStorageClass: boolean
  /** Whether cert-manager serves its kinds here. */
  certManager: boolean
  /** Where it plays, for a person. */
  says: string
  /** Whether this call started the cluster. */
  started: boolean
}

const checkout = join(import.meta.dirname, '..', '..')
const ownClass = 'encrypted'

/**
 * By the environment: CLUSTER=current takes the current kubeconfig and needs PUSH=registry/name and STORAGE_CLASS=name;
 * otherwise this checkout's node is started, or kept when it runs.
 */
export async function world(env: NodeJS.ProcessEnv = process.env, log: Log = toStderr): Promise<World> {
  return env['CLUSTER'] === 'current' ? await given(env, log) : await own(env, log)
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
    images: { samples: samplesImage, postgres: postgresImage, prometheus: prometheusImage },
    storageClass: ownClass,
    replaceStorageClass: false,
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
  const client = kubectl(await findKubectl(log))
  const context = (await client.run(['config', 'current-context'])).trim()
  await make('config/image/build.ts', '--push', to)
  return {
    kubectl: client,
    images: await pushSamples(to, log),
    storageClass,
    replaceStorageClass: storageClass !== ownClass,
    certManager: (await client.get('crd', 'certificaterequests.cert-manager.io')) !== undefined,
    says: `the cluster of the current context (${context})`,
    started: false,
  }
}

/** The samples stand beside the product's image, under its name with a suffix. */
async function pushSamples(to: string, log: Log): Promise<World['images']> {
  const suffixes: Record<string, keyof World['images']> = {
    [samplesImage]: 'samples',
    [postgresImage]: 'postgres',
    [prometheusImage]: 'prometheus',
  }
  const pushed: Partial<World['images']> = {}
  for (const made of await testImages(log)) {
    if (made.name === productImage) continue
    const suffix = suffixes[made.name]
    if (suffix === undefined) continue
    const reference = parseReference(`${to.replace(/:[\w.-]+$/, '')}-${suffix}`)
    pushed[suffix] = `${reference.name}@${await push(made, reference, log)}`
  }
  return pushed as World['images']
}

async function make(...args: string[]): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: checkout, stdio: ['ignore', 'ignore', 'inherit'] })
    child.once('error', reject)
    child.once('close', (code) =>
      code === 0 ? resolve() : reject(new Error(`node ${args.join(' ')} failed: see above`)),
    )
  })
}

/** kubectl against the cluster where the demo played; undefined when this checkout's node does not run. */
export async function kubectlOfWorld(
  env: NodeJS.ProcessEnv = process.env,
  log: Log = toStderr,
): Promise<Kubectl | undefined> {
  if (env['CLUSTER'] === 'current') return kubectl(await findKubectl(log))
  const found = await running(clusterName(env)).catch(() => undefined)
  return found === undefined ? undefined : kubectl((await components(log)).path('kubectl'), found.kubeconfig)
}

/** Ends the node that the demo started; a cluster of somebody else's is left as it is. */
export async function endWorld(env: NodeJS.ProcessEnv = process.env): Promise<void> {
  await down(clusterName(env))
}
