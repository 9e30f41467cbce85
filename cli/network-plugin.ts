// The network plugin of nodes, which namespaces need whose Pod Security forbids NET_ADMIN. Pure: from what was read to lines.

import { cniPlugin } from '../core/identifiers.ts'
import { podSecurityLabel, podSecurityOf } from '../core/pod-security.ts'
import type { Check } from './doctor/check.ts'
import type { Read } from './kube.ts'

/** Its namespace is called like itself. */
export const pluginPath = `/apis/apps/v1/namespaces/${cniPlugin}/daemonsets/${cniPlugin}`
export type PluginSet = { status?: { desiredNumberScheduled?: number; numberReady?: number } }

type Labels = { readonly [name: string]: string }

/** Whether guarded pods of a namespace with these labels need it. */
export const needsPlugin = (labels: Labels): boolean => podSecurityOf(labels) !== 'privileged'

const advice = 'kubectl apply -k config/cni (docs/cni.md)'

/** Whether it is on every node, and what to do. */
export function pluginStanding(read: Read<PluginSet>): Pick<Check, 'state' | 'says'> {
  if ('absent' in read) return { state: 'wrong', says: `the DaemonSet ${cniPlugin} is not there: ${advice}` }
  if ('denied' in read)
    return {
      state: 'unknown',
      says: `you may not see whether the DaemonSet ${cniPlugin} is on every node (${read.denied})`,
    }
  const { desiredNumberScheduled: nodes = 0, numberReady: ready = 0 } = read.found.status ?? {}
  return ready < nodes || nodes === 0
    ? {
        state: 'wrong',
        says: `the DaemonSet ${cniPlugin} is ready on ${ready} of ${nodes} nodes, and on the others guarded pods do not start: kubectl logs -n ${cniPlugin} daemonset/${cniPlugin} says why`,
      }
    : { state: 'ok', says: `the DaemonSet ${cniPlugin} is ready on ${nodes} of ${nodes} nodes` }
}

/** Undefined where no namespace needs it. `namespaces`: the enrolled ones, with their labels. */
export function pluginCheck(
  read: Read<PluginSet>,
  namespaces: readonly { metadata: { name: string; labels?: Labels } }[],
): Check | undefined {
  const needing = namespaces
    .filter(({ metadata }) => needsPlugin(metadata.labels ?? {}))
    .map(({ metadata }) => metadata.name)
  if (needing.length === 0) return undefined
  const { state, says } = pluginStanding(read)
  return {
    part: 'installation',
    name: 'network plugin',
    state,
    says: `${says}. It sets the packet filter in ${needing.join(', ')}, whose ${podSecurityLabel} forbids NET_ADMIN`,
  }
}
