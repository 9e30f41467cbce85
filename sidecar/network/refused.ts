// What the pod's packet filter refuses shows in the kernel's own counts of the pod's network: no process of the pod may read
// the filter itself, and none but root writes these.

import { readFileSync } from 'node:fs'

export type Refused = {
  /** TCP connections that some process of the pod began and nobody took. */
  connections: number
  /** Datagrams that were answered by "unreachable" within the pod. */
  datagrams: number
}

/** Since the pod's network was made; undefined where the system does not tell. */
export function refusedInPod(
  read = (): string => readFileSync('/proc/net/snmp', 'utf8'),
): Refused | undefined {
  const text = tableOf(read)
  const connections = text?.get('Tcp')?.get('AttemptFails')
  const datagrams = text?.get('Icmp')?.get('OutDestUnreachs')
  return connections === undefined || datagrams === undefined ? undefined : { connections, datagrams }
}

/** Two lines for each protocol: names, then numbers. */
function tableOf(read: () => string): Map<string, Map<string, number>> | undefined {
  try {
    const tables = new Map<string, Map<string, number>>()
    const names = new Map<string, string[]>()
    for (const line of read().split('\n')) {
      const [protocol = '', ...words] = line.split(/:? /)
      const known = names.get(protocol)
      if (known === undefined) names.set(protocol, words)
      else tables.set(protocol, new Map(known.map((name, place) => [name, Number(words[place])])))
    }
    return tables
  } catch {
    return undefined
  }
}
