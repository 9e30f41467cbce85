// The network plugin (docs/cni.md). Stands last in the node's list: where a pod's guard may not set its packet filter,
// because Pod Security forbids NET_ADMIN, this sets it from outside, before any container of the pod exists. It is trusted
// with nothing: whatever it leaves out, the guard's proof finds, and the app does not start.

import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { argv, env, exit, stdout } from 'node:process'
import { filterFaults, setGuard } from '../guard/set.ts'
import { read } from './api-server.ts'
import { filterFor, type SeenPod } from './guarded.ts'
import { filterIn } from './in-pod.ts'
import { type Access, type Enrolled, hostFiles } from './on-host.ts'
import {
  CniError,
  type Command,
  codes,
  errorText,
  type Invocation,
  invocationOf,
  type PodName,
  versionText,
} from './protocol.ts'

/** `programs`: the folder of this version. Each resolves to what goes to standard output. */
const answers: {
  readonly [command in Command]: (invocation: Invocation, programs: string) => Promise<string> | string
} = {
  VERSION: ({ cniVersion }) => versionText(cniVersion),
  STATUS: (_, programs) => {
    // Nothing of the API server: while it is away, pods of namespaces that are not enrolled start all the same.
    for (const name of Object.values(hostFiles)) fileIn(programs, name, codes.notAvailable)
    return ''
  },
  CHECK: async ({ pod, netns = '' }, programs) => {
    if (pod !== undefined) await check(pod, netns, programs)
    return ''
  },
  ADD: async ({ pod, netns = '', prevResult }, programs) => {
    if (pod !== undefined) await add(pod, netns, programs)
    return JSON.stringify(prevResult)
  },
}

async function add(pod: PodName, netns: string, programs: string): Promise<void> {
  const config = await wanted(pod, programs)
  if (config === undefined) return
  try {
    setGuard(config, filterIn(programs, netns))
  } catch (error) {
    throw new CniError(codes.filter, wordsOf(error))
  }
}

async function check(pod: PodName, netns: string, programs: string): Promise<void> {
  const config = await wanted(pod, programs)
  if (config === undefined) return
  const faults = filterFaults(config, filterIn(programs, netns))
  if (faults.length > 0) throw new CniError(codes.filter, faults.join('; '))
}

/** What this pod's filter is to be; undefined where it is nothing of ours. */
async function wanted(pod: PodName, programs: string): ReturnType<typeof ask> {
  const { namespaces } = enrolledIn(programs)
  return namespaces?.includes(pod.namespace) === false ? undefined : await ask(pod, programs)
}

/** Without the list every pod is asked for: it may be one of an enrolled namespace. */
function enrolledIn(programs: string): Partial<Enrolled> {
  try {
    return fileIn(programs, hostFiles.enrolled, codes.tryAgain) as Enrolled
  } catch {
    return {}
  }
}

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

function fileIn(programs: string, name: string, code: number): unknown {
  try {
    return JSON.parse(readFileSync(join(dirname(programs), name), 'utf8')) as unknown
  } catch (error) {
    throw new CniError(
      code,
      `${name} of the node cannot be read (${wordsOf(error)}): does the DaemonSet hipaa-mcp-cni run on this node?`,
    )
  }
}

const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

const stdin = readFileSync(0, 'utf8')
try {
  const invocation = invocationOf(env, stdin)
  const text = await answers[invocation.command](invocation, argv[2] ?? '')
  if (text !== '') stdout.write(`${text}\n`)
} catch (error) {
  const fault = error instanceof CniError ? error : new CniError(codes.tryAgain, wordsOf(error))
  const [, version = '1.0.0'] = /"cniVersion"\s*:\s*"([^"]*)"/.exec(stdin) ?? []
  stdout.write(`${errorText(version, fault)}\n`)
  exit(1)
}
