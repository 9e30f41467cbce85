// A checkpoint as a verifier sees it: both signatures must be there. One that is stripped off never passes.

import { type NoteKey, parseNote, verifyNote } from '../../core/checkpoint.ts'

export type Checked = {
  size: number
  root: Buffer
  /** When the collector cosigned it, seconds since 1970; absent where its key is not known. */
  time?: number
}

/** The checkpoint, or what is wrong with it. */
export function checkNote(
  note: string,
  wanted: {
    origin: string
    log: NoteKey /** The collector's; absent where nobody pinned it. */
    witness: NoteKey | undefined
  },
): { checkpoint: Checked } | { wrong: string } {
  let read: ReturnType<typeof parseNote>
  try {
    read = parseNote(note)
  } catch {
    return { wrong: 'its checkpoint is no signed note' }
  }
  const { origin, size, root } = read.checkpoint
  if (origin !== wanted.origin) return { wrong: 'its checkpoint is that of another chain' }
  if (verifyNote(note, wanted.log) === undefined)
    return { wrong: 'its checkpoint is not signed by the key that the registry log names' }
  if (wanted.witness === undefined) return { checkpoint: { size, root } }
  const cosigned = verifyNote(note, wanted.witness)
  if (cosigned?.time === undefined) return { wrong: 'its checkpoint is not cosigned by the witness' }
  return { checkpoint: { size, root, time: cosigned.time } }
}
