// Waiting for pods on a cluster that may lack what they need: the reason is in the pods and the events, not in the wait.

import type { Kubectl } from './kubectl.ts'

type Waiting = { state?: { waiting?: { reason?: string; message?: string } } }
export type Pod = {
  metadata: { name: string }
  status?: {
    conditions?: { type: string; status: string; message?: string }[]
    containerStatuses?: Waiting[]
    initContainerStatuses?: Waiting[]
  }
}
export type Warning = { reason?: string; note?: string; regarding?: { name?: string } }

/** What to do about a reason, by its words. */
const advice: readonly [RegExp, string][] = [
  [
    /ErrImagePull|ImagePullBackOff/,
    'The nodes must reach and trust the registry that PUSH names, and be let in without a login',
  ],
  [
    /PersistentVolumeClaim|ProvisioningFailed/i,
    'STORAGE_CLASS must name a class whose provisioner runs: kubectl describe pvc -A',
  ],
  [
    /PodSecurity|is forbidden|denied the request/,
    'The cluster’s own admission refuses the demo’s pods: take a cluster without such rules, or exempt the namespace',
  ],
  [/Insufficient|didn't match|untolerated/, 'The cluster has no room for the demo’s pods: add a node'],
]

const pulls = /ErrImagePull|ImagePullBackOff/

/** Why pods of a namespace do not start, in kubectl's words, and what to do about it. Empty when nothing is seen. */
export function whyNot(pods: readonly Pod[], warnings: readonly Warning[]): string {
  const reasons = pods.flatMap(({ metadata, status = {} }) => [
    ...[...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])].flatMap(({ state }) => {
      const { reason, message = '' } = state?.waiting ?? {}
      return reason === undefined || reason === 'PodInitializing' || reason === 'ContainerCreating'
        ? []
        : [`${metadata.name}: ${reason} ${message}`.trim()]
    }),
    ...(status.conditions ?? []).flatMap(({ type, status: value, message }) =>
      type === 'PodScheduled' && value === 'False'
        ? [`${metadata.name}: ${message ?? 'is not scheduled'}`]
        : [],
    ),
  ])
  const told = warnings.flatMap(({ reason = '', note = '', regarding }) =>
    /^(Failed|Provisioning)/.test(reason) ? [`${regarding?.name ?? ''}: ${reason} ${note}`] : [],
  )
  // Events repeat what pods say, and tell of what is over: they count where pods say nothing, as when none may be made.
  const shown = [...new Set(reasons.length > 0 ? reasons : told.slice(-3))].map((line) => line.slice(0, 400))
  const help = advice.find(([pattern]) => pattern.test([...shown, ...told].join('\n')))?.[1]
  return [...shown, ...(help === undefined ? [] : [help])].join('. ')
}

/** Why pods of a namespace do not start, as the cluster tells it now. */
export async function whyNotIn(kubectl: Kubectl, namespace: string): Promise<string> {
  const pods = await kubectl.get<{ items: Pod[] }>('pods', '-n', namespace)
  const events = await kubectl.get<{ items: Warning[] }>(
    'events.events.k8s.io',
    '-n',
    namespace,
    '--field-selector=type!=Normal',
  )
  return whyNot(pods?.items ?? [], events?.items ?? [])
}

const slice = 10

/**
 * Until a workload (`deployment/name`) has rolled out. Rejects after `seconds`, or as soon as an image cannot be pulled,
 * with why and what to do.
 */
export async function rolledOut(
  kubectl: Kubectl,
  namespace: string,
  workload: string,
  seconds: number,
): Promise<void> {
  const deadline = performance.now() + seconds * 1_000
  for (;;) {
    const left = (deadline - performance.now()) / 1_000
    const timeout = `--timeout=${Math.max(1, Math.min(slice, Math.ceil(left)))}s`
    const seen = await kubectl.attempt(['rollout', 'status', workload, '-n', namespace, timeout])
    if (seen.code === 0) return
    const why = await whyNotIn(kubectl, namespace)
    if (performance.now() > deadline || pulls.test(why))
      throw new Error(`${workload} in ${namespace} does not start. ${why || seen.stderr}`)
  }
}
