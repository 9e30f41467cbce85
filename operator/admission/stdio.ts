// A stdio server's container: its command is run by our wrapper, which lies in a volume of ours with its own loader and
// libraries, and speaks to the sidecar over a socket in another. Both are mounted read-only, so nothing of either is the
// app's to change, and no other tenant container may mount them.

import { basename } from 'node:path/posix'
import { paths, wrapperFiles, wrapperPaths } from '../../core/identifiers.ts'
import type { HipaaMcpServer } from '../../crds/hipaamcpserver.generated.ts'
import { unequal } from './differences.ts'
import { type Container, type PodSpec, serverContainer, serverUnknown } from './pod.ts'
import { isStdio, volumeNames } from './sidecar-spec.ts'

const { programs, socket } = wrapperPaths
const { loader, libraries, node, program } = wrapperFiles

/** In front of the command that the pod's author wrote. */
const prefix: readonly string[] = [
  `${programs}/${loader}`,
  '--inhibit-cache',
  '--library-path',
  `${programs}/${libraries}`,
  `${programs}/${node}`,
  // Little memory, for it counts as the app's.
  '--max-semi-space-size=1',
  '--v8-pool-size=0',
  `${programs}/${program}`,
  `${socket}/${basename(paths.stdio)}`,
  '--',
]

const mounts = [
  { name: volumeNames.wrapper, mountPath: programs, readOnly: true },
  { name: volumeNames.stdio, mountPath: socket, readOnly: true },
]
const isOurs = (mount: unknown): boolean => mounts.some((own) => unequal(mount, own, '').length === 0)

/** The pod as its author wrote it: without the wrapper, where it is exactly ours. */
export function unwrapped(spec: PodSpec, server: HipaaMcpServer): PodSpec {
  return change(spec, server, ({ command, volumeMounts, ...container }) => {
    const wrapped = prefix.every((word, index) => command?.[index] === word)
    const kept = (volumeMounts ?? []).filter((mount) => !isOurs(mount))
    return {
      ...container,
      ...(command === undefined ? {} : { command: wrapped ? command.slice(prefix.length) : command }),
      ...(volumeMounts === undefined ? {} : { volumeMounts: kept }),
    }
  })
}

/** The pod with its server wrapped, given as its author wrote it. */
export function wrapped(spec: PodSpec, server: HipaaMcpServer): PodSpec {
  return change(spec, server, ({ command, volumeMounts, ...container }) => ({
    ...container,
    command: [...prefix, ...(command ?? [])],
    volumeMounts: [...(volumeMounts ?? []), ...mounts],
  }))
}

function change(spec: PodSpec, server: HipaaMcpServer, how: (container: Container) => Container): PodSpec {
  const target = isStdio(server) ? serverContainer(spec, server) : undefined
  if (target === undefined) return spec
  return { ...spec, containers: spec.containers.map((one) => (one === target ? how(one) : one)) }
}

/** What the author of a stdio server's pod must change. `spec`: as they wrote it. */
export function stdioViolations(spec: PodSpec, server: HipaaMcpServer): string[] {
  if (!isStdio(server)) return []
  const target = serverContainer(spec, server)
  if (target === undefined) return [serverUnknown(spec, server)]
  const path = `spec.containers[${target.name}]`
  const probes = (['livenessProbe', 'readinessProbe', 'startupProbe'] as const).filter(
    (kind) => target[kind] !== undefined && target[kind].exec === undefined,
  )
  return [
    ...((target.command ?? []).length === 0
      ? [
          `${path}.command: is open, and which program the image begins is not seen here: write the command that starts the stdio server (the image's ENTRYPOINT, and its CMD as args)`,
        ]
      : []),
    ...probes.map(
      (kind) => `${path}.${kind}: a stdio server answers on no port: write it as exec, or leave it out`,
    ),
  ]
}
