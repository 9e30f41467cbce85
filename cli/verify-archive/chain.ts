// One chain in the archive, against what the registry log says of it. No key is needed: leaf hashes stand in the clear, so the
// Merkle tree is computed anew, a segment at a time.

import { createHash } from 'node:crypto'
import { keyOfSegment } from '../../core/archive/keys.ts'
import { type Location, textOfLocation } from '../../core/archive/location.ts'
import type { NoteKey } from '../../core/checkpoint.ts'
import { parseVkey } from '../../core/checkpoint.ts'
import { Tree } from '../../core/merkle.ts'
import type { Archived, Ending } from '../../core/record.ts'
import { readSegment, SegmentDamaged } from '../../core/sealed/segment.ts'
import type { Finding } from '../verify/finding.ts'
import { checkNote } from '../verify/note-check.ts'
import type { Expected } from '../verify/registry-check.ts'
import type { ArchiveBody, ArchiveReader } from './reader.ts'

export type ArchivedChain = {
  origin: string
  state: 'live' | Ending
  segments: number
  bytes: number
  /** Records that are in the archive, from the first on. */
  records: number
  /** Records that a root covers which the chain or its end was signed with; the others by their segment's hash alone. */
  rooted: number
  /** Records that the log knows of and that are not archived yet. */
  waiting: number
  /** When the first of the locks ends, RFC 3339. */
  until?: string
}

type Roots = Map<number, { root: string; by: string }>

/** More of one kind tell nothing new. */
const findingsAtMost = 20

export type ChainWanted = {
  reader: ArchiveReader
  location: Location
  expected: Expected
  /** What the registry log says is archived of it, in the log's order. */
  archived: readonly Archived[]
  witness: NoteKey | undefined
  /** Told of every segment. */
  read: (records: number) => void
}

export async function checkArchivedChain(
  wanted: ChainWanted,
): Promise<{ chain: ArchivedChain; findings: Finding[] }> {
  const { reader, location, expected, archived, read } = wanted
  const place = textOfLocation(location)
  const { origin, marks, ended } = expected
  const tree = new Tree()
  const findings: Finding[] = []
  const find = (says: string, index?: number): void => {
    if (findings.length < findingsAtMost)
      findings.push({ where: origin, ...(index === undefined ? {} : { index }), says })
  }
  // Size -> root, and who says so.
  const roots: Roots = new Map()
  for (const { size, root, index } of marks) {
    if ((roots.get(size)?.root ?? root) !== root)
      find(`record ${index} of the registry log says another root`, size)
    roots.set(size, { root, by: `record ${index} of the registry log` })
  }
  let rooted = 0
  let bytes = 0
  let until: number | undefined
  for (const record of archived) {
    if (record.from !== tree.size) {
      find(`the archive goes on at record ${record.from}, ${tree.size} were archived`, tree.size)
      break
    }
    if (record.place !== place) {
      find(`records from ${record.from} on lie in another archive: ${record.place}`, record.from)
      break
    }
    const found = { key: keyOfSegment(location.prefix, record), version: record.version }
    const kept = await reader.kept(found)
    const lock = kept?.lock
    if (kept === undefined) {
      find(`records ${record.from} to ${record.to - 1} are not in the archive`, record.from)
      break
    }
    if (lock?.mode !== 'COMPLIANCE' || lock.until < Date.parse(record.until))
      find(
        `records ${record.from} to ${record.to - 1} are not under the lock that was read back`,
        record.from,
      )
    const wrong = await readInto(tree, await reader.read(found), record, wanted, roots, (size) => {
      rooted = size
    })
    if (wrong !== undefined) {
      find(`records ${record.from} to ${record.to - 1}: ${wrong}`, record.from)
      break
    }
    bytes += record.bytes
    until = Math.min(until ?? Number.POSITIVE_INFINITY, lock?.until ?? 0)
    read(record.to - record.from)
  }
  const known = Math.max(0, ...marks.map(({ size }) => size))
  if (ended !== undefined && tree.size < known)
    find(`it ended with ${known} records, ${tree.size} are archived`, tree.size)
  return {
    chain: {
      origin,
      state: ended ?? 'live',
      segments: archived.length,
      bytes,
      records: tree.size,
      rooted,
      waiting: Math.max(0, known - tree.size),
      ...(until === undefined ? {} : { until: new Date(until).toISOString() }),
    },
    findings,
  }
}

/** Appends the leaves of a segment and compares every root that is known. Returns what is wrong with it. */
async function readInto(
  tree: Tree,
  stream: ArchiveBody,
  record: Archived,
  { expected, witness }: ChainWanted,
  roots: Roots,
  reached: (size: number) => void,
): Promise<string | undefined> {
  const digest = createHash('sha256')
  async function* hashed(): AsyncGenerator<Uint8Array> {
    for await (const chunk of stream) {
      digest.update(chunk)
      yield chunk
    }
  }
  let reading: Awaited<ReturnType<typeof readSegment>>
  try {
    reading = await readSegment(hashed())
    await reading.check()
  } catch (error) {
    if (error instanceof SegmentDamaged) return 'it is no whole segment: it was changed or cut'
    throw error
  } finally {
    stream.close()
  }
  const { header, leaves } = reading
  if (digest.digest('hex') !== record.sha256) return 'its bytes are not those that the registry log says'
  if (header.origin !== record.origin || header.from !== record.from || header.to !== record.to)
    return 'it holds other records than the registry log says'
  const note = header.checkpoint
  if (note !== undefined) {
    const checked = checkNote(note, { origin: expected.origin, log: parseVkey(expected.vkey), witness })
    if ('wrong' in checked) return checked.wrong
    const { size, root } = checked.checkpoint
    if (size >= tree.size) roots.set(size, { root: root.toString('base64'), by: 'its own checkpoint' })
  }
  for (const leaf of leaves) {
    tree.append(leaf)
    const said = roots.get(tree.size)
    if (said === undefined) continue
    if (tree.root().toString('base64') !== said.root) return `its records are not what ${said.by} says`
    reached(tree.size)
  }
  return undefined
}
