// Which addresses a name may lead to. A name is the owner's to point anywhere: at the pod itself, at the cloud's metadata
// service, at a neighbour in the cluster (DNS rebinding). Judged here, once, and the judged address is the dialled one.

import { BlockList, isIPv4, isIPv6 } from 'node:net'

/** Ranges of addresses, CIDR. */
export type Ranges = readonly string[]

/** Every address of IPv4 and IPv6. */
export const anywhere: Ranges = ['0.0.0.0/0', '::/0']

/** Nobody's to offer as a service: the pod itself, its link, its node, everybody at once, or nothing at all. */
const never = blockList([
  '0.0.0.0/8',
  '127.0.0.0/8',
  // Link-local, with the metadata service of most clouds.
  '169.254.0.0/16',
  '224.0.0.0/4',
  '240.0.0.0/4',
  // Metadata and host services of clouds at other addresses: Azure, Alibaba, Oracle; AWS and Google over IPv6.
  '168.63.129.16/32',
  '100.100.100.200/32',
  '192.0.0.192/32',
  'fd00:ec2::/32',
  'fd20:ce::254/128',
  // Unspecified, loopback, and IPv4 written as IPv6 in the form that was given up (RFC 4291 2.5.5.1).
  '::/96',
  'fe80::/10',
  'fec0::/10',
  'ff00::/8',
  // Translated by a gateway of the network's own, to an IPv4 address that nobody here can tell (RFC 8215).
  '64:ff9b:1::/48',
  // Teredo carries an address of somebody's behind a NAT (RFC 4380).
  '2001::/32',
  '100::/64',
])

/** Of one network, this cluster's among them: no third party is there, unless its agreement says so. */
const inside = blockList([
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '100.64.0.0/10',
  '192.0.0.0/24',
  '192.88.99.0/24',
  '198.18.0.0/15',
  // Services of a cluster of Google's, in each of them the same.
  '34.118.224.0/20',
  'fc00::/7',
])

/**
 * Whether a connection may go to this address. `allowed`: ranges of one network that are meant; they open nothing that is
 * nobody's to offer. An IPv6 address that holds an IPv4 address (mapped, NAT64, 6to4) is judged as that one.
 */
export function mayDial(address: string, allowed: Ranges): boolean {
  const place = placeOf(address)
  if (place.is !== 'inside') return place.is === 'public'
  return allowed === anywhere || blockList(allowed).check(place.plain, place.kind)
}

/** Where an address is, whoever asks. */
type Place = { is: 'nowhere' | 'public' } | { is: 'inside'; plain: string; kind: 'ipv4' | 'ipv6' }

/** Those of before, so many at most: an app comes back to the same ones. */
const places = new Map<string, Place>()
const mostPlaces = 1_024

function placeOf(address: string): Place {
  const known = places.get(address)
  if (known !== undefined) return known
  const place = judged(address)
  if (places.size >= mostPlaces) places.clear()
  places.set(address, place)
  return place
}

function judged(address: string): Place {
  const plain = embedded(address) ?? address
  const kind = kindOf(plain)
  if (kind === undefined || never.check(plain, kind)) return { is: 'nowhere' }
  return inside.check(plain, kind) ? { is: 'inside', plain, kind } : { is: 'public' }
}

/** Whether a store may be at this address: of one network, since a Service of the cluster may be an alias of anything. */
export function mayBeStore(address: string): boolean {
  return mayDial(address, anywhere) && !mayDial(address, [])
}

/** The IPv4 address within an IPv6 address, where the network would deliver it there. */
function embedded(address: string): string | undefined {
  const groups = groupsOf(address)
  if (groups === undefined) return undefined
  const [a = 0, b = 0, c = 0] = groups
  const zeros = (from: number, to: number): boolean => groups.slice(from, to).every((group) => group === 0)
  if (zeros(0, 5) && groups[5] === 0xffff) return dotted(groups[6], groups[7])
  // IPv4-translated (RFC 2765).
  if (zeros(0, 4) && groups[4] === 0xffff && groups[5] === 0) return dotted(groups[6], groups[7])
  if (a === 0x64 && b === 0xff9b && zeros(2, 6)) return dotted(groups[6], groups[7])
  return a === 0x2002 ? dotted(b, c) : undefined
}

/** The eight groups of an IPv6 address; undefined for anything else. */
function groupsOf(address: string): number[] | undefined {
  if (!isIPv6(address)) return undefined
  // As a URL writes it: compressed, and without dots.
  const [head = '', tail] = new URL(`http://[${address.replace(/%.*$/, '')}]/`).hostname
    .slice(1, -1)
    .split('::')
  const before = read(head)
  const after = read(tail ?? '')
  return [...before, ...Array.from({ length: 8 - before.length - after.length }, () => 0), ...after]
}

function read(text: string): number[] {
  return text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16))
}

function dotted(high = 0, low = 0): string {
  return [high >> 8, high & 255, low >> 8, low & 255].join('.')
}

function kindOf(address: string): 'ipv4' | 'ipv6' | undefined {
  if (isIPv4(address)) return 'ipv4'
  // A zone names a link of ours.
  return isIPv6(address) && !address.includes('%') ? 'ipv6' : undefined
}

function blockList(ranges: Ranges): BlockList {
  const list = new BlockList()
  for (const range of ranges) {
    const [network = '', width = ''] = range.split('/')
    const kind = kindOf(network)
    // A range that is none opens nothing.
    if (kind !== undefined && /^[0-9]{1,3}$/.test(width) && Number(width) <= (kind === 'ipv4' ? 32 : 128))
      list.addSubnet(network, Number(width), kind)
  }
  return list
}
