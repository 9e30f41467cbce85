// What each webhook answers. Effects stop at `Lookup`; everything else is pure.

import { isDeepStrictEqual } from 'node:util'
import { guardedLabel, storeLabel } from '../../core/identifiers.ts'
import type { PodSecurity } from '../../core/pod-security.ts'
import type { HipaaMcpServer } from '../../crds/hipaamcpserver.generated.ts'
import { askedOf, toldOf } from './asked.ts'
import { baselineViolations, bystanderViolations, newPodViolations } from './baseline.ts'
import { changeOfUserViolations } from './change-of-user.ts'
import { conforms } from './conform.ts'
import type { Copy, Known } from './copy.ts'
import { type Enrolment, enrolmentOf } from './enrolment.ts'
import { debugViolations, type Entry, enter } from './entry.ts'
import { inject } from './inject.ts'
import type { Pod } from './pod.ts'
import { allowed, patchOf, type Request, refusal, type Verdict } from './review.ts'
import { unwrapped } from './stdio.ts'
import type { Surroundings } from './surroundings.ts'
import { withoutWaysOut } from './tenant.ts'

/** Live reads, but for `copy`: a cache that lags would let a pod in unguarded. */
export type Lookup = {
  /** All servers of a namespace. */
  servers(namespace: string): Promise<readonly HipaaMcpServer[]>
  pod(namespace: string, name: string): Promise<Pod | undefined>
  podSecurity(namespace: string): Promise<PodSecurity>
  copy?: Copy
}

const none: ReadonlySet<string> = new Set()

/** What a new pod is, and either how it is let in or every reason why it is not, each with its field and what to write. */
export type Judged = { role: Enrolment['role'] } & ({ pod: Pod } | { violations: string[] })

/** The one judgement of new pods: admission goes by it, and `hipaa-mcp preflight` says it beforehand. */
export function judgeNew(pod: Pod, servers: readonly HipaaMcpServer[], surroundings: Surroundings): Judged {
  const enrolment = enrolmentOf(pod, servers)
  const { role } = enrolment
  if (enrolment.role === 'refused') return { role, violations: enrolment.violations }
  const brought = newPodViolations(pod)
  if (brought.length > 0) return { role, violations: brought }
  const present = ofNewPods(surroundings, surroundings.podSecurity ?? 'privileged')
  if (enrolment.role === 'guarded') return { role, ...guarded(pod, enrolment.server, present) }
  const violations = unguardedViolations(pod, enrolment)
  return violations.length > 0 ? { role, violations } : { role, pod: unguarded(pod, enrolment) }
}

function guarded(pod: Pod, server: HipaaMcpServer, present: Surroundings): ReturnType<typeof inject> {
  const injected = inject(pod, server, present)
  const violations = [
    ...('violations' in injected ? injected.violations : []),
    ...changeOfUserViolations(unwrapped(pod.spec, server)),
  ]
  return violations.length > 0 ? { violations } : injected
}

/** Only the image in force, since an earlier one may have had a fault; and what the namespace says now. */
const ofNewPods = (surroundings: Surroundings, podSecurity: PodSecurity): Surroundings => ({
  ...surroundings,
  images: [surroundings.image],
  podSecurity,
})

/** Mutating webhook, CREATE of pods: guards, stamps, or lets alone. */
export async function judgeInjection(
  request: Request,
  lookup: Lookup,
  surroundings: Surroundings,
): Promise<Verdict> {
  const pod = request.object as Pod
  return await answerTo(request, lookup, ({ servers, podSecurity }) => {
    const judged = judgeNew(pod, servers, { ...surroundings, podSecurity })
    if ('violations' in judged) return refusal(judged.violations)
    const told = judged.role === 'guarded' ? toldOf(askedOf(pod)) : {}
    return { allowed: true, patch: patchOf(pod, judged.pod), ...told }
  })
}

/**
 * The copy's answer stands where it lets the pod in guarded, and no other: a pod guarded by what is no more gets no identity
 * (docs/decisions/0027). Whoever is unguarded or refused is so by live reads.
 */
