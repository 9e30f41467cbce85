// Containers of a guarded pod that the server talks to by localhost (spec.workload.loopback): what stands in the way, and
// what their author may have meant but not written. Which packets pass is the guard's (sidecar/guard/rules.ts).

import { dnsPort, mostLoopback, ownNames, sidecarPorts } from '../../core/identifiers.ts'
import type { HipaaMcpServer } from '../../crds/hipaamcpserver.generated.ts'
import { type Container, type PodSpec, serverContainer, serverUnknown } from './pod.ts'
import { isStdio } from './sidecar-spec.ts'

/** Who enters a pod from the node comes as root, so the guard lets no root speak on loopback. */
export function loopbackViolations(spec: PodSpec, server: HipaaMcpServer): string[] {
  if ((server.spec.workload.loopback ?? []).length === 0) return []
  const app = serverContainer(spec, server)
  // Which one reaches the helpers is not guessed. A stdio server's author hears it anyhow (stdio.ts).
  if (app === undefined) return isStdio(server) ? [] : [serverUnknown(spec, server)]
  const user = app.securityContext?.runAsUser ?? spec.securityContext?.runAsUser
  return user !== 0
    ? []
    : [
        `spec.containers[${app.name}].securityContext.runAsUser: root reaches no port of workload.loopback: write another user`,
      ]
}

/**
 * Ports that a pod's author wrote down and that nothing will reach, a line for each container, with what to write. They
 * refuse nothing. What may not be declared on loopback is not named: no advice would help.
 */
export function unreachedPorts(spec: PodSpec, server: HipaaMcpServer): string[] {
  const { workload, tls } = server.spec
  const { port, loopback = [], metrics } = workload
  const settled: readonly unknown[] = [
    port,
    metrics?.port,
    tls?.discovery?.port,
    dnsPort,
    ...loopback,
    ...sidecarPorts,
  ]
  const app = serverContainer(spec, server)?.name
  return [
    ...(spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always'),
    ...spec.containers,
  ]
    .filter(({ name }) => !ownNames.has(name))
    .map((container) => ({
      name: container.name,
      unreached: [...new Set(tcpPorts(container))].filter((own) => !settled.includes(own)),
    }))
    .filter(({ unreached }) => unreached.length > 0)
    .map(({ name, unreached }) =>
      name === app ? ofServer(name, unreached) : ofHelper(name, unreached, loopback),
    )
}

function ofServer(name: string, unreached: readonly number[]): string {
  const [are, them] = unreached.length === 1 ? ['is', 'it'] : ['are', 'them']
  return `${portsIn(unreached)} of container ${name} ${are} reached by no other pod: probes of ${them} are asked by the sidecar, metrics leave by workload.metrics, and anything else is a server of its own (docs/ports.md)`
}

function ofHelper(name: string, unreached: readonly number[], loopback: readonly number[]): string {
  const [are, them] = unreached.length === 1 ? ['is', 'it'] : ['are', 'them']
  const all = [...loopback, ...unreached]
  const most = all.length > mostLoopback ? `, ${mostLoopback} of them at most` : ''
  return `${portsIn(unreached)} of container ${name} ${are} reached by nobody: where the server uses ${them} by localhost, write workload: {loopback: [${all.join(', ')}]} in its HipaaMcpServer${most}`
}

const portsIn = (list: readonly number[]): string => `port${list.length === 1 ? '' : 's'} ${list.join(', ')}`

const tcpPorts = ({ ports = [] }: Container): number[] =>
  ports.filter(({ protocol = 'TCP' }) => protocol === 'TCP').map(({ containerPort }) => containerPort)
