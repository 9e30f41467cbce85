// The pod as far as admission reads or writes it. Objects stay raw JSON: what is not named here passes untouched.

import type { ObjectMeta } from '../../core/kubernetes.ts'
import type { HipaaMcpServer } from '../../crds/hipaamcpserver.generated.ts'

type Raw = { [member: string]: unknown }

type Port = { containerPort: number; hostPort?: number; name?: string; protocol?: string }
export type Handler = {
  httpGet?: Raw & { port: number | string; path?: string; host?: string; scheme?: string }
  tcpSocket?: Raw & { port: number | string; host?: string }
  grpc?: Raw & { port: number }
  exec?: Raw & { command?: string[] }
  sleep?: { seconds: number }
}
export type Probe = Raw & Handler
type Env = Raw & { name: string; value?: string }

export type SecurityContext = Raw & {
  runAsUser?: number
  runAsGroup?: number
  runAsNonRoot?: boolean
  privileged?: boolean
  allowPrivilegeEscalation?: boolean
  procMount?: string
  capabilities?: { add?: string[]; drop?: string[] }
  seccompProfile?: { type?: string }
  appArmorProfile?: { type?: string }
  windowsOptions?: { hostProcess?: boolean }
  seLinuxOptions?: { type?: string; user?: string; role?: string }
}

export type Container = Raw & {
  name: string
  image?: string
  command?: string[]
  args?: readonly string[]
  restartPolicy?: string
  env?: Env[]
  ports?: Port[]
  volumeMounts?: (Raw & { name: string; mountPath: string })[]
  volumeDevices?: (Raw & { name: string })[]
  securityContext?: SecurityContext
  livenessProbe?: Probe
  readinessProbe?: Probe
  startupProbe?: Probe
  lifecycle?: Raw & { preStop?: Handler; postStart?: Handler }
}

export type Volume = Raw & {
  name: string
  csi?: Raw & { driver?: string }
  ephemeral?: { volumeClaimTemplate?: Raw & { spec?: Raw } }
  persistentVolumeClaim?: Raw & { claimName: string }
  projected?: Raw & { sources?: (Raw & { serviceAccountToken?: Raw & { audience?: string } })[] }
}

export type PodSecurityContext = SecurityContext & {
  fsGroup?: number
  supplementalGroups?: number[]
  sysctls?: { name: string; value: string }[]
}

export type PodSpec = Raw & {
  containers: Container[]
  initContainers?: Container[]
  ephemeralContainers?: Container[]
  volumes?: Volume[]
  securityContext?: PodSecurityContext
  hostNetwork?: boolean
  hostPID?: boolean
  hostIPC?: boolean
  shareProcessNamespace?: boolean
  hostAliases?: unknown[]
  os?: { name?: string }
  serviceAccountName?: string
  automountServiceAccountToken?: boolean
  terminationGracePeriodSeconds?: number
  dnsPolicy?: string
  dnsConfig?: Raw & {
    nameservers?: string[]
    searches?: string[]
    options?: { name: string; value?: string }[]
  }
}

export type Pod = Raw & {
  metadata: Partial<ObjectMeta> & { generateName?: string }
  spec: PodSpec
  status?: Raw & {
    podIP?: string
    podIPs?: { ip: string }[]
    ephemeralContainerStatuses?: {
      state?: { running?: { startedAt?: string }; terminated?: { startedAt?: string } }
    }[]
  }
}

/** Every container of the pod with the path by which a person finds it. */
export function containersOf(spec: PodSpec): { container: Container; path: string }[] {
  return (['initContainers', 'containers', 'ephemeralContainers'] as const).flatMap((list) =>
    (spec[list] ?? []).map((container) => ({ container, path: `spec.${list}[${container.name}]` })),
  )
}

/** The container that is the server: the one that is named, or the only one. Of several no other is ever taken for it. */
export function serverContainer(
  { containers }: PodSpec,
  { spec: { workload } }: HipaaMcpServer,
): Container | undefined {
  return workload.container === undefined && containers.length === 1
    ? containers[0]
    : containers.find(({ name }) => name === workload.container)
}

/** What the author must change where no container is known as the server, and one must be. */
export function serverUnknown({ containers }: PodSpec, { metadata }: HipaaMcpServer): string {
  const several = containers.length > 1 ? 'the pod has several and ' : ''
  const names = containers.map(({ name }) => name).join(', ')
  return `spec.containers: ${several}workload.container of HipaaMcpServer ${metadata.name} names none of them: write there which one is the server (${names})`
}
