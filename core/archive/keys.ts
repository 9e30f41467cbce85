// Names of what lies in the archive. Each says whose it is and the SHA-256 of its bytes: a reader that knows the hash knows
// the name, and bytes that are others are never taken for it.
//
//   PREFIX ORIGIN/FROM-TO-SHA256.sealed                        sealed records [from, to) of a chain
//   PREFIX hipaa-mcp.dev/registry/FROM-TO-SHA256.records       records [from, to) of the registry log, one a line
//   PREFIX hipaa-mcp.dev/registry/TO-SHA256.checkpoint         its cosigned note where those end
//   PREFIX hipaa-mcp.dev/registry/SIZE-SHA256.witnessed       what witnesses outside signed of it
//   PREFIX canary/compliance, canary/governance                what a lock is tried on

import { registryOrigin } from '../wire.ts'

const padded = (index: number): string => String(index).padStart(16, '0')

type Range = { from: number; to: number; sha256: string }

const stem = ({ from, to, sha256 }: Range): string => `${padded(from)}-${padded(to)}-${sha256}`

export function keyOfSegment(prefix: string, segment: Range & { origin: string }): string {
  return `${prefix}${segment.origin}/${stem(segment)}.sealed`
}

/** Below it lies the registry log. */
export function registryPrefix(prefix: string): string {
  return `${prefix}${registryOrigin}/`
}

export function keyOfRecords(prefix: string, records: Range): string {
  return `${registryPrefix(prefix)}${stem(records)}.records`
}

export function keyOfCheckpoint(prefix: string, { size, sha256 }: { size: number; sha256: string }): string {
  return `${registryPrefix(prefix)}${padded(size)}-${sha256}.checkpoint`
}

export function keyOfWitnessed(prefix: string, { size, sha256 }: { size: number; sha256: string }): string {
  return `${registryPrefix(prefix)}${padded(size)}-${sha256}.witnessed`
}

export function keyOfCanary(prefix: string, mode: 'compliance' | 'governance'): string {
  return `${prefix}canary/${mode}`
}

const forms = {
  records: /^([0-9]{16})-([0-9]{16})-([0-9a-f]{64})\.records$/,
  note: /^([0-9]{16})-([0-9a-f]{64})\.(checkpoint|witnessed)$/,
} as const

/** Of the registry log. */
export type RegistryName =
  | { kind: 'records'; from: number; to: number; sha256: string }
  | { kind: 'checkpoint' | 'witnessed'; size: number; sha256: string }

/** What a name below `registryPrefix` says; undefined for what nobody of ours wrote. */
export function registryNameOf(name: string): RegistryName | undefined {
  const records = forms.records.exec(name)
  if (records !== null)
    return { kind: 'records', from: Number(records[1]), to: Number(records[2]), sha256: records[3] as string }
  const note = forms.note.exec(name)
  return note === null
    ? undefined
    : { kind: note[3] as 'checkpoint' | 'witnessed', size: Number(note[1]), sha256: note[2] as string }
}
