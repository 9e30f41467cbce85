// What must not stand on a command line, since histories and process lists keep it: read from a file or standard input.

import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import type { JsonObject } from '../core/canonical.ts'
import { isObject } from '../core/is-object.ts'
import { CannotError, UsageError } from './command.ts'

/** All of a file, or of standard input for `-`. Rejects with `CannotError`. */
export async function textFrom(file: string): Promise<string> {
  if (file === '-') return await text(process.stdin)
  try {
    return await readFile(file, 'utf8')
  } catch {
    throw new CannotError(`${file} cannot be read: check its name, or give - for standard input`)
  }
}

/** An option's text, or of `@FILE` what the file holds. Rejects with `CannotError`. */
export async function textOrFile(text: string): Promise<string> {
  return text.startsWith('@') ? await textFrom(text.slice(1)) : text
}

/** The same as a JSON object. Throws `UsageError`, which says `wants` and nothing of the text. */
export async function objectFrom(text: string, wants: string): Promise<JsonObject> {
  const json = await textOrFile(text)
  try {
    const value: unknown = JSON.parse(json)
    if (isObject(value)) return value as JsonObject
  } catch {
    // Said below: the parser's own words would quote it.
  }
  throw new UsageError(wants)
}

/** Lines of a file, without blank ones and spaces around them. */
export async function linesFrom(file: string): Promise<string[]> {
  return (await textFrom(file))
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
}
