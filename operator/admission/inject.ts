// A pod of a server becomes a guarded pod. Pure, and its own inverse check: what it would still change in a pod is what
// does not conform there (conform.ts), so the two can never disagree.

import { guardedLabel, containers as names, ownNames } from '../../core/identifiers.ts'
import type { HipaaMcpServer } from '../../crds/hipaamcpserver.generated.ts'
import { baselineViolations } from './baseline.ts'
import { differences, tolerant, withoutAdditions } from './differences.ts'
import { loopbackViolations } from './loopback.ts'
import { type Container, containersOf, type Pod, type PodSpec, serverContainer } from './pod.ts'
import { filterBy, podSecurityViolations } from './pod-security.ts'
import { knownProbes, type Probes, rewriteProbes } from './probes.ts'
import { type Injection, ownContainers, ownVolumes, volumeNames } from './sidecar-spec.ts'
import { stdioViolations, unwrapped, wrapped } from './stdio.ts'
import type { Surroundings } from './surroundings.ts'
import { hardened, tenantViolations } from './tenant.ts'
import { trusting, withoutTrust } from './trust.ts'

const ownVolumeNames: ReadonlySet<string> = new Set(Object.values(volumeNames))

/** Calls in flight, the trail's last records and the app's own stop must fit in. */
export const shortestGrace = 60
/**
 * A session in a pod that was deleted, and records that it still acknowledges, last as long as the pod may take to end. Calls in
 * flight need no more: autoscalers wait ten minutes for a pod as well. Whoever deploys could write what allowed more.
 */
export const longestGrace = 600
/** Where the sidecar answers for names. */
export const ownNameserver = '127.0.0.1'

/** The guarded pod, or everything that its author must change, each with its field. Injecting twice is injecting once. */
export function inject(
  pod: Pod,
  server: HipaaMcpServer,
  surroundings: Surroundings,
): { pod: Pod } | { violations: string[] } {
  const known = knownProbes(pod)
  // As its author wrote it: nothing of ours is in its containers.
  const bare: Pod = { ...pod, spec: unwrapped(pod.spec, server) }
  const { spec, probes, violations } = tenantsOf(bare.spec, known, server)
  const network = dns(pod.spec, server.metadata.namespace ?? '', surroundings)
  const injection = {
    server,
    searches: network.dnsConfig?.searches ?? [],
    surroundings,
    filterBy: filterBy(surroundings.podSecurity, pod),
  }
  const faults = [
    ...baselineViolations(bare, ownNames),
    ...tenantViolations({ ...bare, spec: withoutTrust(bare.spec, server) }, ownNames),
    ...stdioViolations(bare.spec, server),
    ...loopbackViolations(bare.spec, server),
    ...podSecurityViolations(server, surroundings.podSecurity),
    ...violations,
    // A name proves nothing: a container called like ours must be ours, member by member. A second call may find more
    // probes than the first one did, so what is there is compared with what it was told then.
    ...forgeries(pod, { ...injection, probes: known }),
  ]
  // What no pod of the namespace may have, no guarded one may: said once.
  if (faults.length > 0) return { violations: [...new Set(faults)] }
  const image = acceptedImage(pod, surroundings)
  const own = ownContainers({ ...injection, surroundings: { ...surroundings, image }, probes })
  const foreign = (spec.volumes ?? []).filter(({ name }) => !ownVolumeNames.has(name))
  return {
    pod: {
      ...pod,
      metadata: metadata(pod, server),
      spec: {
        ...wrapped(spec, server),
        ...network,
        initContainers: [...keepTolerated(own, pod), ...(spec.initContainers ?? [])],
        volumes: [...foreign, ...ownVolumes(server)],
        // False even where the app asked for its token: the volume is there by now, and with true the API server
        // would mount it into our containers too.
        automountServiceAccountToken: false,
        terminationGracePeriodSeconds: Math.min(
          Math.max(spec.terminationGracePeriodSeconds ?? 0, shortestGrace),
          longestGrace,
        ),
      },
    },
  }
}

/** The pod without what is ours, every tenant container as it is let in, and what the probes ask. */
function tenantsOf(
  spec: PodSpec,
  known: Probes,
  server: HipaaMcpServer,
): { spec: PodSpec; probes: Probes; violations: string[] } {
  const probes: Probes = {}
  const violations: string[] = []
  const treat = (list: 'initContainers' | 'containers'): Container[] =>
    (spec[list] ?? [])
      .filter(({ name }) => !ownNames.has(name))
      .map((container) => {
        const path = `spec.${list}[${container.name}]`
        const turned = rewriteProbes(withoutToken(container, spec), path, known)
        Object.assign(probes, turned.probes)
        violations.push(...turned.violations)
        const trusts = trusting(turned.container, server)
        return hardened(trusts, list === 'containers', spec.securityContext)
      })
  const tenants = {
    ...spec,
    initContainers: treat('initContainers'),
    containers: treat('containers'),
    volumes: (spec.volumes ?? []).filter(({ name }) => !isUnwantedToken(name, spec)),
  }
  return { spec: tenants, probes, violations }
}

