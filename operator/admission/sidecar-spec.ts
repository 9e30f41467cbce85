// The containers and volumes that admission puts into a guarded pod (docs/architecture.md, "A pod after injection").
// Every field that the API server would fill in is written out, so that a comparison needs few tolerances.

import { hasVolume } from '../../core/acknowledge.ts'
import { guardSteps, rulesVariable, rulesVersion } from '../../core/guard-command.ts'
import { containers, paths, ports, tokenAudience, uids, wrapperPaths } from '../../core/identifiers.ts'
import type { HipaaMcpServer } from '../../crds/hipaamcpserver.generated.ts'
import type { Container, Volume } from './pod.ts'
import type { FilterBy } from './pod-security.ts'
import type { Probes } from './probes.ts'
import type { Surroundings } from './surroundings.ts'

export type Injection = {
  server: HipaaMcpServer
  surroundings: Surroundings
  /** DNS search domains of the pod. */
  searches: readonly string[]
  probes: Probes
  filterBy: FilterBy
}

/** Names of our volumes. No other volume may be called so, and no tenant container may mount one. */
export const volumeNames = {
  token: 'hipaa-mcp-token',
  tmp: 'hipaa-mcp-tmp',
  trail: 'hipaa-mcp-trail',
  /** What runs a stdio server, and the socket over which it is spoken to: its container mounts both, read-only. */
  wrapper: 'hipaa-mcp-wrapper',
  stdio: 'hipaa-mcp-stdio',
  /** What containers of the app trust, where a model's vendor is reached through the gate: they mount it read-only. */
  trust: 'hipaa-mcp-trust',
} as const
/** A generic ephemeral volume's claim is named `<pod>-<volume>`. */
export const trailClaimSuffix = `-${volumeNames.trail}`

const node = (...args: string[]) => ['node', ...args]
const program = (file: string) => `/opt/hipaa-mcp/sidecar/${file}`
const tokenFolder = paths.token.slice(0, paths.token.lastIndexOf('/'))
const stdioFolder = paths.stdio.slice(0, paths.stdio.lastIndexOf('/'))
const trailMount = { name: volumeNames.trail, mountPath: paths.trail }

/** First in `initContainers`, in this order. */
export function ownContainers(injection: Injection): Container[] {
  const { server, surroundings } = injection
  const { image } = surroundings
  const onVolume = hasVolume(server.spec.trail?.acknowledge)
  const upstreamPort = { name: 'HIPAA_MCP_UPSTREAM_PORT', value: String(server.spec.workload.port) }
  const dns = { name: 'HIPAA_MCP_DNS', value: surroundings.dns }
  const { discovery } = server.spec.tls ?? {}
  const discoveryPort =
    discovery === undefined ? [] : [{ name: 'HIPAA_MCP_DISCOVERY_PORT', value: String(discovery.port) }]
  return [
    {
      ...base(containers.guard, image),
      // One container for both: the kubelet looks once a second at which have ended.
      command: node(
        program('guard.ts'),
        ...(injection.filterBy === 'Guard' ? guardSteps : (['check'] as const)),
      ),
      env: [
        upstreamPort,
        dns,
        { name: rulesVariable, value: rulesVersion },
        ...discoveryPort,
        ...loopbackPorts(server),
      ],
      // With SETGID and SETUID it becomes a user without rights, who proves what root has set with NET_ADMIN. All of them are
      // gone before the app starts. Pod Security `baseline` and `restricted` forbid them: then the node's plugin has set it.
      // With NET_RAW, a socket of which the programs of x_tables need, it does so on nodes without nf_tables too.
      securityContext:
        injection.filterBy === 'Guard'
          ? confined(0, ['NET_ADMIN', 'NET_RAW', 'SETGID', 'SETUID'])
          : confined(uids.guard),
      resources: resources({ cpu: '10m', memory: '64Mi' }, { cpu: '1', memory: '256Mi' }),
    },
    ...(onVolume ? [trailOwner(image)] : []),
    ...(isStdio(server) ? [wrapperInstaller(image)] : []),
    sidecar(injection, onVolume),
  ]
}

