// Init container of a pod with a stdio server: copies what runs the server into a volume that the app's container mounts
// read-only: Node, the loader and libraries that it needs (the image may be of musl, or hold nothing but the server), and
// the wrapper. `install.ts FOLDER`.

import { chmodSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { basename, join } from 'node:path'
import { wrapperFiles } from '../../core/identifiers.ts'

/** What the wrapper imports, and how it is called beside it. */
const identifiers = '../../core/log-identifiers.ts'
const beside = 'identifiers.mjs'

/** Libraries of this very process, its loader among them. */
function libraries(): string[] {
  const { sharedObjects } = process.report.getReport() as unknown as { sharedObjects: string[] }
  return sharedObjects.filter((path) => path.startsWith('/'))
}

function install(folder: string): number {
  const { loader, libraries: below, node, program } = wrapperFiles
  const files = libraries()
  const own = files.find((path) => /\/ld-linux[^/]*$/.test(path))
  if (own === undefined)
    throw new Error('this program has no loader of glibc: build the image from its recipe')
  mkdirSync(join(folder, below), { recursive: true })
  for (const file of files) copy(file, join(folder, below, basename(file)))
  copy(own, join(folder, loader))
  copy(process.execPath, join(folder, node))
  // Without types, so that the app's memory does not pay for what takes them away.
  const source = plain(join(import.meta.dirname, 'main.ts')).replace(identifiers, `./${beside}`)
  writeFileSync(join(folder, program), source, { mode: 0o444 })
  writeFileSync(join(folder, beside), plain(join(import.meta.dirname, identifiers)), { mode: 0o444 })
  return files.length
}

const plain = (file: string): string => stripTypeScriptTypes(readFileSync(file, 'utf8'))

function copy(from: string, to: string): void {
  copyFileSync(from, to)
  chmodSync(to, 0o555)
}

const [folder] = process.argv.slice(2)
if (folder === undefined) {
  process.stderr.write('usage: install.ts FOLDER\n')
  process.exit(2)
}
process.stdout.write(`hipaa-mcp-wrapper: Node and ${install(folder)} libraries are in place\n`)
