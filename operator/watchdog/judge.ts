// Which guarded pods are not what admission makes, and which of them goes next. Pure.

import { containers } from '../../core/identifiers.ts'
import type { HipaaMcpServer } from '../../crds/hipaamcpserver.generated.ts'
import { conforms } from '../admission/conform.ts'
import { debugViolations } from '../admission/entry.ts'
import type { Pod } from '../admission/pod.ts'
import type { Surroundings } from '../admission/surroundings.ts'
import { debuggedSince } from './debugged.ts'

/**
 * Foreign: our containers are missing, or run what is not ours: nobody but an attacker makes that. Differs: in anything else,
 * as a pod does that was made before the server's port changed, or by an earlier version. Debugged: in nothing but that it took
 * an ephemeral container, as admission lets one in under a grant: it alone goes, when that is over.
 */
export type Fault = { what: 'Foreign' | 'Differs' | 'Debugged'; violations: string[]; began?: number }

export function faultOf(pod: Pod, server: HipaaMcpServer, surroundings: Surroundings): Fault | undefined {
  const violations = conforms(pod, server, surroundings)
  if (violations.length === 0) return undefined
  if (isDebugged(pod, server, surroundings)) {
    const began = debuggedSince(pod)
    return { what: 'Debugged', violations, ...(began === undefined ? {} : { began }) }
  }
  const own = (pod.spec.initContainers ?? []).filter(({ name }) => needed.has(name))
  const ours =
    own.length === needed.size && own.every(({ image }) => surroundings.images.some((one) => one === image))
  return { what: ours ? 'Differs' : 'Foreign', violations }
}

function isDebugged(pod: Pod, server: HipaaMcpServer, surroundings: Surroundings): boolean {
  const { ephemeralContainers = [], ...spec } = pod.spec
  return (
    ephemeralContainers.length > 0 &&
    debugViolations(pod).length === 0 &&
    conforms({ ...pod, spec }, server, surroundings).length === 0
  )
}

const needed: ReadonlySet<string> = new Set([containers.guard, containers.sidecar])

export type Suspect = {
  name: string
  /** `namespace/name` of its server. */
  server: string
  fault: Fault
  /** Whether something makes a new one when it is gone. */
  madeAnew: boolean
  /** Since when it is known, milliseconds on the watchdog’s clock. */
  since: number
}

/** Milliseconds for which one that merely differs waits until its neighbours are ready: they may be held unready on purpose. */
export const longestWait = 600_000

/**
 * One that is foreign goes at once, whoever made it. Another goes while every other pod of its server is ready, or
 * when it waited too long; where nothing would make it anew it stays, and is said.
 */
export function nextOf<One extends Suspect>(
  suspects: readonly One[],
  othersReady: (suspect: One) => boolean,
  now: number,
): One | undefined {
  const inTurn = suspects.toSorted((a, b) => a.since - b.since || (a.name < b.name ? -1 : 1))
  return (
    inTurn.find(({ fault }) => fault.what === 'Foreign') ??
    inTurn.find((one) => one.madeAnew && (othersReady(one) || now - one.since >= longestWait))
  )
}
