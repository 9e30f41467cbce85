// The containers of a guarded pod that are not ours. Their code is hostile by assumption: what the packet filter tells
// apart is the user, so no tenant may be, or become, the sidecar's user, nor write packets that no filter sees.

import { uids } from '../../core/identifiers.ts'
import { type Container, containersOf, type Pod, type PodSpec, type SecurityContext } from './pod.ts'
import { volumeNames } from './sidecar-spec.ts'

const ownIds: ReadonlySet<unknown> = new Set(Object.values(uids))
const own = `${Object.values(uids).join(', ')} are hipaa-mcp's`

/**
 * Ways out of a pod that no packet filter and no NetworkPolicy sees, and which container runtimes grant by default: frames of
 * one's own making, and records in the log of the node's kernel (AUDIT_USER), which its collectors of logs carry on.
 */
const waysOut = ['AUDIT_WRITE', 'NET_RAW'] as const

/**
 * With SETUID or SETGID a process becomes the sidecar's user; runtimes grant these by default too. Root without them stays
 * root and is filtered like any other user, so root is allowed where it is written down.
 */
const dropped = [...waysOut, 'SETGID', 'SETUID'] as const

/** Seconds that the app outlives the order to stop, while the sidecar finishes the calls in flight. */
const drainSeconds = 15

/** The container as it is let in. `pod`: what its author wrote for all of them. Doing it twice is doing it once. */
export function hardened(
  container: Container,
  longRunning: boolean,
  pod: SecurityContext | undefined,
): Container {
  const { securityContext = {}, lifecycle } = container
  const { seccompProfile } = securityContext
  return {
    ...container,
    securityContext: {
      ...securityContext,
      allowPrivilegeEscalation: false,
      capabilities: without(dropped, securityContext),
      // Left open, most kubelets confine nothing. Two pods of one user on one node then share its keyring, and newer runtimes'
      // profiles shut sockets of the machine (AF_VSOCK) too: both lead past the packet filter.
      ...((seccompProfile ?? pod?.['seccompProfile'] ?? undefined) === undefined
        ? { seccompProfile: { type: 'RuntimeDefault' } }
        : {}),
    },
    // The app gets SIGTERM before a native sidecar does. A hook of its own stays as it is.
    ...(longRunning && lifecycle?.preStop === undefined
      ? { lifecycle: { ...lifecycle, preStop: { sleep: { seconds: drainSeconds } } } }
      : {}),
  }
}

/**
 * Containers of a store or a bystander. On a bridge that compares no sender raw sockets are enough to speak with a guarded
 * pod's address, which a store's NetworkPolicy lets in.
 */
export function withoutWaysOut(container: Container): Container {
  const { securityContext = {} } = container
  return {
    ...container,
    securityContext: { ...securityContext, capabilities: without(waysOut, securityContext) },
  }
}

type Capabilities = NonNullable<SecurityContext['capabilities']>

function without(names: readonly string[], { capabilities = {} }: SecurityContext): Capabilities {
  const seen = capabilities.drop ?? []
  const missing = seen.includes('ALL') ? [] : names.filter((name) => !seen.includes(name))
  return missing.length === 0 ? capabilities : { ...capabilities, drop: [...seen, ...missing] }
}

/** What a guarded pod's author must change: the field, what is wrong, what to write. `names`: our containers. */
export function tenantViolations(pod: Pod, names: ReadonlySet<string>): string[] {
  const { spec } = pod
  const tenants = containersOf(spec).filter(({ container }) => !names.has(container.name))
  return [
    ...podViolations(spec),
    ...tenants.flatMap(({ container, path }) => containerViolations(container, path, spec)),
  ]
}

function podViolations(spec: PodSpec): string[] {
  const { securityContext: context = {} } = spec
  const groups = [context.fsGroup, ...(context.supplementalGroups ?? [])].filter((group) => ownIds.has(group))
  return [
    ...(groups.length > 0
      ? [`spec.securityContext: group ${groups.join(', ')} is hipaa-mcp's: choose another`]
      : []),
    // 2: the kernel answers everybody by cookies, and the packet filter lets none out: nobody would reach the sidecar.
    ...(context.sysctls ?? [])
      .filter(({ name, value }) => name === 'net.ipv4.tcp_syncookies' && value !== '1')
      .map(({ name }) => `spec.securityContext.sysctls[${name}]: write 1, or leave it out`),
    // The sidecar reads the same /etc/hosts: an alias would send an agreement's name elsewhere.
    ...((spec.hostAliases ?? []).length > 0
      ? [
          'spec.hostAliases: names are resolved by the sidecar: declare them in network.egress of the HipaaMcpServer',
        ]
      : []),
    ...((spec.ephemeralContainers ?? []).length > 0
      ? ['spec.ephemeralContainers: a guarded pod takes none: debug a copy without patient data']
      : []),
    ...(spec.volumes ?? [])
      .filter(({ name }) => name.startsWith('hipaa-mcp') && !isOwnVolume(name))
      .map(
        ({ name }) => `spec.volumes[${name}].name: names that begin with hipaa-mcp are ours: choose another`,
      ),
  ]
}

/** What the author of one container must change. */
export function containerViolations(container: Container, path: string, spec: PodSpec): string[] {
  const { securityContext: context = {} } = container
  const user = context.runAsUser ?? spec.securityContext?.runAsUser
  const group = context.runAsGroup ?? spec.securityContext?.runAsGroup
  const added = (context.capabilities?.add ?? []).filter((name) =>
    (dropped as readonly string[]).includes(name),
  )
  const mounted = [...(container.volumeMounts ?? []), ...(container.volumeDevices ?? [])].filter(({ name }) =>
    isOwnVolume(name),
  )
  const hooks = (['preStop', 'postStart'] as const).filter(
    (hook) =>
      container.lifecycle?.[hook]?.httpGet !== undefined ||
      container.lifecycle?.[hook]?.tcpSocket !== undefined,
  )
  return [
    ...(user === undefined
      ? [
          `${path}.securityContext.runAsUser: is open, and the image could name any user: write the user's number (any but ${Object.values(uids).join(', ')})`,
        ]
      : []),
    ...(ownIds.has(user) ? [`${path}.securityContext.runAsUser: ${own}: choose another`] : []),
    ...(ownIds.has(group) ? [`${path}.securityContext.runAsGroup: ${own}: choose another`] : []),
    ...(context.allowPrivilegeEscalation === true
      ? [`${path}.securityContext.allowPrivilegeEscalation: write false`]
      : []),
    ...added.map((name) => `${path}.securityContext.capabilities.add: ${name} is not allowed: leave it out`),
    ...mounted.map(({ name }) => `${path}.volumeMounts[${name}]: is the sidecar's alone: leave it out`),
    ...hooks.map(
      (hook) =>
        `${path}.lifecycle.${hook}: the packet filter stops what the kubelet sends to the app: write it as exec`,
    ),
  ]
}

function isOwnVolume(name: string): boolean {
  return Object.values(volumeNames).some((own) => own === name)
}
