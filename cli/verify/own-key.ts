// A key that the verifier brings along, on the command line or in a file.

import type { NoteKey } from '../../core/checkpoint.ts'
import { UsageError } from '../command.ts'
import { textOrFile } from '../lines.ts'
import { keyOf } from './parts.ts'

/** `text`: the key, or `@FILE` with it. Rejects with `UsageError`, or `CannotError` where there is no such file. */
export async function ownKey(text: string, kind: NoteKey['kind'], option: string): Promise<NoteKey> {
  const key = keyOf(await textOrFile(text), kind)
  if (key === undefined)
    throw new UsageError(`${option} wants a verifier key, name+hash+key, or @FILE with one`)
  return key
}
