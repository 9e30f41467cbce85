// Workloads of every kind that run in a namespace before it is enrolled, and a look at their pods twice a second.

import type { HipaaMcpServer } from '../../../crds/hipaamcpserver.generated.ts'
import type { Kubectl } from '../../demo/kubectl.ts'
import { rolledOut } from '../../demo/rollout.ts'
import type { Stage } from './stage.ts'
import { serverOf } from './stdio-ehr.ts'

export const wards = 'wards'
const annotation = { 'hipaa-mcp.dev/server': 'ehr' }
export const authorsStrategy = { type: 'RollingUpdate', rollingUpdate: { maxSurge: 3, maxUnavailable: 2 } }

/** Answers on the server's port and ends when asked to: all that replacing a pod needs of an app. */
const program = `require('node:http').createServer((_, answer) => answer.end('ok')).listen(8080)
process.on('SIGTERM', () => process.exit(0))`

const podSpec = (image: string) => ({
  automountServiceAccountToken: false,
  terminationGracePeriodSeconds: 5,
  securityContext: { runAsNonRoot: true, runAsUser: 1000, runAsGroup: 1000 },
  containers: [
    {
      name: 'app',
      image,
      command: ['/usr/bin/node'],
      args: ['-e', program],
      readinessProbe: { httpGet: { path: '/', port: 8080 }, periodSeconds: 1, timeoutSeconds: 5 },
    },
  ],
})
const template = (image: string, app: string, annotations: object = {}) => ({
  metadata: { labels: { app }, annotations },
  spec: podSpec(image),
})
const selector = (app: string) => ({ matchLabels: { app } })

/** `web`, `scan`: annotated themselves. `records`, `import`: their templates are, as in a repository of their author's. */
export const workloads = (image: string): object[] => [
  {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: wards, annotations: annotation },
    spec: {
      replicas: 3,
      selector: selector('web'),
      strategy: authorsStrategy,
      template: template(image, 'web'),
    },
  },
  {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: 'records', namespace: wards },
    spec: {
      replicas: 2,
      serviceName: 'records',
      selector: selector('records'),
      podManagementPolicy: 'Parallel',
      template: template(image, 'records', annotation),
    },
  },
  {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name: 'records', namespace: wards },
    spec: { maxUnavailable: 0, selector: selector('records') },
  },
  {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name: 'scan', namespace: wards, annotations: annotation },
    spec: { selector: selector('scan'), template: template(image, 'scan') },
  },
  {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: 'import', namespace: wards },
    spec: {
      template: {
        ...template(image, 'import', annotation),
        spec: { ...podSpec(image), restartPolicy: 'Never' },
      },
    },
  },
  {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name: 'nightly', namespace: wards, annotations: annotation },
    spec: {
      schedule: '0 3 1 1 *',
      jobTemplate: {
        spec: {
          template: { ...template(image, 'nightly'), spec: { ...podSpec(image), restartPolicy: 'Never' } },
        },
      },
    },
  },
  {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'bare', namespace: wards, labels: { app: 'bare' }, annotations: annotation },
    spec: podSpec(image),
  },
]

/** They run, nothing is enrolled, and their server is there. */
export async function buildWards(stage: Stage): Promise<void> {
  const { kubectl, images } = stage()
  const made = (await serverOf(stage, 'ehr', ['get_diagnosis'])) as HipaaMcpServer
  const server = {
    ...made,
    metadata: { name: 'ehr', namespace: wards },
    spec: { ...made.spec, workload: { port: 8080, path: '/mcp' } },
  }
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: wards } }
  await kubectl.apply(JSON.stringify(namespace))
  await kubectl.apply(
    [server, ...workloads(images.samples)].map((object) => JSON.stringify(object)).join('\n---\n'),
  )
  for (const name of ['deployment/web', 'statefulset/records', 'daemonset/scan'])
    await rolledOut(kubectl, wards, name, 180)
}

export type Sample = {
  at: number
  pods: {
    app: string
    uid: string
    name: string
    created: number
    guarded: boolean
    ready: boolean
    ending: boolean
  }[]
}
type Seen = {
  metadata: {
    name: string
    uid: string
    labels?: Record<string, string>
    creationTimestamp: string
    deletionTimestamp?: string
  }
  status?: { conditions?: { type: string; status: string }[] }
}

/** Looks at the pods until it is stopped. */
export function watchPods(
  kubectl: Kubectl,
  namespace = wards,
): { samples: Sample[]; stop: () => Promise<Sample[]> } {
  const samples: Sample[] = []
  const stopped = new AbortController()
  const ended = (async () => {
    while (!stopped.signal.aborted) {
      const at = Date.now()
      const found = await kubectl.get<{ items: Seen[] }>('pods', '-n', namespace).catch(() => undefined)
      if (found !== undefined) samples.push({ at, pods: found.items.map(podOf) })
      await new Promise((resolve) => setTimeout(resolve, 500))
    }
  })()
  return {
    samples,
    stop: async () => {
      stopped.abort()
      await ended
      return samples
    },
  }
}

function podOf({ metadata, status }: Seen): Sample['pods'][number] {
  return {
    app: metadata.labels?.['app'] ?? '',
    name: metadata.name,
    uid: metadata.uid,
    created: Date.parse(metadata.creationTimestamp),
    guarded: metadata.labels?.['hipaa-mcp.dev/guarded'] === 'ehr',
    ready:
      status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') === true,
    ending: metadata.deletionTimestamp !== undefined,
  }
}

export const ofApp = ({ pods }: Sample, app: string): Sample['pods'] => pods.filter((pod) => pod.app === app)

/** Pods of an app that were seen at any time, by UID, in the order of their creation. */
export function everyPod(samples: readonly Sample[], app: string): Sample['pods'] {
  const seen = new Map(samples.flatMap((sample) => ofApp(sample, app)).map((pod) => [pod.uid, pod]))
  return [...seen.values()].toSorted((a, b) => a.created - b.created)
}

type Told = { reason?: string; note?: string; regarding?: { kind?: string; name?: string } }

/** `Kind/name reason` of every Event of the namespace. */
export async function told(kubectl: Kubectl, namespace = wards): Promise<string[]> {
  const found = await kubectl.get<{ items: Told[] }>('events.events.k8s.io', '-n', namespace)
  return (found?.items ?? []).map(
    ({ reason, regarding }) => `${regarding?.kind}/${regarding?.name} ${reason}`,
  )
}
