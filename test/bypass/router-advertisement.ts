// A neighbour who calls itself a router (RFC 4861, 4.2): every IPv6 host on the link that listens takes an address and its
// way out from it.

import { expect } from 'vitest'
import type { PodNetwork } from './pod.ts'

/** The network that the false router offers. */
const offered = 'fd66::'

/** Node opens no raw socket. Type 134 with a lifetime of half an hour, and the prefix `offered`/64 for addresses on the link. */
const send = `
use Socket qw(:DEFAULT :addrinfo);
socket(my $raw, AF_INET6, SOCK_RAW, 58) or die "socket: $!";
setsockopt($raw, 41, 18, pack('i', 255)) or die "hops: $!";
open(my $file, '<', '/sys/class/net/eth0/ifindex') or die "eth0: $!";
chomp(my $link = <$file>);
my $advertisement = pack('CCnCCnNN', 134, 0, 0, 64, 0, 1800, 0, 0)
  . pack('CCCCNNN', 3, 4, 64, 0xc0, 86400, 14400, 0) . Socket::inet_pton(AF_INET6, '${offered}');
send($raw, $advertisement, 0, Socket::pack_sockaddr_in6(0, Socket::inet_pton(AF_INET6, 'ff02::1'), $link)) or die "send: $!";
`

/** From the outside of a pod, as root with NET_RAW, to everybody on the link. Throws where it cannot be sent. */
export async function advertiseRouter(pod: PodNetwork): Promise<void> {
  // Nobody speaks or listens to a router without an address of its link.
  for (const side of ['outside', 'pod'] as const) await pod.linkLocal(side)
  const { status, stderr } = await pod.run('outside', { uid: 0, caps: '+all' }, ['perl', '-e', send])
  if (status !== 0) throw new Error(`no advertisement was sent: ${stderr}`)
}

/** What the pod has of it: its addresses in the network that was offered, and its routes by a router that told of itself. */
export async function takenByPod(pod: PodNetwork): Promise<string[]> {
  const asked = ['-6 addr show dev eth0', '-6 route show proto ra'].map(
    async (command) => (await pod.run('pod', { uid: 0, caps: '+all' }, ['ip', ...command.split(' ')])).stdout,
  )
  return (await Promise.all(asked))
    .flatMap((listed) => listed.split('\n'))
    .filter((line) => line.includes(`inet6 ${offered}`) || /proto ra|^default/.test(line))
    .map((line) => line.trim())
}

/** Advertises until the pod took both an address and a way out. */
export async function advertiseUntilTaken(pod: PodNetwork): Promise<void> {
  await expect
    .poll(
      async () => {
        await advertiseRouter(pod)
        return (await takenByPod(pod)).length
      },
      { timeout: 30_000, interval: 500 },
    )
    .toBeGreaterThan(1)
}
