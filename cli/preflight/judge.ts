// What admission would say of a workload's pods. Pure.

import { serverAnnotation } from '../../core/identifiers.ts'
import type { PodSecurity } from '../../core/pod-security.ts'
import type { HipaaMcpServer } from '../../crds/hipaamcpserver.generated.ts'
import { askedOf, putRight } from '../../operator/admission/asked.ts'
import { changeOfUserHints } from '../../operator/admission/change-of-user.ts'
import { judgeNew } from '../../operator/admission/judge.ts'
import { unreachedPorts } from '../../operator/admission/loopback.ts'
import type { Pod, PodSpec } from '../../operator/admission/pod.ts'
import { endpoints, type Surroundings } from '../../operator/admission/surroundings.ts'

type Template = { metadata?: Pod['metadata']; spec: PodSpec }

/** A workload as it stands in a file or the cluster, as far as its pods come from it. */
export type Workload = {
  kind: string
  metadata: { name: string; namespace?: string; annotations?: { [name: string]: string } } & Pod['metadata']
  spec: PodSpec & { template?: Template; jobTemplate?: { spec: { template: Template } } }
}

export type Finding = {
  workload: string
  /** What its pods would be; `refused` where not even that is clear. */
  role: 'guarded' | 'store' | 'bystander' | 'refused'
  /** The server that guards it. `assumed`: there is none yet. */
  server?: string
  assumed?: true
  /** What to change: the field, what is wrong, what to write. None: its pods start. */
  violations: string[]
  /** What hinders no pod and may not be meant so, with what to write. */
  hints: string[]
}

/** Kinds whose pods are judged. A ReplicaSet's are its Deployment's. */
export const kinds: { readonly [kind: string]: string } = {
  deployment: 'apis/apps/v1/namespaces/NS/deployments',
  statefulset: 'apis/apps/v1/namespaces/NS/statefulsets',
  daemonset: 'apis/apps/v1/namespaces/NS/daemonsets',
  job: 'apis/batch/v1/namespaces/NS/jobs',
  cronjob: 'apis/batch/v1/namespaces/NS/cronjobs',
  pod: 'api/v1/namespaces/NS/pods',
}

/** What a pod meets that is no matter of whether it may start: admission judges form, and these have none that is wrong. */
const surroundings: Surroundings = {
  image: 'hipaa-mcp',
  images: ['hipaa-mcp'],
  ca: '',
  ...endpoints,
  dns: '192.0.2.53',
  domain: 'cluster.local',
}

/** `assume`: judge it as guarded even where no server claims it. `podSecurity`: of its namespace, where that is known. */
export function judgeWorkload(
  workload: Workload,
  servers: readonly HipaaMcpServer[],
  assume: boolean,
  podSecurity: PodSecurity = 'privileged',
): Finding {
  const name = `${workload.kind.toLowerCase()}/${workload.metadata.name}`
  const pod = podOf(workload)
  const here = { ...surroundings, podSecurity }
  const judged = judgeNew(pod, servers, here)
  const violations = [
    ...annotatedInVain(workload),
    ...('violations' in judged ? judged.violations : []),
    ...(judged.role === 'refused' ? besides(pod, servers, here) : []),
  ]
  const server = pod.metadata.annotations?.[serverAnnotation] ?? claimantOf(pod, servers)
  if (judged.role !== 'bystander' || !assume)
    return {
      workload: name,
      role: judged.role,
      ...(judged.role === 'guarded' && server !== undefined ? { server } : {}),
      violations,
      hints:
        judged.role === 'guarded'
          ? hintsOf(
              pod,
              servers.find(({ metadata }) => metadata.name === server),
            )
          : [],
    }
  const standIn = aServerFor(pod, 'preflight')
  const named: Pod = {
    ...pod,
    metadata: {
      ...pod.metadata,
      annotations: { ...pod.metadata.annotations, [serverAnnotation]: standIn.metadata.name },
    },
  }
  const guarded = judgeNew(named, [...servers, standIn], here)
  return {
    workload: name,
    role: guarded.role,
    assumed: true,
    violations: 'violations' in guarded ? guarded.violations : [],
    hints: hintsOf(pod, standIn),
  }
}

const hintsOf = (pod: Pod, server: HipaaMcpServer | undefined): string[] => [
  ...(server === undefined ? [] : unreachedPorts(pod.spec, server)),
  ...changeOfUserHints(pod.spec),
  // The warnings of admission come to who makes a pod: nobody reads those of a controller.
  ...putRight(askedOf(pod)),
]

/** What would be refused as well once there is a server of the name that the pod bears: said at once, or it comes when that was mended. */
function besides(pod: Pod, servers: readonly HipaaMcpServer[], here: Surroundings): string[] {
  const name = pod.metadata.annotations?.[serverAnnotation]
  if (name === undefined || servers.some(({ metadata }) => metadata.name === name)) return []
  const judged = judgeNew(pod, [...servers, aServerFor(pod, name)], here)
  return 'violations' in judged ? judged.violations : []
}

/** The operator copies a workload's own annotation to its pod template, where that may change. */
export function annotatedInVain({ kind, metadata, spec }: Workload): string[] {
  const own = metadata.annotations?.[serverAnnotation]
  const template = spec.template?.metadata?.annotations?.[serverAnnotation]
  return kind.toLowerCase() !== 'job' || own === undefined || template === own
    ? []
    : [
        `metadata.annotations[${serverAnnotation}]: guards nothing, for a Job’s template does not change: write it under spec.template.metadata.annotations, and make the Job anew`,
      ]
}

function podOf({ metadata, spec }: Workload): Pod {
  const template = spec.jobTemplate?.spec.template ?? spec.template ?? { metadata, spec }
  const own = metadata.annotations?.[serverAnnotation]
  // The operator copies the workload's own annotation to its template.
  const annotations = {
    ...(own === undefined ? {} : { [serverAnnotation]: own }),
    ...template.metadata?.annotations,
  }
  return {
    metadata: { ...template.metadata, namespace: metadata.namespace ?? '', annotations },
    spec: template.spec,
  }
}

function claimantOf(pod: Pod, servers: readonly HipaaMcpServer[]): string | undefined {
  return servers.find(({ spec }) => {
    const wanted = Object.entries(spec.workload.selector?.matchLabels ?? {})
    return wanted.length > 0 && wanted.every(([name, value]) => pod.metadata.labels?.[name] === value)
  })?.metadata.name
}

/** As little as a server says, on the port that the pod opens first. */
function aServerFor({ metadata, spec }: Pod, name: string): HipaaMcpServer {
  const [first] = spec.containers.flatMap(({ name, ports = [] }) =>
    ports.map(({ containerPort }) => ({ container: name, port: containerPort })),
  )
  return {
    apiVersion: 'hipaa-mcp.dev/v1alpha1',
    kind: 'HipaaMcpServer',
    metadata: { name, namespace: metadata.namespace ?? '' },
    spec: {
      workload: { port: 8080, path: '/mcp', ...first },
      identity: { issuers: [] },
      roles: [],
      tools: [],
    },
  }
}
