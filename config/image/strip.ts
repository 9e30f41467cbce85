// Sources as the image holds them: TypeScript without its types, under the same names, every line and column in its
// place. The same input gives the same bytes: Node's own stripper puts blanks where types were.

import { readFile } from 'node:fs/promises'
import { stripTypeScriptTypes } from 'node:module'
import { join } from 'node:path'
import { type Entry, fileEntry } from './tar.ts'

/** Where the image holds what reads such sources. It is made from load-stripped.ts. */
const loader = 'load-stripped.js'

/** Environment of programs that run stripped sources out of `folder`, an absolute path. */
export const strippedEnvironment = (folder: string): { [name: string]: string } => ({
  NODE_OPTIONS: `--import=file://${folder}/${loader}`,
  // One arena for all threads: what the compiler's threads and the disk's freed stays with each of theirs otherwise, a
  // fifth of the sidecar's memory under load.
  MALLOC_ARENA_MAX: '1',
})

/** The entry, without types where it is TypeScript. Declarations have nothing else: undefined. */
export async function strippedEntry(entry: Entry): Promise<Entry | undefined> {
  const { path } = entry
  if (entry.kind !== 'file' || !path.endsWith('.ts')) return entry
  if (path.endsWith('.d.ts')) return undefined
  const source = 'bytes' in entry ? Buffer.from(entry.bytes).toString() : await readFile(entry.source, 'utf8')
  return fileEntry(path, stripTypeScriptTypes(source), entry.mode)
}

/** What reads stripped sources, for the folder `prefix`. */
export async function loaderEntry(prefix: string): Promise<Entry> {
  const source = await readFile(join(import.meta.dirname, 'load-stripped.ts'), 'utf8')
  return fileEntry(`${prefix}/${loader}`, stripTypeScriptTypes(source))
}
