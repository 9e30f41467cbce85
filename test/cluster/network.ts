// The node's network namespace: one veth pair joins it to the host, and the host finds pods and Services through it.

import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from '../../config/image/run.ts'
import type { Slot } from './slot.ts'

/** The file that holds the node's network namespace; for `nsenter --net=`. */
export const netnsOf = (state: string): string => join(state, 'netns')

/** The gateway of the pods' bridge too is alone with its address: the first pod would wait for it. */
const forwardingIPv6 = ['net.ipv6.conf.all.forwarding=1', 'net.ipv6.conf.default.accept_dad=0']

/** Makes the namespace with its link, addresses and routes. Nothing in it reaches further than the host. */
export async function makeNetwork(slot: Slot): Promise<void> {
  const { link, addresses } = slot
  const netns = netnsOf(slot.state)
  await mkdir(slot.state, { recursive: true })
  await writeFile(netns, '')
  // unshare, not "ip netns add": the latter turns /run/netns into a mount point that stays behind.
  await run('unshare', [`--net=${netns}`, 'true'])
  const inside = async (...args: string[]): Promise<string> =>
    await run('nsenter', [`--net=${netns}`, 'ip', ...args])
  await run('ip', ['link', 'add', link, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', netns])
  for (const { family, hostIP, nodeIP, linkBits } of addresses) {
    // Nobody else is on this link: an address need not wait until it is sure to be alone.
    const alone = family === 'IPv6' ? ['nodad'] : []
    await run('ip', ['addr', 'add', `${hostIP}/${linkBits}`, 'dev', link, ...alone])
    await inside('addr', 'add', `${nodeIP}/${linkBits}`, 'dev', 'eth0', ...alone)
  }
  await run('ip', ['link', 'set', link, 'up'])
  await inside('link', 'set', 'eth0', 'up')
  await inside('link', 'set', 'lo', 'up')
  for (const { hostIP, nodeIP, podRange, serviceRange } of addresses) {
    await inside('route', 'add', 'default', 'via', hostIP)
    for (const range of [podRange, serviceRange]) await run('ip', ['route', 'replace', range, 'via', nodeIP])
  }
  // One write for each setting: the namespace has its own, the host's stay as they are.
  await run('nsenter', [
    `--net=${netns}`,
    'sysctl',
    '-qw',
    'net.ipv4.ip_forward=1',
    ...(addresses.some(({ family }) => family === 'IPv6') ? forwardingIPv6 : []),
  ])
}
