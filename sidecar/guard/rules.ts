// The packet filter of a guarded pod (45 CFR 164.312(a)(1), 164.312(e)(1)), as text for iptables-restore. Pure.
//
// Who is hostile: every process of the pod but the sidecar, and whoever enters its network namespace (port-forward does,
// as root). They have no NET_ADMIN and no NET_RAW: a raw packet socket walks around any filter, so admission drops it.

import { dnsPort, egressRange, mostLoopback, ports, sidecarPorts, uids } from '../../core/identifiers.ts'

/**
 * `upstreamPort`: where the app listens. `discoveryPort`: where callers look for the metadata, if there is any. `loopback`:
 * ports on which containers of the pod speak with each other. `lastUser`: the highest user that the kernel knows in the
 * pod's user namespace; only with `loopback`.
 */
export type GuardConfig = {
  upstreamPort: number
  discoveryPort?: number
  loopback?: readonly number[]
  lastUser?: number
}

const sidecar = `-m owner --uid-owner ${uids.sidecar} --gid-owner ${uids.sidecar}`
const state = '-m conntrack --ctstate'
const resets = '-p tcp -m tcp --tcp-flags RST RST'

/** Of a connection of which the sidecar sent a packet, in conntrack. A bit that nobody else in a pod is known to use. */
const bit = '0x40000000'
const ours = `${bit}/${bit}`
/**
 * What begins with the same addresses and ports as a connection that is over is the same one to conntrack, and would inherit
 * its mark, whoever listens by now. So a beginning takes it away; while the sidecar lives, its next packet marks it again.
 */
const begins = `-A INPUT -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -j CONNMARK --set-xmark 0x0/${bit}`

/** From outside come calls and the kubelet's questions; the app's own port has no rule, so it stays shut. */
const inbound = ({ discoveryPort }: GuardConfig, refused: readonly string[] = []) => [
  // What travels on loopback was judged when it left, in OUTPUT.
  '-A INPUT -i lo -j ACCEPT',
  ...refused,
  begins,
  `-A INPUT ${state} ESTABLISHED -j ACCEPT`,
  `-A INPUT -p tcp -m tcp --dport ${ports.calls} -j ACCEPT`,
  `-A INPUT -p tcp -m tcp --dport ${ports.health} -j ACCEPT`,
  ...(discoveryPort === undefined ? [] : [`-A INPUT -p tcp -m tcp --dport ${ports.discovery} -j ACCEPT`]),
]

const ownerless = '-m owner ! --socket-exists'

/**
 * The sidecar may go anywhere; what its closed sockets still have to send has no owner any more and is told by its
 * connection, which the sidecar marked. A tenant's packet is never accepted for being ESTABLISHED alone: it could bind the
 * port that the sidecar just left, which /proc/net/udp shows to all, and inherit the sidecar's conversation with the
 * cluster's resolver. Nor is one without an owner: for a tenant that listens in the sidecar's place, with room for no
 * handshake, the kernel answers by cookies, which belong to no socket, and what it wrote is sent again after it closed.
 * No cookie leaves at all, not for the sidecar either: whoever has one repeats its acknowledgement after the sidecar died,
 * and is connected with whoever listens there by then, in a connection that is marked and never began anew.
 */
const outbound = [
  `-A OUTPUT ${sidecar} -j CONNMARK --set-xmark ${ours}`,
  `-A OUTPUT ${sidecar} -j ACCEPT`,
  `-A OUTPUT ${state} ESTABLISHED -m connmark --mark ${ours} ${ownerless} -j ACCEPT`,
  // The app's answers to the sidecar, the sidecar's port telling that nobody listens.
  `-A OUTPUT -o lo ${state} ESTABLISHED -m conntrack --ctdir REPLY -j ACCEPT`,
  `-A OUTPUT ${resets} ${state} ESTABLISHED -m conntrack --ctdir REPLY -j ACCEPT`,
  // What a tenant's closed socket still has to send to its neighbour: on loopback its connection was judged when it began.
  `-A OUTPUT -o lo ${state} ESTABLISHED ${ownerless} -j ACCEPT`,
]

/** Tenants reach two doors on loopback, after their ports were rewritten. 15021 is not one: /drain is not theirs to call. */
const doors = [
  `-A OUTPUT -d ${egressRange} -o lo -p tcp -m tcp --dport ${ports.egress} -j ACCEPT`,
  `-A OUTPUT -d 127.0.0.1/32 -o lo -p tcp -m tcp --dport ${ports.dns} -j ACCEPT`,
  `-A OUTPUT -d 127.0.0.1/32 -o lo -p udp -m udp --dport ${ports.dns} -j ACCEPT`,
]

/**
 * Tenants speak with each other on the declared ports and no other. Not root: whoever enters the network namespace from
 * outside, as port-forward does, comes as root of the node, which is no user of 1 and above in any user namespace.
 * `localhost` is 127.0.0.1 and ::1 in a pod's /etc/hosts, and clients take whichever stands first.
 */
const between = ({ loopback = [], lastUser = 65_535 }: GuardConfig, self: string) =>
  loopback.map(
    (port) =>
      `-A OUTPUT -d ${self} -o lo -p tcp -m tcp --dport ${port} -m owner --uid-owner 1-${lastUser} -j ACCEPT`,
  )

/** Refusals are packets too, and must reach the process that is refused: it fails at once instead of waiting. */
const refusals = (icmp: string, unreachable: string) => [
  `-A OUTPUT -o lo ${resets} ${state} RELATED -j ACCEPT`,
  `-A OUTPUT -o lo -p ${icmp} ${state} RELATED -j ACCEPT`,
  // Nobody waits to be told.
  `-A OUTPUT ${ownerless} -j DROP`,
  '-A OUTPUT -p tcp -j REJECT --reject-with tcp-reset',
  `-A OUTPUT -j REJECT --reject-with ${unreachable}`,
]

