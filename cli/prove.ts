// Finds a record in an exported trail, and makes the proof that it is there.

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Checkpoint, parseNote, parseVkey, verifyNote } from '../core/checkpoint.ts'
import { leafHash, Tree } from '../core/merkle.ts'
import { ProofBuilder } from '../core/merkle-proof.ts'
import { parseRecord } from '../core/record.ts'
import type { TlogProof } from '../core/tlog-proof.ts'
import { CannotError } from './command.ts'
import { folderOfChain } from './export-layout.ts'
import { recordsIn } from './verify/chain-records.ts'

export type Place = { origin: string; index: number }

/** A chain's folder with what was signed of it. */
export type Head = { folder: string; vkey: string; note: string; checkpoint: Checkpoint }

/** Every record of a call in these chains, of one kind if it is given. `read` is told of every record. */
export async function placesOf(
  source: string,
  origins: readonly string[],
  { call, kind }: { call: string; kind: string | undefined },
  read: () => void,
): Promise<(Place & { kind: string })[]> {
  const places: (Place & { kind: string })[] = []
  // Few records hold it: the others are not parsed.
  const needle = Buffer.from(JSON.stringify(call))
  for (const origin of origins) {
    let index = 0
    for await (const { bytes } of recordsIn(join(source, folderOfChain(origin)))) {
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

/** Reads what was signed of a chain. Rejects with `CannotError` where the record is not covered by it. */
export async function headIn(folder: string, { origin, index }: Place): Promise<Head> {
  const [vkey, note] = await Promise.all(
    ['vkey', 'checkpoint'].map(async (name) => await textIn(folder, name)),
  )
  if (vkey === undefined || note === undefined)
    throw new CannotError(
      `${origin} has no checkpoint yet: nothing of it can be proved. A later export may have one`,
    )
  try {
    const { checkpoint } = parseNote(note)
    const key = parseVkey(vkey.trim())
    if (key.name !== origin || checkpoint.origin !== origin || verifyNote(note, key) === undefined)
      throw new TypeError('another key')
    if (index < checkpoint.size) return { folder, vkey: vkey.trim(), note, checkpoint }
  } catch {
    throw new CannotError(
      `The checkpoint of ${origin} is not signed by its key. See what hipaa-mcp verify says`,
    )
  }
  throw new CannotError(
    `Record ${index} of ${origin} is not covered by its checkpoint, of ${parseNote(note).checkpoint.size} records. A later export may cover it`,
  )
}

/** Proves a record that the checkpoint covers. Rejects with `CannotError` where the records are not those of it. */
export async function prove(
  { folder, note, checkpoint }: Head,
  { index }: Place,
  read: () => void,
): Promise<TlogProof> {
  const { size, root } = checkpoint
  const builder = ProofBuilder.inclusion(index, size)
  const tree = new Tree()
  let record: Buffer | undefined
  for await (const { bytes } of recordsIn(folder)) {
    if (tree.size === index) record = Buffer.from(bytes)
    const leaf = leafHash(bytes)
    tree.append(leaf)
    builder.append(leaf)
    read()
    if (tree.size === size) break
  }
  if (record === undefined || tree.size < size || !tree.root().equals(root))
    throw new CannotError('The records are not those of the checkpoint. See what hipaa-mcp verify says')
  return { record, index, path: builder.finish(), note }
}

function recordOf(bytes: Buffer): ReturnType<typeof parseRecord> | undefined {
  try {
    return parseRecord(bytes)
  } catch {
    return undefined
  }
}

async function textIn(folder: string, name: string): Promise<string | undefined> {
  return await readFile(join(folder, name), 'utf8').catch(() => undefined)
}
