// The addresses of a cluster, one set for each family that it speaks.

import { existsSync, readFileSync } from 'node:fs'

export type Family = 'IPv4' | 'IPv6'

/** A cluster's addresses of one family. Ranges are CIDR, the rest bare addresses. */
export type Addresses = {
  family: Family
  hostIP: string
  nodeIP: string
  /** Bits of the network that the node and the host share. */
  linkBits: number
  podRange: string
  /** The node's share of the pod range, as the controller manager gives it to the first node. */
  nodePods: string
  serviceRange: string
  /** The API server's Service, and the cluster's DNS server. */
  apiServiceIP: string
  dnsIP: string
}

/** Of the cluster with this number, 0 to 15. None of IPv6 is routed anywhere: all are unique local addresses (RFC 4193). */
export const addressesOf: { readonly [family in Family]: (number: number) => Addresses } = {
  IPv4: (number) => ({
    family: 'IPv4',
    hostIP: `10.99.${number}.1`,
    nodeIP: `10.99.${number}.2`,
    linkBits: 24,
    podRange: `10.${128 + number}.0.0/16`,
    nodePods: `10.${128 + number}.0.0/24`,
    serviceRange: `10.${144 + number}.0.0/16`,
    apiServiceIP: `10.${144 + number}.0.1`,
    dnsIP: `10.${144 + number}.0.10`,
  }),
  IPv6: (number) => {
    const prefix = `fd10:99:${number.toString(16)}`
    return {
      family: 'IPv6',
      hostIP: `${prefix}::1`,
      nodeIP: `${prefix}::2`,
      linkBits: 64,
      podRange: `${prefix}:100::/56`,
      nodePods: `${prefix}:100::/64`,
      serviceRange: `${prefix}:200::/112`,
      apiServiceIP: `${prefix}:200::1`,
      dnsIP: `${prefix}:200::a`,
    }
  },
}

/** An address as a URL, or a listener's `host:port`, writes it. */
export const inUrl = (address: string): string => (address.includes(':') ? `[${address}]` : address)

/** Which families a new cluster speaks, the first one first: what HIPAA_MCP_CLUSTER_FAMILIES says, else all that this machine has. */
export function wantedFamilies(
  asked: string | undefined = process.env['HIPAA_MCP_CLUSTER_FAMILIES'],
): Family[] {
  if (asked === undefined || asked === '') return machineHasIPv6() ? ['IPv4', 'IPv6'] : ['IPv4']
  const families = asked.split(',')
  if (!families.every(isFamily) || new Set(families).size !== families.length)
    throw new Error('The families of a cluster are IPv4, IPv6, or both with a comma between them')
  return families
}

const isFamily = (text: string): text is Family => text === 'IPv4' || text === 'IPv6'

/** A kernel that has IPv6 may have it switched off. */
function machineHasIPv6(): boolean {
  const off = '/proc/sys/net/ipv6/conf/all/disable_ipv6'
  return existsSync(off) && readFileSync(off, 'utf8').trim() === '0'
}
