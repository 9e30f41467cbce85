// The network plugin (docs/cni.md). Stands last in the node's list: where a pod's guard may not set its packet filter,
// because Pod Security forbids NET_ADMIN, this sets it from outside, before any container of the pod exists. It is trusted
// with nothing: whatever it leaves out, the guard's proof finds, and the app does not start.

import { readFileSync } from 'node:fs'
import { argv, env, exit, stdout } from 'node:process'
import { type Enrolled, hostFiles } from './on-host.ts'
import {
  CniError,
  type Command,
  codes,
  errorText,
  type Invocation,
  invocationOf,
  versionText,
  wordsOf,
} from './protocol.ts'
import { fileIn } from './read-host.ts'

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
  CHECK: async (invocation, programs) => {
    await forEnrolled('check', invocation, programs)
    return ''
  },
  ADD: async (invocation, programs) => {
    await forEnrolled('add', invocation, programs)
    return JSON.stringify(invocation.prevResult)
  },
}

/** Everything that only a pod of an enrolled namespace needs is loaded for it alone. */
async function forEnrolled(
  what: 'add' | 'check',
  { pod, netns = '' }: Invocation,
  programs: string,
): Promise<void> {
  if (pod === undefined || enrolledIn(programs).namespaces?.includes(pod.namespace) === false) return
  const enrolledPod = await import('./enrolled-pod.ts')
  await enrolledPod[what](pod, netns, programs)
}

/** Without the list every pod is asked for: it may be one of an enrolled namespace. */
function enrolledIn(programs: string): Partial<Enrolled> {
  try {
    return fileIn(programs, hostFiles.enrolled, codes.tryAgain) as Enrolled
  } catch {
    return {}
  }
}

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
