// Ways into a guarded pod under an emergency (45 CFR 164.312(a)(2)(ii)): a grant that another person approved names the
// person, the pod and the way, and is in force. Nobody is let in before it is on record: without the collector nobody is.

import { isDeepStrictEqual } from 'node:util'
import { grantStanding } from '../../core/grant.ts'
import { guardedLabel, ownNames } from '../../core/identifiers.ts'
import type { AdmissionsRequest } from '../../core/wire.ts'
import type { BreakGlassGrant } from '../../crds/breakglassgrant.generated.ts'
import type { Way } from '../entered.ts'
import { baselineViolations } from './baseline.ts'
import { type Container, containersOf, type Pod } from './pod.ts'
import { type Request, whatOf } from './review.ts'
import { containerViolations, hardened } from './tenant.ts'

type Entered = NonNullable<AdmissionsRequest['entered']>[number]

export type Entry = {
  /** Live: a grant that was ended a moment ago opens nothing. */
  grants(namespace: string): Promise<readonly BreakGlassGrant[]>
  /** Rejects where it is not known to be on record. Absent where it is not the API server who asks: nobody is let in. */
  record?: ((entered: Entered) => Promise<void>) | undefined
  /**
   * Rejects where it is not known to stand in the grant, by which the pod goes when that ends, and where that is over by now.
   * Absent as `record` is.
   */
  note?: ((grant: BreakGlassGrant, pod: { uid: string; name: string }, way: Way) => Promise<void>) | undefined
  /** Milliseconds since 1970. */
  now(): number
}

/** pods/proxy is none: whoever has a link to it would be in. */
const ways: { readonly [subresource: string]: Way } = {
  exec: 'Exec',
  attach: 'Attach',
  portforward: 'PortForward',
  ephemeralcontainers: 'EphemeralContainers',
}

const isOwn = (name: unknown): boolean => typeof name === 'string' && ownNames.has(name)

/** Of ports, in one record. */
const mostPorts = 64

/**
 * What of the pod is entered, out of the options of a connection (PodExecOptions and the like), or what a new pod has more than the
 * old one. Nothing has looked at their types. The command's words stay where they are: they may hold PHI.
 */
function intoOf(
  { subResource, object, oldObject }: Request,
  { spec }: Pod,
): Pick<Entered, 'containers' | 'ports' | 'words'> {
  if (subResource === 'ephemeralcontainers') {
    const before = new Set((oldObject as Pod | undefined)?.spec.ephemeralContainers?.map(({ name }) => name))
    const added = (spec.ephemeralContainers ?? []).filter(({ name }) => !before.has(name))
    return { containers: added.map(({ name }) => name) }
  }
  const { container, command, ports } = (object ?? {}) as { [member: string]: unknown }
  const [only, ...more] = spec.containers
  // As the API server chooses where nobody names one.
  const chosen =
    container === undefined || container === '' ? (more.length === 0 ? only?.name : undefined) : container
  return {
    ...(subResource === 'portforward' || typeof chosen !== 'string' ? {} : { containers: [chosen] }),
    ...(Array.isArray(command) ? { words: command.length } : {}),
    ...(Array.isArray(ports)
      ? { ports: ports.filter((port) => Number.isSafeInteger(port) && port > 0).slice(0, mostPorts) }
      : {}),
  }
}

/** The grant that opens this way into this pod to this person now. */
async function grantFor(
  request: Request,
  pod: Pod,
  { grants, now }: Pick<Entry, 'grants' | 'now'>,
): Promise<BreakGlassGrant | undefined> {
  const { namespace, name = '', subResource = '', userInfo } = request
  const way = ways[subResource]
  const server = pod.metadata.labels?.[guardedLabel]
  const person = userInfo?.username
  if (way === undefined || server === undefined || person === undefined || person === '') return undefined
  return (await grants(namespace)).find((grant) => {
    const { pods } = grant.spec
    return (
      pods !== undefined &&
      grant.spec.server === server &&
      pods.user === person &&
      pods.names.includes(name) &&
      pods.ways.includes(way) &&
      grantStanding(grant, now()).state === 'Active'
    )
  })
}

