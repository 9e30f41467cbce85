// What is done for a pod whose namespace is enrolled. Loaded for those alone: TLS and the filter's rules cost more than all
// that other pods of the node wait for.

import { filterFaults, setGuard } from '../guard/set.ts'
import { read } from './api-server.ts'
import { filterFor, type SeenPod } from './guarded.ts'
import { filterIn } from './in-pod.ts'
import { type Access, hostFiles } from './on-host.ts'
import { CniError, codes, type PodName, wordsOf } from './protocol.ts'
import { fileIn } from './read-host.ts'

/** Sets the filter, where the pod is one that wants it of the plugin. */
export async function add(pod: PodName, netns: string, programs: string): Promise<void> {
  const config = await ask(pod, programs)
  if (config === undefined) return
  try {
    setGuard(config, filterIn(programs, netns))
  } catch (error) {
    throw new CniError(codes.filter, wordsOf(error))
  }
}

/** Compares it. */
export async function check(pod: PodName, netns: string, programs: string): Promise<void> {
  const config = await ask(pod, programs)
  if (config === undefined) return
  const faults = filterFaults(config, filterIn(programs, netns))
  if (faults.length > 0) throw new CniError(codes.filter, faults.join('; '))
}

/** What this pod's filter is to be; undefined where it is nothing of ours. */
async function ask(pod: PodName, programs: string) {
  const access = fileIn(programs, hostFiles.access, codes.tryAgain) as Access
  const { namespace, name } = pod
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}`
  const seen = await read(access, path).catch((error: unknown) => {
    throw new CniError(
      codes.tryAgain,
      `whether ${namespace}/${name} is guarded is not known, so it does not start: ${wordsOf(error)}; does the DaemonSet hipaa-mcp-cni run on this node?`,
    )
  })
  if (seen === undefined)
    throw new CniError(codes.tryAgain, `there is no pod ${namespace}/${name}: it was deleted meanwhile`)
  return filterFor(seen as SeenPod, pod)
}
