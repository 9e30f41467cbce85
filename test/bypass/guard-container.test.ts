// The guard as it runs in a pod: one process that sets the filter as root and proves it as nobody, in a real kernel.

import { afterEach, beforeEach, expect } from 'vitest'
import { verifies } from '../verifies.ts'
import { PodNetwork } from './pod.ts'

let pod: PodNetwork
beforeEach(() => {
  pod = new PodNetwork()
})
afterEach(() => pod.remove())

verifies(
  'transit:guard-proved',
  'one container sets the filter and proves it without any right',
  async () => {
    const { status, stdout, stderr } = await pod.guard('set check')

    expect(stderr).toBe('')
    expect(status).toBe(0)
    expect(stdout).toMatch(
      /packet filter set for IPv4 and IPv6[^]*the check has no more rights than a tenant/,
    )
    // What was proved for it is proved for others.
    expect((await pod.guard('check')).status).toBe(0)
  },
)

verifies('transit:guard-proved', 'it fails where it cannot give up root, or keeps a right', async () => {
  for (const caps of ['-all,+net_admin', '-all,+net_admin,+setgid', '-all,+net_admin,+setuid']) {
    const { status, stderr } = await pod.guard('set check', { uid: 0, caps })
    expect(status, caps).toBe(1)
    expect(stderr, caps).toContain('EPERM')
  }
  const { status, stderr } = await pod.guard('check', { uid: 64_101 })
  expect(status).toBe(1)
  expect(stderr).toContain('not proved that the check has no more rights than a tenant: runs as user 64101')
})

verifies('transit:guard-proved', 'it proves nothing where it could not set the filter', async () => {
  const { status, stdout, stderr } = await pod.guard('set check', {
    uid: 0,
    caps: '-all,+setgid,+setuid',
  })

  expect(status).toBe(1)
  expect(stdout).toBe('')
  expect(stderr).toContain('packet filter cannot be set')
})

verifies('transit:guard-proved', 'it fails where what it set does not hold, in one line', async () => {
  // In a table that is not ours, which is not read back.
  pod.plant('iptables-nft', '-t mangle -A OUTPUT -d 127.64.0.0/10 -j DROP')

  const { status, stdout, stderr } = await pod.guard('set check')

  expect(status).toBe(1)
  expect(stdout).toContain('packet filter set')
  expect(stderr).toContain('not proved that a declared name leads to the sidecar')
  expect(stderr.trim().split('\n')).toHaveLength(1)
})
