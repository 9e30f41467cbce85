// Where the index of a trail is kept unless somebody says where: not beside the trail. What comes with a trail was made by others,
// and an index is believed for what was verified when it was made.

import { createHash } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { realpath } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { CannotError } from '../command.ts'

/** A file in the cache of whoever runs the command (XDG Base Directory), one for each source as it is named. Its own folder is there. */
export async function indexPath(source: string): Promise<string> {
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache')
  const indexes = join(cache, 'hipaa-mcp', 'indexes')
  try {
    mkdirSync(indexes, { recursive: true, mode: 0o700 })
  } catch (cause) {
    throw new CannotError(`${indexes} cannot be made: say with --index where the index is kept`, { cause })
  }
  const real = await realpath(source).catch(() => (source.includes('://') ? source : resolve(source)))
  return join(indexes, `${createHash('sha256').update(real).digest('hex').slice(0, 32)}.index`)
}
