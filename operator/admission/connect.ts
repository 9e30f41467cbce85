// exec, attach, port-forward and proxy into guarded pods. The API server sends the options of such a call and neither the
// pod nor its labels, so the pod is looked up here. Refused but under an emergency that names the person and the pod
// (entry.ts): that is on record before anybody is let in.

import { canaryLabel, containers, guardedLabel, storeLabel } from '../../core/identifiers.ts'
import { type Entry, enter } from './entry.ts'
import type { Lookup } from './judge.ts'
import type { Pod } from './pod.ts'
import { allowed, type Request, refusal, type Verdict } from './review.ts'

const words: { [subresource: string]: string } = {
  exec: 'exec into',
  attach: 'attach to',
  portforward: 'port-forward into',
  proxy: 'proxy to',
}

/** Validating webhook, CONNECT. Other bystanders and stores are let through; a pod that cannot be read is not. */
export async function judgeConnect(request: Request, lookup: Lookup, entry: Entry): Promise<Verdict> {
  return await judged(request, lookup, async (pod, what) => {
    if (pod.metadata.labels?.[canaryLabel] !== undefined)
      return refusal([
        `nobody may ${what} the canary ${nameOf(request)}: what it sees is proof, and it ends by itself within two minutes`,
      ])
    if (!guarded(pod)) return allowed
    const entered = await enter(request, pod, entry)
    // It may have been replaced meanwhile: another one of its name is neither on record nor noted in the grant.
    if (
      'grant' in entered &&
      (await lookup.pod(request.namespace, request.name ?? ''))?.metadata.uid !== pod.metadata.uid
    )
      return refusal([`the pod ${nameOf(request)} was replaced meanwhile: try again`])
    return 'grant' in entered
      ? { allowed: true, grant: entered.grant }
      : refusal([
          `nobody may ${what} the guarded pod ${nameOf(request)} but in an emergency that another person approved: it would walk around every control; read its logs and status, or debug a copy without patient data (${entered.refused})`,
        ])
  })
}

/**
 * The same for stores, where the whole of the patients' records stands. The API server asks only about people who may
 * not write the HipaaMcpServers of the namespace (config/webhook): an editor of workloads is none of them.
 */
export async function judgeStoreConnect(request: Request, lookup: Lookup): Promise<Verdict> {
  return await judged(request, lookup, ({ metadata }, what) =>
    metadata.labels?.[storeLabel] === undefined
      ? allowed
      : refusal([
          `only who may write HipaaMcpServers of this namespace may ${what} the store ${nameOf(request)}: ask for its records through its server`,
        ]),
  )
}

async function judged(
  request: Request,
  lookup: Lookup,
  verdictOn: (pod: Pod, what: string) => Verdict | Promise<Verdict>,
): Promise<Verdict> {
  const pod = await lookup.pod(request.namespace, request.name ?? '')
  if (pod === undefined) return refusal([`there is no pod ${nameOf(request)}: check its name`])
  return await verdictOn(pod, words[request.subResource ?? ''] ?? 'connect to')
}

const nameOf = ({ namespace, name = '' }: Request): string => `${namespace}/${name}`

/** By label, which only admission sets, or by what runs in it: a pod older than its label is no less guarded. */
function guarded(pod: Pod): boolean {
  const names = (pod.spec.initContainers ?? []).map(({ name }) => name)
  return pod.metadata.labels?.[guardedLabel] !== undefined || names.includes(containers.sidecar)
}
