// Ranges of addresses that a policy names: what the schema's pattern lets through is not all that the API server takes.

import { isIP } from 'node:net'
import type { HipaaMcpServer } from '../crds/hipaamcpserver.generated.ts'

/** Whether a NetworkPolicy may hold it: an address and a number of bits, of one family (RFC 4632 3.1, RFC 4291 2.3). */
export function isRange(cidr: string): boolean {
  const [address = '', bits = '', ...rest] = cidr.split('/')
  const family = isIP(address)
  return (
    family !== 0 && rest.length === 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128)
  )
}

/** Those of the server's callers that are none. */
export function malformedRanges({ spec }: HipaaMcpServer): string[] {
  return (spec.network?.ingress ?? []).flatMap(({ cidr }) =>
    cidr === undefined || isRange(cidr) ? [] : [cidr],
  )
}