/** Errors about our own packets: too big, unreachable, expired. Nothing else is RELATED to us. */
const icmpErrors = ['3', '11', '12'].map(
  (type) => `-A INPUT -p icmp -m icmp --icmp-type ${type} ${state} RELATED -j ACCEPT`,
)
const icmp6Errors = ['1', '2', '3', '4'].map(
  (type) => `-A INPUT -p ipv6-icmp -m icmp6 --icmpv6-type ${type} ${state} RELATED -j ACCEPT`,
)
/**
 * Every interface has an address of its own on its link, which no pod's status tells and no NetworkPolicy names: neighbours
 * would reach the pod by it whatever the policies say.
 */
const notByLink = ['-s', '-d'].map((side) => `-A INPUT ${side} fe80::/10 -p tcp -j DROP`)
/**
 * Without asking for each other's link addresses (RFC 4861) there is no IPv6 at all. The kernel speaks it; a ping socket
 * cannot. Not the rest of neighbour discovery: a router's word (134) would give the pod an address that no pod's status
 * tells and a way out by whoever sends it, and so would a redirect (137). The pod does not ask for a router (133) either.
 */
const neighbours = ['INPUT', 'OUTPUT'].flatMap((chain) =>
  ['135', '136'].map((type) => `-A ${chain} -p ipv6-icmp -m icmp6 --icmpv6-type ${type} -j ACCEPT`),
)

/** Calls to the app's port come to the sidecar, and so do those to the discovery port. Not on loopback: there the sidecar itself calls the app. */
const redirects = ({ upstreamPort, discoveryPort }: GuardConfig) =>
  [[upstreamPort, ports.calls] as const, [discoveryPort, ports.discovery] as const]
    .filter(([from]) => from !== undefined)
    .map(([from, to]) => `-A PREROUTING ! -i lo -p tcp -m tcp --dport ${from} -j REDIRECT --to-ports ${to}`)

/**
 * Names become addresses of this range. DNAT to a port alone keeps the address, so that the listener sees in
 * `socket.localAddress` which name was meant; REDIRECT would lose it.
 */
const names = [
  `-A OUTPUT -d ${egressRange} -p tcp -j DNAT --to-destination :${ports.egress}`,
  `-A OUTPUT -d 127.0.0.1/32 -p udp -m udp --dport ${dnsPort} -j DNAT --to-destination 127.0.0.1:${ports.dns}`,
  `-A OUTPUT -d 127.0.0.1/32 -p tcp -m tcp --dport ${dnsPort} -j DNAT --to-destination 127.0.0.1:${ports.dns}`,
]

const table = (name: string, chains: readonly string[], lines: readonly string[]) => [
  `*${name}`,
  ...chains.map((chain) => `:${chain} [0:0]`),
  ...lines,
  'COMMIT',
]
const filter = (lines: readonly string[]) =>
  table('filter', ['INPUT DROP', 'FORWARD DROP', 'OUTPUT DROP'], lines)
const nat = (lines: readonly string[]) =>
  table('nat', ['PREROUTING ACCEPT', 'INPUT ACCEPT', 'OUTPUT ACCEPT', 'POSTROUTING ACCEPT'], lines)

const free = (port: number): boolean =>
  Number.isInteger(port) && port >= 1 && port <= 65_535 && !sidecarPorts.includes(port)

const text = (lines: readonly string[]) => `${lines.join('\n')}\n`

/**
 * Texts for iptables-restore and ip6tables-restore. Each table is committed as one; `filter` stands first, so that
 * nothing is rewritten before everything is shut. IPv6 has no names: there the app reaches declared ports of `::1` alone.
 * Throws for a port that is not the app's to have.
 */
export function rules(config: GuardConfig): { v4: string; v6: string } {
  const { upstreamPort, discoveryPort, loopback = [] } = config
  if (!free(upstreamPort)) {
    throw new RangeError(
      `The app's port must be between 1 and 65535 and none of ${sidecarPorts.join(', ')}: set spec.workload.port to where the app listens`,
    )
  }
  if (discoveryPort !== undefined && (!free(discoveryPort) || discoveryPort === upstreamPort)) {
    throw new RangeError(
      `The discovery port must be between 1 and 65535, none of ${sidecarPorts.join(', ')}, and not the app's: change spec.tls.discovery.port`,
    )
  }
  const reserved: readonly unknown[] = [upstreamPort, discoveryPort, dnsPort]
  if (
    loopback.length > mostLoopback ||
    new Set(loopback).size < loopback.length ||
    loopback.some((port) => !free(port) || reserved.includes(port))
  ) {
    throw new RangeError(
      `Ports on loopback must be ${mostLoopback} different ones at most, between 1 and 65535, none of ${sidecarPorts.join(', ')} and ${dnsPort}, and neither the app's nor the discovery port: change spec.workload.loopback`,
    )
  }
  return {
    v4: text([
      ...filter([
        ...inbound(config),
        ...icmpErrors,
        ...outbound,
        ...doors,
        ...between(config, '127.0.0.1/32'),
        ...refusals('icmp', 'icmp-port-unreachable'),
      ]),
      ...nat([...redirects(config), ...names]),
    ]),
    v6: text([
      ...filter([
        ...inbound(config, notByLink),
        ...icmp6Errors,
        ...outbound,
        ...neighbours,
        ...between(config, '::1/128'),
        ...refusals('ipv6-icmp', 'icmp6-port-unreachable'),
      ]),
      ...nat(redirects(config)),
    ]),
  }
}