const loopbackPorts = ({ spec }: HipaaMcpServer) => {
  const { loopback = [] } = spec.workload
  return loopback.length === 0 ? [] : [{ name: 'HIPAA_MCP_LOOPBACK', value: loopback.join(',') }]
}

/** Whether the server reaches a model's vendor through the gate, which ends its TLS. */
export const hasGate = ({ spec }: HipaaMcpServer): boolean =>
  (spec.network?.egress ?? []).some(({ credential }) => credential !== undefined)

export const isStdio = ({ spec }: HipaaMcpServer): boolean => spec.workload.transport === 'Stdio'

export function ownVolumes(server: HipaaMcpServer): Volume[] {
  const { trail } = server.spec
  const forTrail =
    hasVolume(trail?.acknowledge) && trail?.volume !== undefined ? [trailVolume(trail.volume)] : []
  return [
    {
      name: volumeNames.token,
      projected: {
        defaultMode: 0o444,
        sources: [
          { serviceAccountToken: { path: 'token', audience: tokenAudience, expirationSeconds: 3600 } },
        ],
      },
    },
    { name: volumeNames.tmp, emptyDir: { medium: 'Memory', sizeLimit: '64Mi' } },
    ...forTrail,
    ...(isStdio(server)
      ? [
          { name: volumeNames.wrapper, emptyDir: { sizeLimit: '256Mi' } },
          { name: volumeNames.stdio, emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
        ]
      : []),
    ...(hasGate(server)
      ? [{ name: volumeNames.trust, emptyDir: { medium: 'Memory', sizeLimit: '4Mi' } }]
      : []),
  ]
}

/** How V8 uses memory in a sidecar. */
export const memoryFlags = ['--max-semi-space-size=4', '--heap-growing-percent=40', '--no-parallel-scavenge']

function sidecar(injection: Injection, onVolume: boolean): Container {
  return {
    ...base(containers.sidecar, injection.surroundings.image),
    // docs/performance.md says how it is measured. A young generation of 4 MB: one of 8 takes 13 MB more and saves at most
    // a thirtieth of a call; with the smallest one, collecting it was a quarter. Old ones are collected before they have
    // grown by half: a third less memory. By four fifths a call is a tenth faster and the sidecar takes a tenth more memory,
    // which is what every pod pays, also one that nobody calls. One thread collects, since a pod's few would only wait for
    // each other.
    command: node(...memoryFlags, program('main.ts')),
    // Native sidecar: it starts before the app and gets SIGTERM after it.
    restartPolicy: 'Always',
    ports: [
      { name: 'hipaa-mcp', containerPort: ports.calls, protocol: 'TCP' },
      { name: 'hipaa-health', containerPort: ports.health, protocol: 'TCP' },
      ...(injection.server.spec.tls?.discovery === undefined
        ? []
        : [{ name: 'hipaa-discovery', containerPort: ports.discovery, protocol: 'TCP' }]),
    ],
    env: environment(injection),
    securityContext: confined(uids.sidecar),
    readinessProbe: {
      httpGet: { path: '/readyz', port: ports.health, scheme: 'HTTP' },
      periodSeconds: 5,
      failureThreshold: 3,
      successThreshold: 1,
      timeoutSeconds: 2,
    },
    lifecycle: {
      // The app starts when it has returned, and not where it failed. A startup probe in its place is asked once a second and
      // heeded at the kubelet's next look: that was a second of every start. The kubelet's own httpGet would ask once, before
      // anybody listens.
      postStart: { exec: { command: node(program('started.ts')) } },
      // All preStop hooks run at once and only SIGTERM waits for the order: draining must begin here. By exec, because
      // what the kubelet may ask over the network, others may ask too.
      preStop: { exec: { command: node(program('drain.ts')) } },
    },
    resources: resources({ cpu: '50m', memory: '128Mi' }, { cpu: '2', memory: '512Mi' }),
    volumeMounts: [
      { name: volumeNames.token, mountPath: tokenFolder, readOnly: true },
      { name: volumeNames.tmp, mountPath: '/tmp' },
      ...(onVolume ? [trailMount] : []),
      ...(isStdio(injection.server) ? [{ name: volumeNames.stdio, mountPath: stdioFolder }] : []),
      ...(hasGate(injection.server) ? [{ name: volumeNames.trust, mountPath: paths.trust }] : []),
    ],
  }
}

const field = (name: string, fieldPath: string) => ({
  name,
  valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath } },
})

