// Which logs and witnesses somebody trusts, and how many of them must have signed: a policy file as C2SP tlog-policy
// writes it. One form for two readers: the collector asks the witnesses by it, an auditor verifies by it.

import { type NoteKey, parseVkey, rawPublicKey } from './checkpoint.ts'

type PinnedLog = { key: NoteKey; url?: string }
export type PinnedWitness = {
  /** Means something within the file only. */ name: string
  key: NoteKey
  url?: string
}
type Group = { least: number; members: readonly string[] }

export type WitnessPolicy = {
  logs: readonly PinnedLog[]
  witnesses: readonly PinnedWitness[]
  groups: ReadonlyMap<string, Group>
  /** Name of a witness or a group, or `none`: then nobody need have signed. */
  quorum: string
}

/** What is wrong with a policy file; the message names the line and says how it is right. */
export class BadPolicy extends Error {
  /** `line`: from 1; 0 where it is no single line. */
  constructor(line: number, says: string) {
    super(line === 0 ? says : `Line ${line}: ${says}`)
    this.name = 'BadPolicy'
  }
}

/** Lines of each kind at most: C2SP asks for at least 32. */
const linesAtMost = 256

type Reading = {
  logs: PinnedLog[]
  witnesses: PinnedWitness[]
  groups: Map<string, Group>
  members: Set<string>
  quorum?: string
}

type Take = (words: readonly string[], reading: Reading) => string | undefined

/** Keyword -> what a line of it adds. Each returns what is wrong with the line. */
const keywords: { readonly [keyword: string]: Take } = {
  log: ([vkey, url, ...more], { logs }) => {
    if (more.length > 0) return 'a log is written: log VKEY [URL]'
    const key = keyOf(vkey, 'ed25519')
    if (key === undefined) return 'not the verifier key of a log: want name+hash+key, Ed25519'
    if (logs.some((log) => isSame(log.key, key))) return 'another line has this key'
    logs.push({ key, ...(url === undefined ? {} : { url }) })
    return undefined
  },
  witness: ([name, vkey, url, ...more], reading) => {
    if (name === undefined || more.length > 0) return 'a witness is written: witness NAME VKEY [URL]'
    const key = keyOf(vkey, 'cosignature')
    if (key === undefined)
      return 'not the verifier key of a witness: want name+hash+key of an Ed25519 cosignature/v1'
    if (reading.witnesses.some((witness) => isSame(witness.key, key))) return 'another line has this key'
    if (isTaken(name, reading)) return 'this name is taken'
    reading.witnesses.push({ name, key, ...(url === undefined ? {} : { url }) })
    return undefined
  },
  group: ([name, count, ...members], reading) => {
    if (name === undefined || members.length === 0)
      return 'a group is written: group NAME all|any|NUMBER NAME...'
    if (isTaken(name, reading)) return 'this name is taken'
    const unknown = members.find((member) => member === 'none' || !isTaken(member, reading))
    if (unknown !== undefined) return 'a member of the group is not defined above it'
    // Otherwise one witness could be counted twice.
    if (members.some((member, i) => reading.members.has(member) || members.indexOf(member) !== i))
      return 'a member of the group stands in a group already'
    const least = leastOf(count, members.length)
    if (least === undefined) return `want all, any, or a number from 1 to ${members.length}`
    for (const member of members) reading.members.add(member)
    reading.groups.set(name, { least, members })
    return undefined
  },
  quorum: ([name, ...more], reading) => {
    if (name === undefined || more.length > 0) return 'the quorum is written: quorum NAME'
    if (reading.quorum !== undefined) return 'there is a quorum already'
    if (!isTaken(name, reading)) return 'the quorum names what is not defined above it'
    reading.quorum = name
    return undefined
  },
}

/** Reads a policy file. Throws `BadPolicy` on the first line that is none. */
export function parseWitnessPolicy(text: string): WitnessPolicy {
  const reading: Reading = { logs: [], witnesses: [], groups: new Map(), members: new Set() }
  const lines = text.split('\n')
  for (const [i, line] of lines.entries()) {
    const wrong = take(line, reading)
    if (wrong !== undefined) throw new BadPolicy(i + 1, wrong)
  }
  const { logs, witnesses, groups, quorum } = reading
  if (quorum === undefined) throw new BadPolicy(lines.length, 'the file ends without a quorum line')
  return { logs, witnesses, groups, quorum }
}

function take(line: string, reading: Reading): string | undefined {
  if (/[^\P{Cc}\t]/u.test(line)) return 'it holds a control character'
  const [keyword, ...words] = line.split(/[ \t]+/).filter((word) => word !== '')
  if (keyword === undefined || keyword.startsWith('#')) return undefined
  const lengths = [reading.logs.length, reading.witnesses.length, reading.groups.size]
  if (Math.max(...lengths) >= linesAtMost) return `more than ${linesAtMost} lines of one kind`
  return Object.hasOwn(keywords, keyword)
    ? keywords[keyword]?.(words, reading)
    : 'a line begins with log, witness, group, quorum or #'
}

/**
 * Since when the quorum has signed, seconds since 1970: the moment at which the last signature that it needed was there.
 * `times`: name of a witness -> when it signed. Undefined when the quorum is not met, or none is asked for.
 */
export function quorumTime(policy: WitnessPolicy, times: ReadonlyMap<string, number>): number | undefined {
  return [...new Set(times.values())]
    .toSorted((a, b) => a - b)
    .find((until) => {
      const signed = new Set([...times].filter(([, time]) => time <= until).map(([name]) => name))
      return hasSigned(policy, policy.quorum, signed)
    })
}

function hasSigned(policy: WitnessPolicy, name: string, signed: ReadonlySet<string>): boolean {
  const group = policy.groups.get(name)
  if (group === undefined) return signed.has(name)
  return group.members.filter((member) => hasSigned(policy, member, signed)).length >= group.least
}

function keyOf(text: string | undefined, kind: NoteKey['kind']): NoteKey | undefined {
  try {
    const key = parseVkey(text ?? '')
    return key.kind === kind ? key : undefined
  } catch {
    return undefined
  }
}

function isSame(a: NoteKey, b: NoteKey): boolean {
  return rawPublicKey(a.key).equals(rawPublicKey(b.key))
}

function isTaken(name: string, { witnesses, groups }: Reading): boolean {
  return name === 'none' || groups.has(name) || witnesses.some((witness) => witness.name === name)
}

function leastOf(count: string | undefined, members: number): number | undefined {
  if (count === 'all') return members
  if (count === 'any') return 1
  const least = /^[1-9][0-9]{0,3}$/.test(count ?? '') ? Number(count) : Number.NaN
  return least <= members ? least : undefined
}
