// Puts the packet filter in place. Runs once, as root with NET_ADMIN, before any other process of the pod exists.

import { type SpawnSyncReturns, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { type GuardConfig, rules } from './rules.ts'

type Family = { name: string; restore: string; save: string; text: 'v4' | 'v6' }

/** By their own names: the plain ones are links that only an installed Debian has. */
const families: readonly Family[] = [
  { name: 'IPv4', restore: 'iptables-nft-restore', save: 'iptables-nft-save', text: 'v4' },
  { name: 'IPv6', restore: 'ip6tables-nft-restore', save: 'ip6tables-nft-save', text: 'v6' },
]

/** The same for a kernel without nf_tables: by the x_tables of before. */
const legacy = (family: Family): Family => ({
  ...family,
  name: `${family.name} (legacy)`,
  restore: family.restore.replace('-nft-', '-legacy-'),
  save: family.save.replace('-nft-', '-legacy-'),
})

/** Runs one of the packet filter's programs in the network namespace that is meant. */
export type StartFilter = (
  program: string,
  input?: string,
) => Pick<SpawnSyncReturns<string>, 'status' | 'stdout' | 'stderr' | 'error'>

/** The legacy programs lock a file against each other, and here nothing may be written: no other one runs. */
const here: StartFilter = (program, input) =>
  spawnSync(program, [], {
    encoding: 'utf8',
    env: { ...process.env, XTABLES_LOCKFILE: '/dev/null' },
    ...(input === undefined ? {} : { input }),
  })

/**
 * Sets both families and reads them back. Returns what was set, in words. Throws with one line that says what is
 * missing and what to do: the init container fails, and with it the pod. Where it stops half-way the filter table,
 * which stands first, either drops or was never there, and no other process has started.
 */
export function setGuard(config: GuardConfig, start: StartFilter = here): string {
  const wanted = rules({ ...config, lastUser: lastUser() })
  const set: string[] = []
  for (const family of present()) {
    const spoken = restored(start, family, wanted[family.text])
    const fault = faultIn(spoken, wanted, start)
    if (fault !== undefined) throw new Error(fault)
    set.push(spoken.name)
  }
  const { upstreamPort, discoveryPort, loopback = [] } = config
  const discovery = discoveryPort === undefined ? '' : `, the discovery port is ${discoveryPort}`
  const between = loopback.length === 0 ? '' : `, containers reach each other on ${loopback.join(', ')}`
  return `packet filter set for ${set.join(' and ')}, the app's port is ${upstreamPort}${discovery}${between}`
}

/** What of the filter is not as `setGuard` sets it, in words; none: it stands. */
export function filterFaults(config: GuardConfig, start: StartFilter): string[] {
  const wanted = rules({ ...config, lastUser: lastUser() })
  return present().flatMap((family) => faultIn(family, wanted, start) ?? [])
}

/** A kernel without IPv6 has nothing to filter, and no program to speak it: sockets of that family do not open. */
const present = () => families.filter(({ name }) => name !== 'IPv6' || existsSync('/proc/net/if_inet6'))

function faultIn(family: Family, wanted: ReturnType<typeof rules>, start: StartFilter): string | undefined {
  const missing = lost(wanted[family.text], run(start, family.save, family))
  return missing.length === 0
    ? undefined
    : `The ${family.name} packet filter is not what was set (${missing.join('; ')}): another program changes the filter of this pod, remove it`
}

/** Sets one family by whichever of both the node has, and says by which; throws what the first one said where neither takes it. */
function restored(start: StartFilter, family: Family, text: string): Family {
  try {
    run(start, family.restore, family, text)
    return family
  } catch (first) {
    try {
      const other = legacy(family)
      run(start, other.restore, other, text)
      return other
    } catch {
      throw first
    }
  }
}

/** The kernel takes no rule about a user that the namespace does not know (user_namespaces(7), uid_map). */
function lastUser(): number {
  const [first = 0, , length = 65_536] = (
    readFileSync('/proc/self/uid_map', 'utf8').trim().split('\n').at(-1) ?? ''
  )
    .trim()
    .split(/\s+/)
    .map(Number)
  return first + length - 1
}

function run(start: StartFilter, program: string, { name }: Family, input?: string): string {
  const ended = start(program, input)
  if (ended.error !== undefined) {
    throw new Error(
      `${program} does not start (${ended.error.message}): the image needs Debian's package iptables`,
    )
  }
  if (ended.status !== 0) {
    const said = ended.stderr.trim().split('\n')[0] ?? ''
    throw new Error(
      `The ${name} packet filter cannot be set (${program}: ${said}): the container needs root with NET_ADMIN, and the node's kernel nf_tables with nft_compat (or ip_tables and ip6_tables, loaded), xt_owner, xt_conntrack, xt_connmark and NAT`,
    )
  }
  return ended.stdout
}

/**
 * How a listing differs from what was to be set, a line for each policy and each chain: the first rule that is not the one.
 * Texts are compared, since the programs that restored and saved are of one package, and print our rules as we write
 * them; packet counters are not.
 */
export function lost(wanted: string, listed: string): string[] {
  const want = chainsIn(wanted)
  const have = chainsIn(listed)
  return [
    ...[...want.policies]
      .filter(([chain, policy]) => have.policies.get(chain) !== policy)
      .map(
        ([chain, policy]) => `${chain} policy: ${have.policies.get(chain) ?? 'none'} instead of ${policy}`,
      ),
    ...[...new Set([...want.rules.keys(), ...have.rules.keys()])].flatMap((chain) => {
      const [wanted, found] = [want.rules.get(chain) ?? [], have.rules.get(chain) ?? []]
      const at = wanted.findIndex((rule, index) => rule !== found[index])
      const first = at === -1 ? wanted.length : at
      return first === wanted.length && found.length === wanted.length
        ? []
        : [`${chain} rule ${first + 1}: ${found[first] ?? 'none'} instead of ${wanted[first] ?? 'none'}`]
    }),
  ]
}

/** By table and chain. */
type Chains = { policies: Map<string, string>; rules: Map<string, string[]> }

function chainsIn(text: string): Chains {
  const found: Chains = { policies: new Map(), rules: new Map() }
  let table = ''
  for (const line of text.split('\n')) {
    const [word = '', chain = '', ...rest] = line.split(' ')
    if (word.startsWith('*')) table = word.slice(1)
    // Tables that we do not set may stand there untouched; a packet that ours drop is dropped whatever they say.
    if (table !== 'filter' && table !== 'nat') continue
    if (word.startsWith(':')) found.policies.set(`${table} ${word.slice(1)}`, chain)
    if (word === '-A') {
      const key = `${table} ${chain}`
      found.rules.set(key, [...(found.rules.get(key) ?? []), rest.join(' ')])
    }
  }
  return found
}
