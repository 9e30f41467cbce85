// A whole archive in a bucket. Nothing in it is believed but what the verifier's own keys sign, and no key is taken from it.

import { type Location, textOfLocation } from '../../core/archive/location.ts'
import type { NoteKey } from '../../core/checkpoint.ts'
import { type Archived, parseRecord } from '../../core/record.ts'
import { partsOfOrigin, registryOrigin, witnessName } from '../../core/wire.ts'
import type { WitnessPolicy } from '../../core/witness-policy.ts'
import { type Finding, noChainOf } from '../verify/finding.ts'
import type { Outside } from '../verify/outside-check.ts'
import { RegistryCheck } from '../verify/registry-check.ts'
import { Behind } from './behind.ts'
import { type ArchivedChain, checkArchivedChain } from './chain.ts'
import { readLog, type Trusted } from './log.ts'
import type { ArchiveReader } from './reader.ts'

export type ArchiveReport = {
  ok: boolean
  /** `s3://bucket/prefix/`. */
  source: string
  /** `through`: index of the last record that a signature covers; -1 for none. */
  registry: { records: number; through: number /** Seconds since 1970. */; witnessed?: number }
  /** How far witnesses outside vouch for the registry log; with a policy only. */
  outside?: Outside
  chains: ArchivedChain[]
  findings: Finding[]
}

export type ArchiveWanted = {
  reader: ArchiveReader
  location: Location
  /** `namespace/name`; absent: every server's. */
  server?: string
  /** Pinned by the verifier: one of them at least. */
  policy?: WitnessPolicy
  witness?: NoteKey
  /** Told of the records of every segment. */
  read: (records: number) => void
  /** Milliseconds since 1970. */
  now: number
}

export async function checkArchive(wanted: ArchiveWanted): Promise<ArchiveReport> {
  const { reader, location, server, read, now } = wanted
  const trusted = trustedIn(wanted)
  const check = new RegistryCheck()
  const archived = new Map<string, Archived[]>()
  const behind = new Behind()
  const log = await readLog(reader, location.prefix, trusted, (bytes) => {
    const record = parseRecord(bytes)
    check.take(record)
    behind.take(record)
    if (record.kind === 'archived')
      archived.set(record.origin, [...(archived.get(record.origin) ?? []), record])
  })
  const findings: Finding[] = [
    ...log.findings.map((says) => ({ where: 'registry', says })),
    ...check.findings,
  ]
  const chains: ArchivedChain[] = []
  for (const expected of check.chains.values()) {
    const parts = partsOfOrigin(expected.origin)
    if (server !== undefined && `${parts?.namespace}/${parts?.server}` !== server) continue
    const of = archived.get(expected.origin) ?? []
    const checked = await checkArchivedChain({
      reader,
      location,
      expected,
      archived: of,
      witness: trusted.witness,
      read,
    })
    chains.push(checked.chain)
    findings.push(...checked.findings)
    const late = expected.ended === undefined ? behind.of(expected.origin, now) : undefined
    if (late !== undefined) findings.push({ where: expected.origin, ...late })
  }
  if (server !== undefined && chains.length === 0) findings.push(noChainOf(server))
  return {
    ok: findings.length === 0,
    source: textOfLocation(location),
    registry: {
      records: log.records,
      through: log.records - 1,
      ...(log.time === undefined ? {} : { witnessed: log.time }),
    },
    ...(log.outside === undefined ? {} : { outside: log.outside }),
    chains,
    findings,
  }
}

/** Of a policy: the logs' keys, whatever names they bear there, and the collector's as witness where it is named. */
export function trustedIn({ policy, witness }: Pick<ArchiveWanted, 'policy' | 'witness'>): Trusted {
  const own = witness ?? policy?.witnesses.find(({ key }) => key.name === witnessName)?.key
  return {
    ...(policy === undefined ? {} : { policy }),
    logs: (policy?.logs ?? []).map(({ key }) => ({ ...key, name: registryOrigin })),
    ...(own === undefined ? {} : { witness: own }),
  }
}
