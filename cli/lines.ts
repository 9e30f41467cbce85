// What must not stand on a command line, since histories and process lists keep it: read from a file or standard input.

import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { CannotError } from './command.ts'

/** All of a file, or of standard input for `-`. Rejects with `CannotError`. */
export async function textFrom(file: string): Promise<string> {
  if (file === '-') return await text(process.stdin)
  try {
    return await readFile(file, 'utf8')
  } catch {
    throw new CannotError(`${file} cannot be read: check its name, or give - for standard input`)
  }
}

/** Its lines, without blank ones and spaces around them. */
export async function linesFrom(file: string): Promise<string[]> {
  return (await textFrom(file))
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
}
