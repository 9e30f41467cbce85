// A trail that comes in one stream, or in pieces of another form: it is written down as an export first, where its owner alone can read
// it, and is then read like any other. The folder is gone when the command ends.

import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { folderSource } from './folder-source.ts'
import type { TrailSource } from './source.ts'

const cuts = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** `name`: as somebody named it. `fill` writes an export into the folder that it is given, which is not there yet. */
export async function spooledSource(
  name: string,
  fill: (folder: string) => Promise<void>,
): Promise<TrailSource> {
  const home = await mkdtemp(join(tmpdir(), 'hipaa-mcp-trail-'))
  const remove = (): void => rmSync(home, { recursive: true, force: true, maxRetries: 3 })
  // A signal that nobody listens for ends the process without its exit.
  const cut = (signal: NodeJS.Signals): void => {
    end()
    process.kill(process.pid, signal)
  }
  const end = (): void => {
    process.off('exit', remove)
    for (const signal of cuts) process.off(signal, cut)
    remove()
  }
  process.once('exit', remove)
  for (const signal of cuts) process.once(signal, cut)
  const folder = join(home, 'trail')
  try {
    await fill(folder)
  } catch (error) {
    end()
    throw error
  }
  const source = folderSource(folder)
  return {
    ...source,
    name,
    close: async () => {
      await source.close()
      end()
    },
  }
}
