// Proves the packet filter before any container of the tenant starts (45 CFR 164.312(e)(1)). Runs as a user that is
// neither root nor the sidecar nor a tenant, without any capability: it sees what a tenant will see. The rules cannot be
// read so; every proof is a behaviour, and stands on a listener of our own, so that "refused" is never "nobody there".
//
// What it cannot see is PREROUTING: nothing from outside comes in yet. `guard.ts set` reads the rules back for that, and
// without the redirection the app's port answers nobody, since INPUT has no rule for it.

import { isIPv6 } from 'node:net'
import { networkInterfaces } from 'node:os'
import { dnsPort, ports } from '../../core/identifiers.ts'
import { advertisedHere } from './advertised.ts'
import { answerOn, connectTo, listen, sendTo } from './attempt.ts'
import { rightsOfThisProcess } from './rights.ts'

/** `loopback`: ports on which containers of the pod speak with each other. */
export type CheckConfig = { upstreamPort: number; dns: string; loopback?: readonly number[] }

/** TEST-NET-1 and the documentation prefix (RFC 5737, RFC 3849): nobody lives there, so no answer is theirs. */
const foreign = { v4: '192.0.2.1', v6: '2001:db8::1' }
/** A name's address. Any of the range would do; its port is not the listener's, so that the rewriting shows. */
const someName = '127.64.3.7'
const anyPort = 0

/** What a tenant's own kernel says when the filter refuses: a reset for TCP, EPERM for a datagram. */
const resetByFilter = new Set(['ECONNREFUSED', 'EPERM', 'EACCES'])
/** Of one family the pod may have no way out at all: then there is nothing to refuse. */
const noWay = new Set(['ENETUNREACH', 'EADDRNOTAVAIL', 'EAFNOSUPPORT', 'EHOSTUNREACH'])

type Proof = { claim: string; run: (config: CheckConfig) => Promise<string | undefined> }

/** Each gives why it failed, or undefined. The first failure ends the check: it names what a tenant could do. */
const proofs: readonly Proof[] = [
  {
    claim: 'the check has no more rights than a tenant',
    run: async () => rightsOfThisProcess(),
  },
  {
    claim: 'no router advertisement changed addresses or routes of the pod',
    run: async () => advertisedHere(),
  },
  {
    claim: "the app's port on loopback refuses everybody but the sidecar",
    run: async ({ upstreamPort }) => await refusedOn('127.0.0.1', upstreamPort),
  },
  {
    claim: 'an undeclared port on loopback is refused',
    run: async ({ loopback }) => await refusedOn('127.0.0.1', anyPort, loopback),
  },
  {
    claim: 'declared ports on loopback are open, and nowhere else',
    run: async ({ loopback = [] }) => {
      for (const port of loopback) {
        const failed = (await openOn('127.0.0.1', port)) ?? (await openOn('::1', port))
        if (failed !== undefined) return failed
        for (const address of [...podAddresses('IPv4'), ...podAddresses('IPv6'), '127.0.0.2']) {
          const open = await refusedOn(address, port)
          if (open !== undefined) return open
        }
      }
      return undefined
    },
  },
  {
    claim: "the sidecar's calls and health ports on loopback are refused",
    run: async () =>
      (await refusedOn('127.0.0.1', ports.calls)) ?? (await refusedOn('127.0.0.1', ports.health)),
  },
  {
    claim: "ports on the pod's own address are refused",
    run: async ({ upstreamPort, loopback }) => {
      for (const address of podAddresses('IPv4')) {
        const failed =
          (await refusedOn(address, upstreamPort)) ?? (await refusedOn(address, anyPort, loopback))
        if (failed !== undefined) return failed
      }
      return undefined
    },
  },
  { claim: 'datagrams on loopback are refused', run: async () => await datagramRefused('127.0.0.1', 4) },
  {
    claim: 'a foreign address is refused',
    run: async () => {
      // Only in a pod without an IPv4 address may it be the route that is missing, and not the filter that refuses.
      const less = podAddresses('IPv4').length === 0 ? noWay : []
      return (
        unless(
          new Set([...resetByFilter, ...less]),
          `TCP ${foreign.v4}:443`,
          (await connectTo(foreign.v4, 443)).says,
        ) ??
        unless(new Set(['EPERM', ...less]), `UDP ${foreign.v4}:443`, (await sendTo(foreign.v4, 443)).says)
      )
    },
  },
  {
    claim: "the cluster's resolver is refused",
    run: async ({ dns }) => {
      const { host, port } = resolverAddress(dns)
      return (
        unless(resetByFilter, `TCP ${dns}`, (await connectTo(host, port)).says) ??
        unless(
          new Set(['EPERM']),
          `UDP ${dns}`,
          (await sendTo(host, port, { family: isIPv6(host) ? 6 : 4 })).says,
        )
      )
    },
  },
  {
    claim: 'a declared name leads to the sidecar with its address kept',
    run: async () => {
      const door = await listen('0.0.0.0', ports.egress)
      if (door === undefined) return `port ${ports.egress} cannot be listened on`
      try {
        const { says } = await connectTo(someName, 1)
        if (says !== 'connected') return `${someName}:1 says ${says}`
        return await arrival(door.seen)
      } finally {
        door.close()
      }
    },
  },
  {
    claim: "the pod's resolver is the sidecar",
    run: async () => {
      const udp = await answerOn('127.0.0.1', ports.dns)
      const tcp = await listen('127.0.0.1', ports.dns)
      try {
        return (
          unless(
            new Set(['answered']),
            `UDP 127.0.0.1:${dnsPort}`,
            (await sendTo('127.0.0.1', dnsPort, { answer: true })).says,
          ) ??
          unless(
            new Set(['connected']),
            `TCP 127.0.0.1:${dnsPort}`,
            (await connectTo('127.0.0.1', dnsPort)).says,
          )
        )
      } finally {
        udp?.close()
        tcp?.close()
      }
    },
  },
  {
    claim: 'IPv6 is refused',
    run: async ({ upstreamPort, loopback }) => {
      for (const address of ['::1', ...podAddresses('IPv6')]) {
        for (const port of [anyPort, upstreamPort, ports.egress, ports.dns]) {
          const failed = await refusedOn(address, port, loopback)
          if (failed !== undefined) return failed
        }
      }
      const away = new Set([...resetByFilter, ...noWay])
      return (
        (await datagramRefused('::1', 6)) ??
        unless(away, `TCP ${foreign.v6}:443`, (await connectTo(foreign.v6, 443)).says) ??
        unless(
          new Set(['EPERM', ...noWay]),
          `UDP ${foreign.v6}:443`,
          (await sendTo(foreign.v6, 443, { family: 6 })).says,
        )
      )
    },
  },
]

