// What no pod of an enrolled namespace may ask for, guarded or not: a pod that owns the node owns every sidecar on it.
// The rules are those of the Pod Security Standard "baseline", with their words.

import { guardedLabel, ownNames, storeLabel, tokenAudience } from '../../core/identifiers.ts'
import { containersOf, type Pod, type SecurityContext } from './pod.ts'
import { trailClaimSuffix, volumeNames } from './sidecar-spec.ts'

/** Of the container runtime's default set, without ways out (tenant.ts). An allow-list: runtimes also take lower case and a prefix `CAP_`. */
const capabilities: ReadonlySet<string> = new Set([
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'MKNOD',
  'NET_BIND_SERVICE',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYS_CHROOT',
])

/**
 * Kinds of volumes that bring no way out with them. Of the others (nfs, iscsi, cephfs, …) the kubelet mounts whatever
 * server the pod names, from the node's network: past the packet filter, every NetworkPolicy and every agreement.
 */
const volumeKinds: ReadonlySet<string> = new Set([
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'image',
  'persistentVolumeClaim',
  'projected',
  'secret',
])

/** Inline CSI volumes are written by the pod's author, server and share included: only drivers that bring secrets. */
const inlineDrivers: ReadonlySet<unknown> = new Set([
  'secrets-store.csi.k8s.io',
  'csi.cert-manager.io',
  'csi.spiffe.io',
])

/** Types of SELinux that the profile allows; every other one may be a way out of the container (spc_t). */
const selinuxTypes: ReadonlySet<unknown> = new Set([
  undefined,
  '',
  'container_t',
  'container_init_t',
  'container_kvm_t',
  'container_engine_t',
])

const sysctls: ReadonlySet<string> = new Set([
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.ip_local_reserved_ports',
  'net.ipv4.ip_unprivileged_port_start',
  'net.ipv4.ping_group_range',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_syncookies',
])

/**
 * By which network plugins give a pod another network, address or sender than every pod has. NetworkPolicies and canaries
 * know the pod's own network alone, and a store's policy goes by addresses. What plugins write of themselves afterwards
 * (`network-status`, `podIP`) is not here: the pod would no longer conform.
 */
export const networkAnnotations: ReadonlySet<string> = new Set([
  // Multus, and GKE's and OVN's own ways to more networks.
  'k8s.v1.cni.cncf.io/networks',
  'v1.multus-cni.io/default-network',
  'networking.gke.io/interfaces',
  'networking.gke.io/default-interface',
  'k8s.ovn.org/open-default-ports',
  'k8s.ovn.org/routing-namespaces',
  'k8s.ovn.org/routing-network',
  // Calico.
  'cni.projectcalico.org/allowedSourcePrefixes',
  'cni.projectcalico.org/floatingIPs',
  'cni.projectcalico.org/ipAddrs',
  'cni.projectcalico.org/ipAddrsNoIpam',
  'cni.projectcalico.org/ipv4pools',
  'cni.projectcalico.org/ipv6pools',
  'cni.projectcalico.org/hwAddr',
  // Cilium: another pool of addresses, and packets of which the node keeps no connection.
  'ipam.cilium.io/ip-pool',
  'ipam.cilium.io/ipv4-pool',
  'ipam.cilium.io/ipv6-pool',
  'policy.cilium.io/no-track-port',
  'io.cilium.no-track-port',
])

/** The address that OVN-Kubernetes gives a pod. It writes it there itself, once the pod is made: no new pod brings it along. */
export const writtenAddress = 'k8s.ovn.org/pod-networks'

const foreignNetwork = (name: string): string =>
  `metadata.annotations[${name}]: a pod of an enrolled namespace has one network, and the address that it is given: leave it out`

/** What no pod has when it is made, and a running one may. */
export const newPodViolations = ({ metadata }: Pod): string[] =>
  metadata.annotations?.[writtenAddress] === undefined ? [] : [foreignNetwork(writtenAddress)]

/** One line for each fault: the field, what is wrong, what to write. Our own containers are judged elsewhere. */
export function baselineViolations(pod: Pod, own: ReadonlySet<string>): string[] {
  const { spec } = pod
  const shared = (['hostNetwork', 'hostPID', 'hostIPC', 'shareProcessNamespace'] as const)
    .filter((member) => spec[member] === true)
    .map(
      (member) => `spec.${member}: a pod of an enrolled namespace shares nothing with its node: leave it out`,
    )
  const tenants = containersOf(spec).filter(({ container }) => !own.has(container.name))
  return [
    ...shared,
    ...(spec.os?.name === 'windows' ? ['spec.os.name: Windows pods cannot be guarded: use linux'] : []),
    ...contextViolations(spec.securityContext, 'spec.securityContext'),
    ...(spec.securityContext?.sysctls ?? [])
      .filter(({ name }) => !sysctls.has(name))
      .map(({ name }) => `spec.securityContext.sysctls[${name}]: is not a safe one: leave it out`),
    ...tenants.flatMap(({ container, path }) => [
      // What people look for by name is what admission put there, nowhere a look-alike.
      ...(ownNames.has(container.name)
        ? [`${path}.name: is kept for what admission puts into guarded pods: choose another name`]
        : []),
      ...contextViolations(container.securityContext, `${path}.securityContext`),
      ...(container.ports ?? [])
        .filter(({ hostPort }) => hostPort !== undefined && hostPort !== 0)
        .map(
          ({ containerPort }) =>
            `${path}.ports[${containerPort}].hostPort: use a Service instead of a port of the node`,
        ),
    ]),
    ...volumeViolations(pod, own),
    ...annotationViolations(pod),
  ]
}

