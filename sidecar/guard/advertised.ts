// What a router's advertisement left in the pod before the packet filter stood (RFC 4862): from then on none is heard, but
// an address and a way out that came by one would stay.

import { existsSync, readFileSync } from 'node:fs'

/** Of the kernel's linux/if_addr.h: an address that somebody gave, and that does not end of itself. */
const permanent = 0x80
/** Of linux/ipv6_route.h: a route that came by an advertisement. */
const byAdvertisement = 0x4_0000

/** In words, of this network namespace; undefined: nothing. */
export function advertisedHere(): string | undefined {
  return advertisedIn(textOf('/proc/net/if_inet6'), textOf('/proc/net/ipv6_route'))
}

/** A kernel without IPv6 has neither. */
const textOf = (path: string): string => (existsSync(path) ? readFileSync(path, 'utf8') : '')

/** Of the texts of `/proc/net/if_inet6` and `/proc/net/ipv6_route`. */
export function advertisedIn(addresses: string, routes: string): string | undefined {
  for (const line of linesOf(addresses)) {
    const [, , , , flags = '0', device = ''] = line
    if ((hex(flags) & permanent) === 0)
      return `${device} has an IPv6 address for a time, as by a router advertisement`
  }
  for (const line of linesOf(routes)) {
    const [flags = '0', device = ''] = line.slice(-2)
    if ((hex(flags) & byAdvertisement) !== 0) return `${device} has an IPv6 route by a router advertisement`
  }
  return undefined
}

const linesOf = (text: string): string[][] =>
  text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => line.trim().split(/\s+/))
const hex = (text: string): number => Number.parseInt(text, 16)
