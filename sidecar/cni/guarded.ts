// Which packet filter a pod wants of this plugin, out of the pod itself. Pure.

import { rulesVariable, rulesVersion, setsFilter } from '../../core/guard-command.ts'
import { containers, guardedLabel } from '../../core/identifiers.ts'
import { guardConfigOf } from '../guard/config.ts'
import type { GuardConfig } from '../guard/rules.ts'
import { CniError, codes, type PodName, wordsOf } from './protocol.ts'

type Env = { name: string; value?: string }
type SeenContainer = { name?: string; command?: string[]; env?: Env[] }
/** As much of a pod as is read here. */
export type SeenPod = {
  metadata?: { uid?: string; labels?: { [name: string]: string } }
  spec?: { initContainers?: SeenContainer[] }
}

/**
 * What the guard of the pod would set, or undefined where it sets the filter itself or the pod is none that is guarded:
 * a store, a bystander. The pod is as admission let it in, and what is wrong here the guard's proof finds: this opens
 * nothing. Throws CniError where it is not known what to set.
 */
export function filterFor(pod: SeenPod, { uid, name }: PodName): GuardConfig | undefined {
  if (pod.metadata?.labels?.[guardedLabel] === undefined) return undefined
  // The pod of that name may be a new one by now, on another port.
  if (uid === undefined || pod.metadata.uid !== uid)
    throw new CniError(codes.tryAgain, `the pod ${name} is another one by now, or the runtime names no UID`)
  const guard = pod.spec?.initContainers?.find((one) => one.name === containers.guard)
  if (guard === undefined)
    throw new CniError(codes.pod, `the pod ${name} is guarded and has no container ${containers.guard}`)
  if (setsFilter(guard.command ?? [])) return undefined
  const env = Object.fromEntries((guard.env ?? []).map(({ name: key, value }) => [key, value]))
  const meant = env[rulesVariable] ?? 'of before'
  if (meant !== rulesVersion)
    throw new CniError(
      codes.pod,
      `the guard of the pod ${name} means the packet filter ${meant}, and this plugin sets ${rulesVersion}: apply config/cni of the operator's version, or, where that is in place, delete the pod, which is older`,
    )
  try {
    return guardConfigOf(env)
  } catch (error) {
    throw new CniError(
      codes.pod,
      `${wordsOf(error)}; is the DaemonSet hipaa-mcp-cni of the operator's version?`,
    )
  }
}
