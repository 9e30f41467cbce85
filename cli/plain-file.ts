// Files of a trail that somebody else made: a pipe in the place of one would be waited for without an end.

import { readFile, stat } from 'node:fs/promises'

/** What it holds; undefined where there is no plain file, or it cannot be read. */
export async function plainFile(path: string): Promise<Buffer | undefined> {
  const found = await stat(path).catch(() => undefined)
  return found?.isFile() === true ? await readFile(path).catch(() => undefined) : undefined
}
