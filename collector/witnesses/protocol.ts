// One question to a witness and its answer, as C2SP tlog-witness writes them (add-checkpoint). Pure.

import { type NoteKey, verifyNote } from '../../core/checkpoint.ts'
import type { Hash } from '../../core/merkle.ts'

/** What a witness is shown: `note` is a checkpoint of `size` records that the log signed. */
export type Shown = {
  /** Records that it has signed, as far as we know. */ old: number
  size: number
  note: string
}

/** Why a witness would not sign. The first three say that our log is not the one which it signed before. */
export const refusals = {
  ahead: 'It has signed more records than the log has: the log was cut, reset, or restored from a backup',
  'other-root': 'It has signed another log of this size: the log was rewritten, or has two histories',
  inconsistent:
    'The log is no continuation of what it has signed: the log was rewritten, or has two histories',
  'key-unknown': 'It knows this log under another key',
  'log-unknown': 'It does not know this log: tell whoever runs it the log’s verifier key',
  malformed: 'It does not understand what it was sent',
} as const
export type RefusalReason = keyof typeof refusals

/** Why there is no answer that means anything. */
type FailureReason = 'unreachable' | 'unavailable' | 'no-cosignature' | 'conflicts'

export type Answer =
  | {
      kind: 'signed' /** Its signature line. */
      line: string /** Seconds since 1970, by its clock. */
      time: number
    }
  /** It has signed so many records, and asks for the proof from there; there is none where we have fewer. */
  | { kind: 'from'; size: number }
  | { kind: 'refused'; reason: RefusalReason /** Records that it has signed. */; signed?: number }
  | { kind: 'failed'; reason: FailureReason }

/** Largest answer that is read, bytes: a few signature lines, ML-DSA ones among them. */
export const answerLimit = 64 * 1024

/** The body of `POST <submission prefix>/add-checkpoint`. */
export function questionOf({ old, note }: Shown, proof: readonly Hash[]): string {
  return `old ${old}\n${proof.map((hash) => `${hash.toString('base64')}\n`).join('')}\n${note}`
}

const answers: { readonly [status: number]: RefusalReason } = {
  400: 'malformed',
  403: 'key-unknown',
  404: 'log-unknown',
  422: 'inconsistent',
}

/** What an answer means to whoever pinned `key` for this witness. */
export function answerOf(status: number, body: string, shown: Shown, key: NoteKey): Answer {
  if (status === 200) return cosignatureIn(body, shown, key) ?? { kind: 'failed', reason: 'no-cosignature' }
  if (status === 409) return conflictOf(body, shown)
  const reason = answers[status]
  return reason === undefined ? { kind: 'failed', reason: 'unavailable' } : { kind: 'refused', reason }
}

/** The first line that the pinned key made over exactly this checkpoint; lines of unknown keys and kinds are ignored. */
function cosignatureIn(body: string, { note }: Shown, key: NoteKey): Answer | undefined {
  const text = note.slice(0, note.indexOf('\n\n') + 2)
  for (const line of body.split('\n')) {
    const time = timeOf(`${text}${line}\n`, key)
    // A time of zero says of nothing when it was signed.
    if (time !== undefined && time > 0) return { kind: 'signed', line: `${line}\n`, time }
  }
  return undefined
}

/** When `key` cosigned the note; undefined when it did not, or the note is none. */
export function timeOf(note: string, key: NoteKey): number | undefined {
  try {
    return verifyNote(note, key)?.time
  } catch {
    return undefined
  }
}

/** 409: it has signed another number of records than we said, or another log of this very size. */
function conflictOf(body: string, { old, size }: Shown): Answer {
  const signed = /^(0|[1-9][0-9]{0,15})\n?$/.test(body) ? Number(body) : old
  if (signed !== old) return { kind: 'from', size: signed }
  return old === size
    ? { kind: 'refused', reason: 'other-root', signed }
    : { kind: 'failed', reason: 'conflicts' }
}
