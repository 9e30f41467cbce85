// What the demo needs of a cluster that somebody else made, looked at before anything is built, pushed or applied there.

import { gradeOf } from '../../operator/evidence/at-rest.ts'
import type { StorageClass } from '../../operator/objects.ts'
import type { Kubectl } from './kubectl.ts'
import { installedBy } from './scene.ts'

const oldestServer = 30

export type Cluster = {
  /** As its API server says it: v1.36.3, v1.30.4-eks-… */
  version: string
  /** Of its nodes, each once: amd64, arm64. */
  architectures: readonly string[]
  storageClasses: readonly StorageClass[]
  /** Whether the kubeconfig's user may do everything. */
  administrator: boolean
  /** Whether the product is there already, and by whom. */
  installed: 'not' | 'by the demo' | 'by others'
}

/** What keeps the demo from playing there, a line each that says what to do. */
export function missing(cluster: Cluster, storageClass: string, architecture: string): string[] {
  const [, major, minor] = /^v(\d+)\.(\d+)/.exec(cluster.version) ?? []
  const foreign = cluster.architectures.filter((each) => each !== architecture)
  const names = cluster.storageClasses.map(({ metadata }) => metadata.name)
  return [
    Number(major) > 1 || Number(minor) >= oldestServer
      ? ''
      : `The cluster is Kubernetes ${cluster.version}: take one of 1.${oldestServer} or later`,
    cluster.administrator
      ? ''
      : 'The current context’s user may not do everything on the cluster: take a context of a cluster administrator',
    foreign.length === 0
      ? ''
      : `The image is made for ${architecture}, and the cluster has nodes of ${foreign.join(' and ')}: take a cluster of ${architecture} nodes, or run this on a machine of the nodes’ architecture`,
    names.includes(storageClass)
      ? ''
      : `The cluster has no StorageClass ${storageClass}: name an encrypted one of ${names.length === 0 ? 'your making, for it has none' : names.join(', ')} in STORAGE_CLASS`,
    cluster.installed === 'by others'
      ? 'The cluster has hipaa-mcp already (namespace hipaa-mcp-system), and the demo would replace it: take another cluster'
      : '',
  ].filter((line) => line !== '')
}

/** Why status will not call a volume of this class encrypted; undefined when it will, or there is no such class. */
export function unproven({ storageClasses }: Cluster, name: string): string | undefined {
  const storageClass = storageClasses.find(({ metadata }) => metadata.name === name)
  if (storageClass === undefined) return undefined
  const { grade, reason } = gradeOf({ storageClass })
  return grade === 'Unknown'
    ? `StorageClass ${name} (${storageClass.provisioner}) shows no encryption: ${reason}. The demo goes on, and what it claims of volumes will not be seen`
    : undefined
}

type Node = { status: { nodeInfo: { architecture: string } } }

/** Looks at the cluster. Rejects with one line when it does not answer, or when there is no current context. */
export async function look(kubectl: Kubectl): Promise<Cluster> {
  const asked = await kubectl.attempt(['version', '-o', 'json', '--request-timeout=15s'])
  const { serverVersion } = (asked.stdout === '' ? {} : JSON.parse(asked.stdout)) as {
    serverVersion?: { gitVersion: string }
  }
  if (serverVersion === undefined)
    throw new Error(
      `The cluster of the current context does not answer: try kubectl cluster-info, and mend KUBECONFIG or the context. kubectl says: ${asked.stderr.split('\n').at(-1) ?? ''}`,
    )
  const can = await kubectl.attempt(['auth', 'can-i', '*', '*', '--all-namespaces'])
  // Who is no administrator may not list nodes and classes either; that line alone is enough then.
  if (can.stdout.trim() !== 'yes')
    return {
      version: serverVersion.gitVersion,
      architectures: [],
      storageClasses: [],
      administrator: false,
      installed: 'not',
    }
  const nodes = await kubectl.get<{ items: Node[] }>('nodes')
  const classes = await kubectl.get<{ items: StorageClass[] }>('storageclasses')
  return {
    version: serverVersion.gitVersion,
    architectures: [...new Set(nodes?.items.map(({ status }) => status.nodeInfo.architecture))].toSorted(),
    storageClasses: classes?.items ?? [],
    administrator: true,
    installed: await installedBy({ kubectl }),
  }
}
