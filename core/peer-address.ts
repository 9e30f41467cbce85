// The address of who connects: spelled in one way for records, and the network that it is of. A host of IPv6 is given a
// whole /64 (RFC 7421), so that one who may choose has 2^64 addresses: what each address may have, a network may not have
// as often as it likes.

/**
 * The address as a pod's status and a record write it: an IPv4 address that came over an IPv6 socket (`::ffff:10.1.2.3`)
 * is an IPv4 address, and the name of our own interface behind a link-local one (`fe80::1%eth0`) says nothing of the peer.
 * `unknown` where there is none.
 */
export function plainAddress(address: string | undefined): string {
  if (address === undefined || address === '') return 'unknown'
  return address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '')
}

/** The /64 of a plain IPv6 address, as CIDR; an IPv4 address, or what is none, is its own. */
export function networkOf(address: string): string {
  if (!URL.canParse(`http://[${address}]/`)) return address
  // As a URL writes it: compressed, and without dots.
  const [head = '', tail] = new URL(`http://[${address}]/`).hostname.slice(1, -1).split('::')
  const before = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0')
  const [a, b, c, d] = [...before, ...zeros, ...after]
  // Compressed in its turn, as RFC 5952 has it.
  return `${new URL(`http://[${a}:${b}:${c}:${d}::]/`).hostname.slice(1, -1)}/64`
}