/** Runs every proof. Returns what was proved, in words; throws naming the first proof that failed. */
export async function checkGuard(config: CheckConfig): Promise<string> {
  for (const { claim, run } of proofs) {
    const failed = await run(config)
    if (failed !== undefined) {
      throw new Error(
        `not proved that ${claim}: ${failed}. The pod does not start: look at what else changes the packet filter of this pod`,
      )
    }
  }
  return `${proofs.length} proofs hold: ${proofs.map(({ claim }) => claim).join('; ')}`
}

/** Refused although somebody listens: by the filter. Port 0 means any free one that is not `declared`. */
async function refusedOn(
  host: string,
  port: number,
  declared: readonly number[] = [],
): Promise<string | undefined> {
  const listener = await listen(host, port)
  if (port === anyPort && listener !== undefined && declared.includes(listener.port)) {
    // Two of them are never the same, so this ends before the declared ones do.
    try {
      return await refusedOn(host, port, declared)
    } finally {
      listener.close()
    }
  }
  // Not ours to have (a port below 1024, no IPv6 here): the refusal must come all the same.
  if (listener === undefined && port === anyPort) return undefined
  try {
    const { says } = await connectTo(host, listener?.port ?? port)
    if (listener === undefined && noWay.has(says)) return undefined
    return unless(resetByFilter, `TCP ${host} port ${port === anyPort ? 'undeclared' : port}`, says)
  } finally {
    listener?.close()
  }
}

/** A port below 1024 may not be ours to listen on, nor is there IPv6 everywhere: what cannot be tried is only of use, not a way out. */
async function openOn(host: string, port: number): Promise<string | undefined> {
  const listener = await listen(host, port)
  if (listener === undefined) return undefined
  try {
    return unless(new Set(['connected']), `TCP ${host} port ${port}`, (await connectTo(host, port)).says)
  } finally {
    listener.close()
  }
}

async function datagramRefused(host: string, family: 4 | 6): Promise<string | undefined> {
  const listener = await answerOn(host, anyPort, family)
  if (listener === undefined) return undefined
  try {
    const { says } = await sendTo(host, listener.port, { answer: true, family })
    return unless(new Set(['EPERM']), `UDP ${host}`, says)
  } finally {
    listener.close()
  }
}

/** The listener learns of a connection a moment after the client does. */
async function arrival(seen: readonly string[]): Promise<string | undefined> {
  for (let turns = 0; turns < 200 && seen.length === 0; turns += 1) {
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  return seen[0] === someName ? undefined : `the connection to ${someName} arrived as ${seen[0] ?? 'nothing'}`
}

function unless(good: ReadonlySet<string>, what: string, says: string): string | undefined {
  return good.has(says) ? undefined : `${what} says ${says}`
}

function podAddresses(family: 'IPv4' | 'IPv6'): string[] {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(
      (one) =>
        !one.internal && one.family === family && one.scopeid !== 1 && !one.address.startsWith('fe80:'),
    )
    .map(({ address }) => address)
}

/** `ip`, `ip:port` or `[ip]:port`. */
function resolverAddress(dns: string): { host: string; port: number } {
  const [, v4, v6, port = '53'] = /^(?:([0-9.]+)|\[([0-9a-f:.]+)\]):(\d+)$/i.exec(dns) ?? []
  const host = v4 ?? v6 ?? dns
  return { host, port: Number(port) }
}
