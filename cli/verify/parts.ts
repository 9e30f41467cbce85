// Small files of an export: keys and notes. What cannot be read is absent, and judged as missing.

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type NoteKey, parseVkey } from '../../core/checkpoint.ts'

/** A file's text; undefined where there is none. */
export async function textIn(folder: string, name: string): Promise<string | undefined> {
  return await readFile(join(folder, name), 'utf8').catch(() => undefined)
}

/** The verifier key of that kind; undefined for any other text. */
export function keyOf(text: string | undefined, kind: NoteKey['kind']): NoteKey | undefined {
  try {
    const key = parseVkey((text ?? '').trim())
    return key.kind === kind ? key : undefined
  } catch {
    return undefined
  }
}
