// Containers of a guarded pod that the server talks to by localhost (spec.workload.loopback): what stands in the way, and
// what their author may have meant but not written. Which packets pass is the guard's (sidecar/guard/rules.ts).

import { containers as names } from '../../core/identifiers.ts'
import type { HipaaMcpServer } from '../../crds/hipaamcpserver.generated.ts'
import type { Container, PodSpec } from './pod.ts'

const ours: ReadonlySet<string> = new Set(Object.values(names))

/** Who enters a pod from the node comes as root, so the guard lets no root speak on loopback. */
export function loopbackViolations(spec: PodSpec, server: HipaaMcpServer): string[] {
  if ((server.spec.workload.loopback ?? []).length === 0) return []
  const app = serverIn(spec, server)
  const user = app?.securityContext?.runAsUser ?? spec.securityContext?.runAsUser
  return app === undefined || user !== 0
    ? []
    : [
        `spec.containers[${app.name}].securityContext.runAsUser: root reaches no port of workload.loopback: write another user`,
      ]
}

/** Ports that a pod's author wrote down and that nothing will reach, each with what to write. They refuse nothing. */
export function unreachedPorts(spec: PodSpec, server: HipaaMcpServer): string[] {
  const { port, loopback = [] } = server.spec.workload
  const app = serverIn(spec, server)?.name
  const running = [
    ...(spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always'),
    ...spec.containers,
  ].filter(({ name }) => !ours.has(name))
  return running.flatMap((container) =>
    tcpPorts(container)
      .filter((own) => own !== port && !loopback.includes(own))
      .map((own) =>
        container.name === app
          ? `port ${own} of container ${app} is reached by no other pod: probes of it are asked by the sidecar, and all else needs no port outside of the pod or does not work`
          : `port ${own} of container ${container.name} is reached by nobody: where the server uses it by localhost, write workload: {loopback: [${[...loopback, own].join(', ')}]} in its HipaaMcpServer`,
      ),
  )
}

const tcpPorts = ({ ports = [] }: Container): number[] =>
  ports.filter(({ protocol = 'TCP' }) => protocol === 'TCP').map(({ containerPort }) => containerPort)

/** The container that is the server: the one that is named, or the first. */
function serverIn({ containers }: PodSpec, { spec }: HipaaMcpServer): Container | undefined {
  const { container: name } = spec.workload
  return name === undefined ? containers[0] : containers.find((container) => container.name === name)
}