async function answerTo(
  { namespace, object }: Request,
  lookup: Lookup,
  judge: (known: Known) => Verdict,
): Promise<Verdict> {
  const pod = object as Pod
  const copy = lookup.copy?.(namespace)
  if (copy !== undefined && enrolmentOf(pod, copy.servers).role === 'guarded') {
    const verdict = judge(copy)
    if (verdict.allowed) return verdict
  }
  const servers = await lookup.servers(namespace)
  const { role } = enrolmentOf(pod, servers)
  // Of a pod that is not guarded Pod Security is asked by the API server alone.
  const podSecurity = role === 'guarded' ? await lookup.podSecurity(namespace) : 'privileged'
  return judge({ servers, podSecurity })
}

/** Validating webhook, CREATE and UPDATE of pods and of their ephemeral containers: the final pod, as a whole. */
export async function judgePod(
  request: Request,
  lookup: Lookup,
  surroundings: Surroundings,
  entry: Entry,
): Promise<Verdict> {
  const pod = request.object as Pod
  const before = (request.oldObject ?? undefined) as Pod | undefined
  // Finalizers, owners and other labels change all the time, also of pods that ran before their namespace was enrolled.
  // Our labels cannot: the ValidatingAdmissionPolicy freezes them.
  if (before !== undefined && isDeepStrictEqual(pod.spec, before.spec)) return allowed
  if (before === undefined)
    return await answerTo(request, lookup, (known) => judgeFinal(pod, known, surroundings))
  const servers = await lookup.servers(request.namespace)
  return isDebugged(request, before)
    ? await judgeDebug(request, pod, servers, surroundings, entry)
    : judgeChange(pod, servers, surroundings)
}

function judgeFinal(pod: Pod, { servers, podSecurity }: Known, surroundings: Surroundings): Verdict {
  const enrolment = enrolmentOf(pod, servers)
  if (enrolment.role === 'refused') return refusal(enrolment.violations)
  const violations = [
    ...newPodViolations(pod),
    ...(enrolment.role === 'guarded'
      ? conforms(pod, enrolment.server, ofNewPods(surroundings, podSecurity))
      : unguardedViolations(pod, enrolment)),
  ]
  return violations.length > 0 ? refusal(violations) : allowed
}

function unguardedViolations(pod: Pod, { role }: Enrolment): string[] {
  return [...baselineViolations(pod, none), ...(role === 'store' ? [] : bystanderViolations(pod))]
}

const isDebugged = ({ subResource }: Request, { metadata }: Pod): boolean =>
  subResource === 'ephemeralcontainers' && metadata.labels?.[guardedLabel] !== undefined

/** An ephemeral container in a guarded pod: a tenant, under an emergency. The watchdog ends the pod afterwards. */
async function judgeDebug(
  request: Request,
  pod: Pod,
  servers: readonly HipaaMcpServer[],
  surroundings: Surroundings,
  entry: Entry,
): Promise<Verdict> {
  const { ephemeralContainers: _, ...spec } = pod.spec
  const verdict = judgeChange({ ...pod, spec }, servers, surroundings)
  if (!verdict.allowed) return verdict
  const violations = debugViolations(pod)
  if (violations.length > 0) return refusal(violations)
  const entered = await enter(request, pod, entry)
  return 'grant' in entered
    ? { allowed: true, grant: entered.grant }
    : refusal([`spec.ephemeralContainers: a guarded pod takes none (${entered.refused})`])
}

function judgeChange(pod: Pod, servers: readonly HipaaMcpServer[], surroundings: Surroundings): Verdict {
  const guard = pod.metadata.labels?.[guardedLabel]
  const server = servers.find(({ metadata }) => metadata.name === guard)
  if (guard !== undefined && server === undefined)
    return refusal([`HipaaMcpServer ${guard} is gone: delete this pod instead of changing it`])
  const violations =
    server === undefined ? baselineViolations(pod, none) : conforms(pod, server, surroundings)
  return violations.length > 0 ? refusal(violations) : allowed
}

/** As it is let in: a store with its label, and neither it nor a bystander with a way out past its NetworkPolicy. */
function unguarded(pod: Pod, enrolment: Enrolment): Pod {
  const { metadata, spec } = pod
  const { initContainers } = spec
  return {
    ...pod,
    metadata:
      enrolment.role === 'store'
        ? { ...metadata, labels: { ...metadata.labels, [storeLabel]: enrolment.label } }
        : metadata,
    spec: {
      ...spec,
      containers: spec.containers.map(withoutWaysOut),
      ...(initContainers === undefined ? {} : { initContainers: initContainers.map(withoutWaysOut) }),
    },
  }
}
