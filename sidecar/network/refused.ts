// What the pod's packet filter refuses shows in the kernel's own counts of the pod's network: no process of the pod may read
// the filter itself, and none but root writes these.

import { readFileSync } from 'node:fs'

export type Refused = {
  /** TCP connections that some process of the pod began and nobody took. */
  connections: number
  /** Datagrams that were answered by "unreachable" within the pod. */
  datagrams: number
}

/**
 * Since the pod's network was made; undefined where the system does not tell. `read` gives a file of /proc/net. Connections are of
 * both families, whose counts of datagrams the kernel keeps apart.
 */
export function refusedInPod(
  read = (file: 'snmp' | 'snmp6'): string => readFileSync(`/proc/net/${file}`, 'utf8'),
): Refused | undefined {
  const text = textOf(() => read('snmp'))
  if (text === undefined) return undefined
  const table = tableOf(text)
  const connections = table.get('Tcp')?.get('AttemptFails')
  const datagrams = table.get('Icmp')?.get('OutDestUnreachs')
  // Not there where the kernel has no IPv6.
  const [, sixth = '0'] = /^Icmp6OutDestUnreachs\s+(\d+)$/m.exec(textOf(() => read('snmp6')) ?? '') ?? []
  return connections === undefined || datagrams === undefined
    ? undefined
    : { connections, datagrams: datagrams + Number(sixth) }
}

function textOf(read: () => string): string | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}

/** Two lines for each protocol: names, then numbers. */
function tableOf(text: string): Map<string, Map<string, number>> {
  const tables = new Map<string, Map<string, number>>()
  const names = new Map<string, string[]>()
  for (const line of text.split('\n')) {
    const [protocol = '', ...words] = line.split(/:? /)
    const known = names.get(protocol)
    if (known === undefined) names.set(protocol, words)
    else tables.set(protocol, new Map(known.map((name, place) => [name, Number(words[place])])))
  }
  return tables
}
