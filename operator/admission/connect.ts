// exec, attach, port-forward and proxy into guarded pods. The API server sends the options of such a call and neither the
// pod nor its labels, so the pod is looked up here. Refused for all: who may break the glass, and how, comes later.

import { containers, guardedLabel } from '../../core/identifiers.ts'
import type { Lookup } from './judge.ts'
import type { Pod } from './pod.ts'
import { allowed, type Request, refusal, type Verdict } from './review.ts'

const words: { [subresource: string]: string } = {
  exec: 'exec into',
  attach: 'attach to',
  portforward: 'port-forward into',
  proxy: 'proxy to',
}

/** Validating webhook, CONNECT. Bystanders and stores are let through; a pod that cannot be read is not. */
export async function judgeConnect(request: Request, lookup: Lookup): Promise<Verdict> {
  const pod = await lookup.pod(request.namespace, request.name ?? '')
  if (pod === undefined)
    return refusal([`there is no pod ${request.namespace}/${request.name ?? ''}: check its name`])
  if (!guarded(pod)) return allowed
  const what = words[request.subResource ?? ''] ?? 'connect to'
  return refusal([
    `nobody may ${what} the guarded pod ${request.namespace}/${request.name ?? ''}: it would walk around every control and leave no record; read its logs and status, or debug a copy without patient data`,
  ])
}

/** By label, which only admission sets, or by what runs in it: a pod older than its label is no less guarded. */
function guarded(pod: Pod): boolean {
  const names = (pod.spec.initContainers ?? []).map(({ name }) => name)
  return pod.metadata.labels?.[guardedLabel] !== undefined || names.includes(containers.sidecar)
}
