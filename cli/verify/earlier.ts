// Checkpoints that the verifier kept from before. A trail that was rewritten since, by whoever holds all its keys, has another
// root at the size that such a checkpoint has.

import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type Checkpoint, type NoteKey, parseNote, verifyNote } from '../../core/checkpoint.ts'
import { Tree } from '../../core/merkle.ts'
import { CannotError } from '../command.ts'

/** A note, and what it says. */
type Kept = { note: string; checkpoint: Checkpoint }

/** By origin. */
export type Earlier = ReadonlyMap<string, readonly Kept[]>

/** Reads one checkpoint, or those of a whole export. Rejects with `CannotError` where there is none. */
export async function earlierIn(path: string): Promise<Earlier> {
  const folder = await stat(path).then(
    (found) => found.isDirectory(),
    () => {
      throw new CannotError(`${path} is not there: --earlier wants a checkpoint or an earlier export`)
    },
  )
  const kept: Kept[] = []
  for (const file of folder ? await checkpointsBelow(path) : [path]) {
    const note = await readFile(file, 'utf8')
    try {
      kept.push({ note, checkpoint: parseNote(note).checkpoint })
    } catch {
      throw new CannotError(`${file} is no checkpoint: --earlier wants signed notes as they were exported`)
    }
  }
  if (kept.length === 0)
    throw new CannotError(`${path} holds no checkpoint: --earlier wants one, or an earlier export`)
  return Map.groupBy(kept, ({ checkpoint }) => checkpoint.origin)
}

async function checkpointsBelow(folder: string): Promise<string[]> {
  const chains = await readdir(join(folder, 'chains')).catch(() => [])
  const files = ['registry', ...chains.map((name) => join('chains', name))].map((name) =>
    join(folder, name, 'checkpoint'),
  )
  const there = await Promise.all(files.map(async (file) => await stat(file).catch(() => undefined)))
  return files.filter((_, i) => there[i] !== undefined)
}

/** Whether one chain goes on from what was kept of it: asked at each of its `sizes`, as the chain's tree grows. */
export class EarlierCheck {
  readonly #findings: string[] = []
  #heads: Checkpoint[]

  /** `key`: the chain's, undefined where it has none that can be read. */
  constructor(kept: readonly Kept[], key: NoteKey | undefined) {
    const signed = kept.filter(({ note }) => key !== undefined && verifyNote(note, key) !== undefined)
    if (signed.length < kept.length)
      this.#findings.push('an earlier checkpoint is not signed by its key: the key is another')
    this.#heads = signed.map(({ checkpoint }) => checkpoint).toSorted((a, b) => a.size - b.size)
    this.compare(new Tree())
  }

  /** Sizes of what was kept, in order. */
  get sizes(): number[] {
    return this.#heads.map(({ size }) => size)
  }

  /** What is wrong, a sentence each. `size`: of the chain. */
  finish(size: number): string[] {
    return [
      ...this.#findings,
      ...this.#heads.map(
        (head) => `it has ${size} records, an earlier checkpoint covers ${head.size}: it is truncated`,
      ),
    ]
  }

  /** To be called with the tree as it is. */
  compare(tree: Tree): void {
    const { size } = tree
    for (let head = this.#heads[0]; head?.size === size; head = this.#heads[0]) {
      this.#heads = this.#heads.slice(1)
      if (!tree.root().equals(head.root))
        this.#findings.push(
          `its first ${size} records are not those of an earlier checkpoint: it was rewritten or forked`,
        )
    }
  }
}