function environment({ server, surroundings, searches, probes }: Injection): NonNullable<Container['env']> {
  const { spec, metadata } = server
  const values: { [name: string]: string } = {
    HIPAA_MCP_SERVER: `${metadata.namespace ?? ''}/${metadata.name}`,
    HIPAA_MCP_UPSTREAM_PORT: String(spec.workload.port),
    HIPAA_MCP_UPSTREAM_PATH: spec.workload.path,
    HIPAA_MCP_TRANSPORT: spec.workload.transport ?? 'StreamableHttp',
    HIPAA_MCP_CHANNEL: surroundings.channel,
    HIPAA_MCP_COLLECTOR: surroundings.collector,
    HIPAA_MCP_CA: surroundings.ca,
    HIPAA_MCP_DNS: surroundings.dns,
    HIPAA_MCP_SEARCH: searches.join(','),
    HIPAA_MCP_PROBES: JSON.stringify(probes),
    HIPAA_MCP_TRAIL: spec.trail?.acknowledge ?? 'Stream',
  }
  return [
    field('HIPAA_MCP_POD_NAME', 'metadata.name'),
    field('HIPAA_MCP_POD_UID', 'metadata.uid'),
    field('HIPAA_MCP_POD_IP', 'status.podIP'),
    // The API server keeps no empty value: one that we wrote would be missing when the pod is compared.
    ...Object.entries(values).map(([name, value]) =>
      value === '' ? { name } : { name, value: literal(value) },
    ),
  ]
}

/** The kubelet expands `$(NAME)` in values; `$$` is how a dollar sign is written. */
const literal = (value: string) => value.replaceAll('$', '$$$$')

/** A new volume belongs to root; fsGroup would also regroup the app's own volumes. */
function trailOwner(image: string): Container {
  const { sidecar: uid } = uids
  return {
    ...base(containers.trail, image),
    command: node('-e', `require('node:fs').chownSync('${paths.trail}', ${uid}, ${uid})`),
    securityContext: confined(0, ['CHOWN']),
    resources: resources({ cpu: '10m', memory: '64Mi' }, { cpu: '1', memory: '256Mi' }),
    volumeMounts: [trailMount],
  }
}

/** Fills the volume that the server's container runs from. Only this one may write it. */
function wrapperInstaller(image: string): Container {
  return {
    ...base(containers.wrapper, image),
    command: node(program('wrapper/install.ts'), wrapperPaths.programs),
    securityContext: confined(uids.own),
    resources: resources({ cpu: '10m', memory: '64Mi' }, { cpu: '1', memory: '256Mi' }),
    volumeMounts: [{ name: volumeNames.wrapper, mountPath: wrapperPaths.programs }],
  }
}

function trailVolume({ storageClassName, size }: { storageClassName: string; size: string }): Volume {
  return {
    name: volumeNames.trail,
    ephemeral: {
      volumeClaimTemplate: {
        metadata: {},
        spec: {
          accessModes: ['ReadWriteOnce'],
          storageClassName,
          volumeMode: 'Filesystem',
          resources: { requests: { storage: size } },
        },
      },
    },
  }
}

function base(name: string, image: string): Container {
  return {
    name,
    image,
    imagePullPolicy: 'IfNotPresent',
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
  }
}

/** Everything explicit: what the pod's author wrote for the whole pod must not reach our containers. */
function confined(uid: number, add: string[] = []): NonNullable<Container['securityContext']> {
  return {
    runAsUser: uid,
    runAsGroup: uid,
    runAsNonRoot: uid !== 0,
    privileged: false,
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'], ...(add.length === 0 ? {} : { add }) },
    seccompProfile: { type: 'RuntimeDefault' },
  }
}

type Amounts = { cpu: string; memory: string }
/** Requests and limits, both always: a quota or a LimitRange otherwise keeps the pod out. */
function resources(requests: Amounts, limits: Amounts) {
  return { requests, limits }
}