/**
 * The API server has mounted the app's ServiceAccount token before we are asked, unless the pod said no. It stays only
 * where the pod itself said yes.
 */
function isUnwantedToken(volume: string, spec: PodSpec): boolean {
  return spec.automountServiceAccountToken === undefined && volume.startsWith('kube-api-access-')
}

function withoutToken(container: Container, spec: PodSpec): Container {
  const mounts = container.volumeMounts
  if (mounts === undefined || !mounts.some(({ name }) => isUnwantedToken(name, spec))) return container
  return { ...container, volumeMounts: mounts.filter(({ name }) => !isUnwantedToken(name, spec)) }
}

/** Containers and volumes that bear our names and are not ours. */
function forgeries(pod: Pod, injection: Injection): string[] {
  const { surroundings, server } = injection
  const image = acceptedImage(pod, surroundings)
  const advice = 'is not what admission puts there: leave it out, it is added by itself'
  const found = containersOf(pod.spec).filter(({ container }) => ownNames.has(container.name))
  const wanted =
    found.length === 0 ? [] : ownContainers({ ...injection, surroundings: { ...surroundings, image } })
  if (found.length > 0 && found.length !== wanted.length) return [`${found[0]?.path ?? 'spec'}: ${advice}`]
  const containers = found.flatMap(({ container, path }) => {
    const ours = wanted.find(({ name }) => name === container.name)
    return path.startsWith('spec.initContainers[')
      ? [...differences(restored(container, ours), ours, path), ...devicesOf(container, path)]
      : [path]
  })
  const volumes = (pod.spec.volumes ?? [])
    .filter(({ name }) => ownVolumeNames.has(name))
    .flatMap((volume) => {
      const ours = ownVolumes(server).find(({ name }) => name === volume.name)
      return differences(volume, ours, `spec.volumes[${volume.name}]`)
    })
  return [...containers, ...volumes].map((path) => `${path}: ${advice}`)
}

/**
 * As it was before webhooks of others: their additions gone, and `restartPolicy` there again, which those that were built on
 * an old library of Kubernetes drop from every init container. Only a sidecar that is ours else is told so apart from one
 * that is forged.
 */
function restored(container: Container, ours: Container | undefined): Container {
  const { restartPolicy } = ours ?? {}
  return {
    ...withoutAdditions(container),
    ...(container.restartPolicy === undefined && restartPolicy !== undefined ? { restartPolicy } : {}),
  }
}

/** Amounts may differ; a device or a claim brings mounts and variables of somebody else's into our container. */
function devicesOf({ resources }: Container, path: string): string[] {
  const { requests, limits, claims } = (resources ?? {}) as { [member: string]: object | undefined }
  const names = [...Object.keys(requests ?? {}), ...Object.keys(limits ?? {})]
  const plain = new Set(['cpu', 'memory', 'ephemeral-storage'])
  return [
    ...names.filter((name) => !plain.has(name)).map((name) => `${path}.resources[${name}]`),
    ...((claims as unknown[] | undefined) ?? []).map(() => `${path}.resources.claims`),
  ]
}

/** The image that our containers have, if it is one of those accepted; else the one that they should have. */
function acceptedImage(pod: Pod, { image, images }: Surroundings): string {
  const sidecar = pod.spec.initContainers?.find(({ name }) => name === names.sidecar)
  return images.find((accepted) => accepted === sidecar?.image) ?? image
}

function keepTolerated(own: Container[], pod: Pod): Container[] {
  return own.map((container) =>
    tolerant(
      container,
      pod.spec.initContainers?.find(({ name }) => name === container.name),
    ),
  )
}

/** The pod asks the sidecar for every name. Searches stay what they would have been. */
function dns(
  spec: PodSpec,
  namespace: string,
  { domain }: Surroundings,
): Pick<PodSpec, 'dnsPolicy' | 'dnsConfig'> {
  const { dnsPolicy = 'ClusterFirst', dnsConfig = {} } = spec
  const cluster = dnsPolicy === 'ClusterFirst' || dnsPolicy === 'ClusterFirstWithHostNet'
  const standard = cluster ? [`${namespace}.svc.${domain}`, `svc.${domain}`, domain] : []
  const searches = [...new Set([...standard, ...(dnsConfig.searches ?? [])])]
  const options = dnsConfig.options ?? []
  const ndots =
    cluster && !options.some(({ name }) => name === 'ndots') ? [{ name: 'ndots', value: '5' }] : []
  return {
    dnsPolicy: 'None',
    dnsConfig: { ...dnsConfig, nameservers: [ownNameserver], searches, options: [...options, ...ndots] },
  }
}

function metadata(pod: Pod, server: HipaaMcpServer): Pod['metadata'] {
  const first = (serverContainer(pod.spec, server) ?? pod.spec.containers[0])?.name ?? ''
  return {
    ...pod.metadata,
    labels: { ...pod.metadata.labels, [guardedLabel]: server.metadata.name },
    annotations: {
      // Otherwise `kubectl logs` shows the guard's.
      'kubectl.kubernetes.io/default-container': first,
      'kubectl.kubernetes.io/default-logs-container': first,
      ...pod.metadata.annotations,
    },
  }
}
