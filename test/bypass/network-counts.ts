// What the test node's network plugin counts of what it refuses: kube-router has a rule for each pod that some NetworkPolicy
// selects, which refuses what none of them lets through. It writes its rules anew after a change of policies or pods, and every
// five minutes: then the counts begin at nothing.

import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)

const refusing = /^\[(\d+):\d+\] .*"rule to REJECT traffic destined for POD name:(\S+) namespace: (\S+)"/

/** Packets that were refused to and from a pod so far, of both families. `netns`: the node's. */
export async function refusedOf(netns: string, namespace: string, name: string): Promise<number> {
  const saved = ['iptables-save', 'ip6tables-save'].map(
    async (program) => (await run('nsenter', [`--net=${netns}`, program, '-c', '-t', 'filter'])).stdout,
  )
  return (await Promise.all(saved))
    .flatMap((text) => text.split('\n'))
    .map((line) => refusing.exec(line))
    .filter((found) => found?.[2] === name && found[3] === namespace)
    .reduce((sum, found) => sum + Number(found?.[1]), 0)
}

/** The network namespace of a pod of this machine, by one of its processes. */
export async function networkOf(uid: string): Promise<string> {
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const group = await readFile(`/proc/${pid}/cgroup`, 'utf8').catch(() => '')
    if (group.includes(uid) || group.includes(uid.replaceAll('-', '_'))) return `/proc/${pid}/ns/net`
  }
  throw new Error(`No process of the pod ${uid} runs here`)
}
