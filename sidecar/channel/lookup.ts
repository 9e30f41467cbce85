// Names of our own programs, asked of the cluster's resolver. The pod's own resolver is this sidecar, which answers
// declared egress names only; so nothing here goes through getaddrinfo.

import type { LookupAddress, LookupOptions } from 'node:dns'
import { Resolver } from 'node:dns/promises'
import { isIP } from 'node:net'

type Answer = (
  error: NodeJS.ErrnoException | null,
  address: string | LookupAddress[],
  family?: number,
) => void
export type Lookup = (hostname: string, options: LookupOptions, answer: Answer) => void

/**
 * A `lookup` for node:net that asks `dns` (`ip` or `ip:port`) by c-ares. A name is tried below each search domain first,
 * as the pod's `ndots:5` would, then as it is. Fails with ENOTFOUND, or with what the resolver said last.
 */
export function clusterLookup(dns: string, search: readonly string[]): Lookup {
  const resolver = new Resolver({ timeout: 2_000, tries: 2 })
  resolver.setServers([dns])
  return (hostname, options, answer) => {
    resolve(resolver, hostname, search).then(
      (found) => {
        const [first] = found
        if (options.all === true) answer(null, found)
        else answer(null, first?.address ?? '', first?.family)
      },
      (error: NodeJS.ErrnoException) => answer(error, []),
    )
  }
}

/**
 * A lookup of one name, over and over by who gives up early: what comes first answers all that still wait, whichever of them asked.
 * So a slow answer is not thrown away, and a question that got lost is asked again.
 */
export function firstAnswer(lookup: Lookup): Lookup {
  const waiting = new Set<Answer>()
  return (hostname, options, answer) => {
    waiting.add(answer)
    lookup(hostname, options, (error, ...found) => {
      // An error is of one question alone: the others may still hear.
      const answered = error === null ? [...waiting] : waiting.has(answer) ? [answer] : []
      for (const each of answered) {
        waiting.delete(each)
        each(error, ...found)
      }
    })
  }
}

async function resolve(
  resolver: Resolver,
  hostname: string,
  search: readonly string[],
): Promise<LookupAddress[]> {
  if (isIP(hostname) !== 0) return [{ address: hostname, family: isIP(hostname) }]
  let last: unknown
  for (const name of candidates(hostname, search)) {
    const answers = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)])
    const found = answers.flatMap((answer, i) =>
      answer.status === 'fulfilled'
        ? answer.value.map((address) => ({ address, family: i === 0 ? 4 : 6 }))
        : [],
    )
    if (found.length > 0) return found
    for (const answer of answers) if (answer.status === 'rejected') last = answer.reason
  }
  throw last instanceof Error
    ? last
    : Object.assign(new Error('No address for this name'), { code: 'ENOTFOUND' })
}

/** In the order in which they are asked. A name that ends in a dot is whole. */
function candidates(hostname: string, search: readonly string[]): string[] {
  if (hostname.endsWith('.')) return [hostname.slice(0, -1)]
  const below = search.map((domain) => `${hostname}.${domain}`)
  // A Service's full name ends in `.svc` below the cluster's domain, which is the shortest search domain: ask it first.
  if (hostname.endsWith('.svc')) below.sort((a, b) => a.length - b.length)
  return [...below, hostname]
}
