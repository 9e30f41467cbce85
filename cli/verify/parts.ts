// Keys as a trail has them. What cannot be read is absent, and judged as missing.

import { type NoteKey, parseVkey } from '../../core/checkpoint.ts'

/** The verifier key of that kind; undefined for any other text. */
export function keyOf(text: string | undefined, kind: NoteKey['kind']): NoteKey | undefined {
  try {
    const key = parseVkey((text ?? '').trim())
    return key.kind === kind ? key : undefined
  } catch {
    return undefined
  }
}
