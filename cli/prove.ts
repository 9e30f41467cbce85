// Finds a record in a trail, and makes the proof that it is there.

import { type Checkpoint, parseNote, parseVkey, verifyNote } from '../core/checkpoint.ts'
import { coveredBytes, markIn } from '../core/covered-record.ts'
import { type Hash, leafHash, Tree } from '../core/merkle.ts'
import { ProofBuilder } from '../core/merkle-proof.ts'
import { parseRecord } from '../core/record.ts'
import type { TlogProof } from '../core/tlog-proof.ts'
import { registryOrigin } from '../core/wire.ts'
import { CannotError } from './command.ts'
import type { TrailSource } from './trail/source.ts'

export type Place = { origin: string; index: number }

/** A proof, and the key of the log whose checkpoint it stands on. */
type Proved = { proof: TlogProof; vkey: string }

type Head = { vkey: string; note: string; checkpoint: Checkpoint }

/** Every record of a call in these chains, of one kind if it is given. `read` is told of every record. */
export async function placesOf(
  source: TrailSource,
  origins: readonly string[],
  { call, kind }: { call: string; kind: string | undefined },
  read: () => void,
): Promise<(Place & { kind: string })[]> {
  const places: (Place & { kind: string })[] = []
  // Few records hold it: the others are not parsed.
  const needle = Buffer.from(JSON.stringify(call))
  for (const origin of origins) {
    let index = 0
    for await (const { bytes } of source.records(origin)) {
      if (bytes.includes(needle)) {
        const record = recordOf(bytes)
        if (
          record !== undefined &&
          'call' in record &&
          record.call === call &&
          (kind ?? record.kind) === record.kind
        )
          places.push({ origin, index, kind: record.kind })
      }
      index += 1
      read()
    }
  }
  return places
}

/**
 * Proves a record by the checkpoint of its chain, or else by the registry log. Rejects with `CannotError` where nothing that is
 * signed covers it, or the records are not those that were signed.
 */
export async function prove(
  source: TrailSource,
  { origin, index }: Place,
  read: () => void,
): Promise<Proved> {
  const own = await headIn(source, origin)
  if (own !== undefined && index < own.checkpoint.size) {
    const { record, path } = await pathTo(source, { origin, index }, own.checkpoint, read)
    return { proof: { extra: record, index, path, note: own.note }, vkey: own.vkey }
  }
  const head = await headIn(source, registryOrigin)
  const mark = origin === registryOrigin ? undefined : await markOf(source, { origin, index }, read)
  if (head === undefined || mark === undefined || mark.index >= head.checkpoint.size)
    throw new CannotError(
      `Record ${index} of ${origin} is not covered by anything signed. A later export may cover it`,
    )
  const inner = await pathTo(source, { origin, index }, mark, read)
  const outer = await pathTo(source, { origin: registryOrigin, index: mark.index }, head.checkpoint, read)
  const extra = coveredBytes({
    record: inner.record.toString('utf8'),
    index,
    path: inner.path.map((hash) => hash.toString('base64')),
    mark: outer.record.toString('utf8'),
  })
  return { proof: { extra, index: mark.index, path: outer.path, note: head.note }, vkey: head.vkey }
}

/** What was signed of a chain; undefined where nothing was. Rejects with `CannotError` when another key signed it. */
async function headIn(source: TrailSource, origin: string): Promise<Head | undefined> {
  const [vkey, note] = await Promise.all(
    (['vkey', 'checkpoint'] as const).map(async (what) => await source.text(origin, what)),
  )
  if (vkey === undefined || note === undefined) return undefined
  try {
    const { checkpoint } = parseNote(note)
    const key = parseVkey(vkey.trim())
    if (key.name === origin && checkpoint.origin === origin && verifyNote(note, key) !== undefined)
      return { vkey: vkey.trim(), note, checkpoint }
  } catch {
    // Said below, whatever is wrong with it.
  }
  throw new CannotError(
    `The checkpoint of ${origin} is not signed by its key. See what hipaa-mcp verify says`,
  )
}

/** The first record of the registry log with a root of the chain that covers the record. */
async function markOf(
  source: TrailSource,
  { origin, index }: Place,
  read: () => void,
): Promise<{ index: number; size: number; root: Hash } | undefined> {
  let at = 0
  for await (const { bytes } of source.records(registryOrigin)) {
    const mark = markIn(bytes)
    read()
    if (mark?.origin === origin && mark.size > index) return { index: at, size: mark.size, root: mark.root }
    at += 1
  }
  return undefined
}

/** A record and its path in the tree of the first `size`. */
async function pathTo(
  source: TrailSource,
  { origin, index }: Place,
  { size, root }: { size: number; root: Hash },
  read: () => void,
): Promise<{ record: Buffer; path: Hash[] }> {
  const builder = ProofBuilder.inclusion(index, size)
  const tree = new Tree()
  let record: Buffer | undefined
  for await (const { bytes } of source.records(origin)) {
    if (tree.size === index) record = Buffer.from(bytes)
    const leaf = leafHash(bytes)
    tree.append(leaf)
    builder.append(leaf)
    read()
    if (tree.size === size) break
  }
  if (record === undefined || tree.size < size || !tree.root().equals(root))
    throw new CannotError('The records are not those that were signed. See what hipaa-mcp verify says')
  return { record, path: builder.finish() }
}

function recordOf(bytes: Buffer): ReturnType<typeof parseRecord> | undefined {
  try {
    return parseRecord(bytes)
  } catch {
    return undefined
  }
}
