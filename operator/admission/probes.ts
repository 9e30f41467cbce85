// Probes of the app. The packet filter drops what the kubelet sends to the app's ports, and where it is redirected the
// sidecar's mutual TLS would fail it; so the sidecar asks the app in the kubelet's place.

import { containers, ports, sidecarPorts } from '../../core/identifiers.ts'
import type { Container, Handler, Pod, Probe } from './pod.ts'

/** `<container>/<kind>` -> what the pod's author wrote, ports as numbers. */
export type Probes = { [key: string]: Pick<Handler, 'httpGet' | 'tcpSocket' | 'grpc'> }

const probeKinds = { livenessProbe: 'livez', readinessProbe: 'readyz', startupProbe: 'startupz' } as const
type Member = keyof typeof probeKinds

const network = ['httpGet', 'tcpSocket', 'grpc'] as const

/**
 * The container with its network probes turned to the sidecar, and what they asked before. Probes that are turned
 * already are looked up in `known`, so that doing it twice is doing it once. Exec probes stay as they are.
 */
export function rewriteProbes(
  container: Container,
  path: string,
  known: Probes,
): { container: Container; probes: Probes; violations: string[] } {
  const probes: Probes = {}
  const violations: string[] = []
  const rewritten = { ...container }
  for (const member of Object.keys(probeKinds) as Member[]) {
    const probe = container[member]
    const how = network.find((name) => probe?.[name] !== undefined)
    if (probe === undefined || how === undefined) continue
    const key = `${container.name}/${probeKinds[member]}`
    const at = `${path}.${member}.${how}`
    const { [how]: handler, ...timing } = probe
    const asked = asks(probe, key) ? known[key] : { [how]: withPort(handler, container) }
    if (!isOneHandler(asked)) {
      violations.push(`${at}.port: ${ports.health} is the sidecar's: probe the app's own port`)
      continue
    }
    violations.push(...violationsIn(asked, at))
    probes[key] = asked
    rewritten[member] = { ...timing, httpGet: { path: `/probe/${key}`, port: ports.health, scheme: 'HTTP' } }
  }
  return { container: rewritten, probes, violations }
}

/** Whether this probe asks the sidecar for `key`. */
function asks(probe: Probe, key: string): boolean {
  return probe.httpGet?.port === ports.health && probe.httpGet.path === `/probe/${key}`
}

function isOneHandler(asked: Probes[string] | undefined): asked is Probes[string] {
  if (typeof asked !== 'object' || asked === null) return false
  const [only, ...others] = Object.keys(asked)
  return others.length === 0 && network.some((name) => name === only && typeof asked[name] === 'object')
}

/** A named port as its number: the sidecar knows no names of another container's ports. */
function withPort(handler: unknown, container: Container): { port: number | string } {
  const given = handler as { port: number | string }
  const named = container.ports?.find(({ name }) => name === given.port)
  return named === undefined ? given : { ...given, port: named.containerPort }
}

/** The sidecar may reach everything, so it may be sent nowhere but to the app. */
function violationsIn(asked: Probes[string], at: string): string[] {
  const handler: { host?: string; port?: unknown } = asked.httpGet ?? asked.tcpSocket ?? asked.grpc ?? {}
  const { host, port } = handler
  return [
    ...(host === undefined || host === ''
      ? []
      : [`${at}.host: the sidecar asks the app on loopback only: leave host out`]),
    ...(typeof port === 'number' && Number.isInteger(port)
      ? []
      : [`${at}.port: names no port of this container: write its number`]),
    ...(sidecarPorts.some((own) => own === port)
      ? [`${at}.port: ${String(port)} is the sidecar's: probe the app's own port`]
      : []),
  ]
}

/** What the sidecar of this pod was told at injection; nothing when there is none or it was not told well. */
export function knownProbes(pod: Pod): Probes {
  const sidecar = pod.spec.initContainers?.find(({ name }) => name === containers.sidecar)
  const text = sidecar?.env?.find(({ name }) => name === 'HIPAA_MCP_PROBES')?.value
  if (text === undefined) return {}
  try {
    // The value is written with `$$` for `$`: see sidecar-spec.ts.
    const value: unknown = JSON.parse(text.replaceAll('$$', '$'))
    return typeof value === 'object' && value !== null ? (value as Probes) : {}
  } catch {
    return {}
  }
}