function contextViolations(context: SecurityContext | undefined, path: string): string[] {
  if (context === undefined) return []
  const profile = (member: 'seccompProfile' | 'appArmorProfile') =>
    context[member]?.type === 'Unconfined'
      ? [`${path}.${member}.type: Unconfined is not allowed: write RuntimeDefault`]
      : []
  return [
    ...(context.privileged === true ? [`${path}.privileged: write false`] : []),
    ...(context.procMount !== undefined && context.procMount !== 'Default'
      ? [`${path}.procMount: write Default`]
      : []),
    ...(context.windowsOptions?.hostProcess === true
      ? [`${path}.windowsOptions.hostProcess: leave it out`]
      : []),
    ...(context.capabilities?.add ?? [])
      .filter((name) => !capabilities.has(name))
      .map((name) => `${path}.capabilities.add: ${name} is not allowed: leave it out`),
    ...(selinuxTypes.has(context.seLinuxOptions?.type)
      ? []
      : [`${path}.seLinuxOptions.type: write container_t, or leave it out`]),
    ...(['user', 'role'] as const)
      .filter((member) => (context.seLinuxOptions?.[member] ?? '') !== '')
      .map((member) => `${path}.seLinuxOptions.${member}: leave it out`),
    ...profile('seccompProfile'),
    ...profile('appArmorProfile'),
  ]
}

function volumeViolations({ metadata, spec }: Pod, own: ReadonlySet<string>): string[] {
  return (spec.volumes ?? []).flatMap((volume) => {
    const path = `spec.volumes[${volume.name}]`
    const tokens = (volume.projected?.sources ?? []).some(
      ({ serviceAccountToken }) => serviceAccountToken?.audience === tokenAudience,
    )
    const driver = volume.csi?.driver
    return [
      ...Object.keys(volume)
        .filter((kind) => kind !== 'name' && volume[kind] !== null && !volumeKinds.has(kind))
        .map((kind) => `${path}.${kind}: use another kind of volume, such as persistentVolumeClaim`),
      ...(volume.csi === undefined || inlineDrivers.has(driver)
        ? []
        : [`${path}.csi.driver: use a persistentVolumeClaim of a StorageClass instead`]),
      // A token of this audience is what a sidecar shows to get its certificate.
      ...(tokens && volume.name !== volumeNames.token
        ? [`${path}.projected: the audience ${tokenAudience} is the sidecar's: choose another`]
        : []),
      ...(volume.persistentVolumeClaim?.claimName.endsWith(trailClaimSuffix) === true
        ? [`${path}.persistentVolumeClaim: holds a sidecar's trail: mount another claim`]
        : []),
      // Whoever may change claims could hand the trail of `a` over to a pod `a-hipaa-mcp` with a volume `trail`.
      ...((volume.ephemeral ?? undefined) !== undefined &&
      !(own.size > 0 && volume.name === volumeNames.trail) &&
      `${metadata.name ?? ''}-${volume.name}`.endsWith(trailClaimSuffix)
        ? [`${path}.ephemeral: its claim has the name of a sidecar's trail: give the volume another name`]
        : []),
    ]
  })
}

/**
 * A bystander holds nothing that lasts: the claim may be a store's or a server's, now or before, and a copy of one is no
 * better. What keeps data is declared, and graded (45 CFR 164.312(a)(2)(iv)).
 */
export function bystanderViolations({ spec }: Pod): string[] {
  const advice =
    'a pod that is no server and no store mounts no claim: declare it in spec.stores of a HipaaMcpServer'
  return (spec.volumes ?? []).flatMap((volume) => {
    const template = volume.ephemeral?.volumeClaimTemplate?.spec
    const path = `spec.volumes[${volume.name}]`
    return [
      ...(volume.persistentVolumeClaim === undefined ? [] : [`${path}.persistentVolumeClaim: ${advice}`]),
      ...(template?.['dataSource'] === undefined &&
      template?.['dataSourceRef'] === undefined &&
      (template?.['volumeName'] ?? '') === ''
        ? []
        : [`${path}.ephemeral: begins with the data of another volume: ${advice}`]),
    ]
  })
}

function annotationViolations({ metadata }: Pod): string[] {
  return Object.entries(metadata.annotations ?? {}).flatMap(([name, value]) => [
    ...(name.startsWith('container.apparmor.security.beta.kubernetes.io/') && value === 'unconfined'
      ? [`metadata.annotations[${name}]: unconfined is not allowed: leave it out`]
      : []),
    ...(networkAnnotations.has(name) ? [foreignNetwork(name)] : []),
    ...(name === 'kubernetes.io/config.mirror'
      ? [
          'metadata.annotations[kubernetes.io/config.mirror]: a static pod cannot be guarded: use a Deployment',
        ]
      : []),
  ])
}

/** Labels that are ours to set. */
export function foreignLabels(pod: Pod, wanted: { [label: string]: string }): string[] {
  return [guardedLabel, storeLabel]
    .filter((label) => {
      const seen = pod.metadata.labels?.[label]
      return seen !== undefined && seen !== wanted[label]
    })
    .map((label) => `metadata.labels[${label}]: is set by admission alone: leave it out`)
}
