// Writes the lines of an export into a folder.

import { once } from 'node:events'
import { createWriteStream, type WriteStream } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { finished } from 'node:stream/promises'
import { type ExportLine, registryOrigin } from '../core/wire.ts'
import { CannotError } from './command.ts'
import { folderOfChain, type Manifest, manifestSchema, recordFiles } from './export-layout.ts'
import { wholeFolder } from './whole-folder.ts'

/** What was written, the registry log apart. */
export type Written = { chains: number; records: number; witness: string }

/**
 * Resolves when everything is there under `folder`. Rejects, and leaves nothing, when the lines end before their `end`.
 * `now` is RFC 3339.
 */
export async function writeExport(
  lines: AsyncIterable<ExportLine>,
  {
    folder,
    server,
    now,
    read,
  }: { folder: string; server: string; now: string; read: (records: number) => void },
): Promise<Written> {
  return await wholeFolder(folder, async (partial) => {
    const manifest = await fill(partial, lines, server, now, read)
    await writeFile(join(partial, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`)
    const chains = manifest.chains.filter(({ origin }) => origin !== registryOrigin)
    return {
      chains: chains.length,
      records: chains.reduce((sum, { records }) => sum + records, 0),
      witness: manifest.witness,
    }
  })
}

async function fill(
  partial: string,
  lines: AsyncIterable<ExportLine>,
  server: string,
  exported: string,
  read: (records: number) => void,
): Promise<Manifest> {
  const chains: Manifest['chains'] = []
  let witness = ''
  let file: WriteStream | undefined
  let ended = false
  let total = 0
  for await (const line of lines) {
    const chain = chains.at(-1)
    if ('chain' in line) {
      await close(file)
      witness = line.witness
      const folder = folderOfChain(line.chain)
      chains.push({ origin: line.chain, folder, records: 0 })
      await mkdir(join(partial, folder), { recursive: true })
      await writeFile(join(partial, folder, 'vkey'), `${line.vkey}\n`)
      file = createWriteStream(join(partial, folder, recordFiles.all))
    } else if ('record' in line && chain !== undefined && file !== undefined) {
      chain.records += 1
      total += 1
      read(total)
      if (!file.write(`${line.record}\n`)) await once(file, 'drain')
    } else if ('checkpoint' in line && chain !== undefined)
      await writeFile(join(partial, chain.folder, 'checkpoint'), line.checkpoint)
    else if ('witnessed' in line && chain !== undefined)
      await writeFile(join(partial, chain.folder, 'witnessed'), line.witnessed)
    else if ('end' in line) ended = line.chains === chains.length && line.records === total
  }
  await close(file)
  if (!ended) throw new CannotError('The export was cut off before its end: try again')
  return { schema: manifestSchema, server, exported, witness, chains }
}

async function close(file: WriteStream | undefined): Promise<void> {
  if (file === undefined) return
  file.end()
  await finished(file)
}
