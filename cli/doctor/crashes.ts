// A container of a guarded pod that is not ours and ends again and again. Its log is never read, and its termination message,
// which may hold what a patient said as well, is compared with forms and never shown. Pure.

import { ownNames } from '../../core/identifiers.ts'
import { changeAdvice, changeRefused, programNamed } from '../../operator/admission/change-of-user.ts'
import type { PodSpec } from '../../operator/admission/pod.ts'

type Ended = {
  exitCode: number
  reason?: string
  message?: string
  startedAt?: string | null
  finishedAt?: string | null
}
type State = { waiting?: { reason?: string }; running?: object; terminated?: Ended }
export type ContainerStatus = { name: string; state?: State; lastState?: State }

/** How programs say that they could not become another user: gosu, su-exec, setpriv, su, runuser, sudo, chroot, s6, nginx, … */
const changesUser: readonly RegExp[] = [
  /\b(set(res|re|e)?[ug]id|(set|init)groups)\b.{0,80}(not permitted|denied)/i,
  /(cannot|can't|could not|unable to|failed to) set (supplement\w+ )?(group|gid|uid)/i,
  /failed switching to/i,
  /no new privileges/i,
  /must be suid/i,
  /may not be used by non-root/i,
]
const notPermitted = /operation not permitted/i

/** What ends sooner has not begun to serve. Milliseconds. */
const atOnce = 10_000

/** What is wrong with the first that does not stay up, and what to do; undefined where all do. `spec`: of the same pod. */
export function crashOf({
  spec,
  status,
}: {
  spec: PodSpec
  status?: { initContainerStatuses?: ContainerStatus[]; containerStatuses?: ContainerStatus[] }
}): string | undefined {
  const all = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])]
  for (const { name, state, lastState } of all) {
    const ended = endOf(state, lastState)
    if (ended === undefined || ownNames.has(name)) continue
    const container = [...(spec.initContainers ?? []), ...spec.containers].find((one) => one.name === name)
    const named = container === undefined ? undefined : programNamed(container)
    return `its container ${name} ends with exit code ${ended.exitCode}${why(ended, named)}`
  }
  return undefined
}

function endOf(state: State | undefined, lastState: State | undefined): Ended | undefined {
  if (state?.waiting?.reason === 'CrashLoopBackOff') return lastState?.terminated
  // Between two waits, or before the first.
  const last = state?.terminated ?? (state?.running === undefined ? undefined : lastState?.terminated)
  return last === undefined || last.exitCode === 0 ? undefined : last
}

function why(ended: Ended, named: string | undefined): string {
  const { exitCode, reason, message = '' } = ended
  if (reason === 'OOMKilled') return ' (OOMKilled): give it more memory, by resources.limits.memory'
  if (changesUser.some((form) => form.test(message)))
    return `, and says that it could not change its user, which ${changeRefused}: ${changeAdvice}`
  if (named !== undefined)
    return `, and names ${named}, which changes the user, and ${changeRefused}: ${changeAdvice}`
  const itsLog = 'its own log says why, and may hold patient data'
  // 128 and more: by a signal, or not begun at all.
  return notPermitted.test(message) || (exitCode > 0 && exitCode < 128 && isAtOnce(ended))
    ? `: ${itsLog}. Where its image changes its user itself (by gosu, su-exec, su, or the server’s own setting), which ${changeRefused}: ${changeAdvice}`
    : `: ${itsLog}`
}

const isAtOnce = ({ startedAt, finishedAt }: Ended): boolean =>
  Date.parse(finishedAt ?? '') - Date.parse(startedAt ?? '') <= atOnce
