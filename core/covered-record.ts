// A record that no checkpoint of its own chain covers: the newest ones of a process that was killed, or of a chain that was
// exported while it lived. The registry log has the chain's root beyond it, in a record `held` or `ended`, its mark. So the
// proof is two: the record is in the chain's tree by the mark, and the mark is in the registry log.

import { strictBase64 } from './base64.ts'
import { canonical } from './canonical.ts'
import { type Hash, leafHash } from './merkle.ts'
import { verifyInclusion } from './merkle-proof.ts'
import { parseRecord } from './record.ts'
import { count, holds, list, type Shape, text } from './shape.ts'

const schema = 'hipaa-mcp-covered/1'

export type CoveredRecord = {
  /** Canonical text of the record, and where it is in its chain. */
  record: string
  index: number
  /** From its leaf's sibling to the child of the mark's root, base64. */
  path: readonly string[]
  /** Canonical text of the registry log's record. */
  mark: string
}

const shape: Shape<CoveredRecord & { schema: string }> = {
  schema: (value) => value === schema,
  record: text,
  index: count,
  path: list(text),
  mark: text,
}

/** As the extra data of the mark's proof. */
export function coveredBytes(covered: CoveredRecord): Buffer {
  return Buffer.from(canonical({ schema, ...covered }))
}

/** Reads what `coveredBytes` wrote; undefined for anything else, such as a record itself. */
export function coveredIn(extra: Buffer): CoveredRecord | undefined {
  try {
    const value = JSON.parse(extra.toString('utf8')) as CoveredRecord & { schema: string }
    return holds(value, shape) && coveredBytes(value).equals(extra) ? value : undefined
  } catch {
    return undefined
  }
}

/** What a mark says of a chain; undefined when the record is none. */
export function markIn(bytes: Buffer): { origin: string; size: number; root: Hash } | undefined {
  try {
    const record = parseRecord(bytes)
    if (record.kind !== 'held' && record.kind !== 'ended') return undefined
    return { origin: record.origin, size: record.size, root: strictBase64(record.root) }
  } catch {
    return undefined
  }
}

/** Where the record is by its mark; undefined when it is not there. */
export function placeIn(covered: CoveredRecord): { origin: string; index: number; size: number } | undefined {
  const head = markIn(Buffer.from(covered.mark))
  if (head === undefined) return undefined
  const { index } = covered
  const path = covered.path.map(strictBase64)
  if (path.some((hash) => hash.length !== 32)) return undefined
  const leaf = leafHash(Buffer.from(covered.record))
  return verifyInclusion(leaf, index, head.size, path, head.root)
    ? { origin: head.origin, index, size: head.size }
    : undefined
}