/** Why nobody is let in, or the name of the grant under which this person is: that is on record then. */
export async function enter(
  request: Request,
  pod: Pod,
  entry: Entry,
): Promise<{ refused: string } | { grant: string }> {
  const { uid, namespace, name = '', subResource = '', userInfo, dryRun, oldObject } = request
  const into = intoOf(request, pod)
  if (into.containers?.some(isOwn) === true)
    return { refused: 'the sidecar’s keys are in that container: no grant opens it' }
  const way = ways[subResource]
  const grant = await grantFor(request, pod, entry)
  if (grant === undefined || way === undefined)
    return {
      refused:
        way === undefined
          ? 'no emergency opens this way'
          : 'no BreakGlassGrant that is in force names you, this pod and this way: hipaa-mcp break-glass request --pods',
    }
  const names = new Set(containersOf(pod.spec).map(({ container }) => container.name))
  if (into.containers?.some((one) => !names.has(one)) === true)
    return { refused: 'the pod has no container of that name' }
  if (dryRun === true) return { grant: grant.metadata.name }
  if (entry.record === undefined || entry.note === undefined)
    return { refused: 'it is not the API server who asks' }
  try {
    await entry.record({
      review: uid,
      entered: new Date(entry.now()).toISOString(),
      namespace,
      server: grant.spec.server,
      what: whatOf(request),
      name,
      ...into,
      by: userInfo?.username ?? '',
      grant: {
        name: grant.metadata.name,
        uid: grant.metadata.uid ?? '',
        requestedBy: grant.spec.requestedBy ?? '',
        approvedBy: grant.spec.approval?.by ?? '',
        ...(grant.spec.pods?.afterwards === 'KeepPod' ? { afterwards: 'KeepPod' } : {}),
      },
    })
  } catch {
    return { refused: 'the collector did not say that it is on record: look at the collector, and try again' }
  }
  try {
    // Of a change the old pod's: what its author sends may lack it.
    const { metadata } = (oldObject as Pod | undefined) ?? pod
    if (metadata.uid === undefined) throw new TypeError('A pod that is there has a UID')
    await entry.note(grant, { uid: metadata.uid, name }, way)
  } catch {
    return {
      refused: 'it could not be noted in the grant, or that ended meanwhile: look at it, and try again',
    }
  }
  return { grant: grant.metadata.name }
}

/** An ephemeral container is a tenant like any other. Nothing is put right here: its author writes what is missing. */
export function debugViolations(pod: Pod): string[] {
  const { ephemeralContainers = [], ...spec } = pod.spec
  return [
    ...baselineViolations(
      { ...pod, spec: { ...spec, containers: [], initContainers: [], ephemeralContainers } },
      ownNames,
    ),
    ...ephemeralContainers.flatMap((container) => {
      const path = `spec.ephemeralContainers[${container.name}]`
      return [
        ...(isOwn(container.name) ? [`${path}.name: is hipaa-mcp's: choose another`] : []),
        ...(isOwn(container['targetContainerName'])
          ? [`${path}.targetContainerName: shows the sidecar's processes: name a container of the server`]
          : []),
        ...containerViolations(container, path, spec),
        ...unhardened(container, path, pod),
      ]
    }),
  ]
}

function unhardened(container: Container, path: string, { spec }: Pod): string[] {
  const wanted = hardened(container, false, spec.securityContext).securityContext
  return isDeepStrictEqual(wanted, container.securityContext ?? {})
    ? []
    : [
        `${path}.securityContext: write allowPrivilegeEscalation: false, capabilities.drop: [ALL] and seccompProfile.type: RuntimeDefault, as kubectl debug --profile=restricted does`,
      ]
}
