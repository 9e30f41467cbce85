// Values of a tape as JSON.parse gives them, made one by one where somebody needs them.

import type { Json } from '../canonical.ts'
import {
  beyondAscii,
  endOf,
  escapes,
  kindOf,
  numberKind,
  signsOf,
  startOf,
  type Tape,
  textKind,
} from '../json-scan.ts'

/** The text at an entry that is one. */
export function textAt(tape: Tape, entry: number): string {
  const [start, end] = [startOf(tape, entry), endOf(tape, entry)]
  const signs = signsOf(tape, entry)
  if ((signs & (escapes | beyondAscii)) === 0) return tape.letters(start + 1, end - 1)
  if ((signs & escapes) !== 0) return JSON.parse(utf8(tape, start, end)) as string
  return utf8(tape, start + 1, end - 1)
}

/** The number at an entry that is one. */
export function numberAt(tape: Tape, entry: number): number {
  return Number(tape.letters(startOf(tape, entry), endOf(tape, entry)))
}

/** The text or number at an entry; undefined of anything else. */
export function scalarAt(tape: Tape, entry: number): string | number | undefined {
  const kind = kindOf(tape, entry)
  return kind === textKind ? textAt(tape, entry) : kind === numberKind ? numberAt(tape, entry) : undefined
}

/** All texts and numbers of what stands between these two: that one, or those of a list. */
export function scalarsBetween(tape: Tape, start: number, end: number): (string | number)[] {
  const value = JSON.parse(utf8(tape, start, end)) as Json
  return (Array.isArray(value) ? value : [value]).filter(
    (one) => typeof one === 'string' || typeof one === 'number',
  )
}

/** Whatever stands at an entry. */
export function valueAt(tape: Tape, entry: number): Json {
  if (kindOf(tape, entry) === textKind) return textAt(tape, entry)
  return JSON.parse(utf8(tape, startOf(tape, entry), endOf(tape, entry))) as Json
}

function utf8({ bytes }: Tape, start: number, end: number): string {
  return bytes.toString('utf8', start, end)
}
