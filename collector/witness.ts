// The witness (C2SP tlog-witness, in spirit): it cosigns a checkpoint only after it recomputed the root from the records
// that it holds itself, and never one that truncates, forks or restarts a chain (45 CFR 164.312(c)(1)).

import {
  type Checkpoint,
  cosign,
  type NoteKey,
  parseNote,
  parseVkey,
  verifyNote,
} from '../core/checkpoint.ts'
import type { Chain } from './chain.ts'
import { Refusal } from './refusals.ts'

/** The checkpoint, when it may be cosigned. Throws `Refusal` otherwise. */
export function judgeCheckpoint(chain: Chain, note: string): Checkpoint {
  const checkpoint = read(note)
  if (checkpoint.origin !== chain.origin) throw new Refusal('bad-note')
  if (verifyNote(note, parseVkey(chain.vkey)) === undefined) throw new Refusal('bad-signature')
  const { size, root } = checkpoint
  if (size < chain.witnessed.size) throw new Refusal('truncates', { size: chain.witnessed.size })
  if (size > chain.size) throw new Refusal('records-missing', { size: chain.size })
  if (chain.rootAt(size)?.equals(root) !== true) throw new Refusal('fork-root', { size: chain.size })
  return checkpoint
}

/** The cosignature line. `now` in milliseconds since 1970. */
export function cosignature(checkpoint: Checkpoint, key: NoteKey, now: number): string {
  return cosign(checkpoint, key, Math.floor(now / 1000))
}

function read(note: string): Checkpoint {
  try {
    return parseNote(note).checkpoint
  } catch (cause) {
    throw new Refusal('bad-note', { cause })
  }
}
