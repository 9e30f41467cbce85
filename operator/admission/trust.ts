// Containers of the app learn to trust the gate before a model's vendor, which ends their TLS: the folder that the sidecar fills,
// read-only, and the variables by which languages are told of it. What an author has set stays: their trust is theirs.

import { paths, trustFiles } from '../../core/identifiers.ts'
import type { HipaaMcpServer } from '../../crds/hipaamcpserver.generated.ts'
import { unequal } from './differences.ts'
import type { Container, PodSpec } from './pod.ts'
import { hasGate, volumeNames } from './sidecar-spec.ts'

const mount = { name: volumeNames.trust, mountPath: paths.trust, readOnly: true }
const isOurs = (one: unknown): boolean => unequal(one, mount, '').length === 0

const file = (kind: keyof typeof trustFiles): string => `${paths.trust}/${trustFiles[kind]}`

/**
 * The first adds to what Node trusts. The others replace what is trusted by default, so the public authorities stand in their
 * files as well. `JDK_JAVA_OPTIONS` and not `JAVA_TOOL_OPTIONS`, which many an image sets for its memory.
 */
export const trustVariables = {
  NODE_EXTRA_CA_CERTS: file('own'),
  SSL_CERT_FILE: file('bundle'),
  REQUESTS_CA_BUNDLE: file('bundle'),
  JDK_JAVA_OPTIONS: `-Djavax.net.ssl.trustStore=${file('java')}`,
} as const

/** The container as it is let in. Doing it twice is doing it once. */
export function trusting(container: Container, server: HipaaMcpServer): Container {
  if (!hasGate(server)) return container
  const { env = [], volumeMounts = [] } = container
  const missing = Object.entries(trustVariables).filter(([name]) => !env.some((one) => one.name === name))
  return {
    ...container,
    env: [...env, ...missing.map(([name, value]) => ({ name, value }))],
    volumeMounts: volumeMounts.some(isOurs) ? volumeMounts : [...volumeMounts, mount],
  }
}

const bare = (all: Container[]): Container[] =>
  all.map((container) =>
    container.volumeMounts === undefined
      ? container
      : { ...container, volumeMounts: container.volumeMounts.filter((one) => !isOurs(one)) },
  )

/** The pod without the mount that is exactly ours: what else mounts the volume is its author's, and refused. */
export function withoutTrust(spec: PodSpec, server: HipaaMcpServer): PodSpec {
  if (!hasGate(server)) return spec
  const { initContainers, containers } = spec
  return {
    ...spec,
    ...(initContainers === undefined ? {} : { initContainers: bare(initContainers) }),
    containers: bare(containers),
  }
}
