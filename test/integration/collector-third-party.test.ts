// Files that we export, verified by the Go project's implementation of the same standards.

import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect } from 'vitest'
import { anExport, type Export, pathIn, tamper } from '../cli/an-export.ts'
import { verifies } from '../verifies.ts'

const source = join(import.meta.dirname, '../cli/third-party')
let program: string

beforeAll(() => {
  // Next to the test's own folders, but it outlives single tests.
  const out = join(import.meta.dirname, '../../out')
  mkdirSync(out, { recursive: true })
  program = join(out, 'third-party')
  const build = spawnSync('nice', ['-n', '5', 'go', 'build', '-o', program, '.'], {
    cwd: source,
    encoding: 'utf8',
  })
  expect(
    build.status,
    `Go 1.24 or newer is needed to build the check: ${build.stderr ?? build.error?.message}`,
  ).toBe(0)
}, 300_000)

const run = (...folders: string[]): { status: number | null; out: string } => {
  const { status, stdout, stderr } = spawnSync(program, folders, { encoding: 'utf8' })
  return { status, out: stdout + stderr }
}
const foldersOf = ({ folder }: Export): string[] => [
  join(folder, 'registry'),
  ...readdirSync(join(folder, 'chains')).map((name) => join(folder, 'chains', name)),
]

verifies('integrity:third-party', 'the Go project’s note and tlog take every exported chain', async () => {
  const made = await anExport()
  const folders = foldersOf(made)
  expect(folders).toHaveLength(4)
  for (const folder of folders) expect(existsSync(join(folder, 'checkpoint'))).toBe(true)

  const { status, out } = run(...folders)
  expect(out.match(/every inclusion proof hold/g)).toHaveLength(4)
  expect(status).toBe(0)
})

verifies(
  'integrity:third-party',
  'they refuse a changed byte, a truncation, a reordering and another key',
  async () => {
    const made = await anExport()
    const { origin } = made.closed
    const folder = join(pathIn(made.folder, origin, 'checkpoint'), '..')
    const paths = ['records.ndjson', 'checkpoint', 'vkey'].map((name) => join(folder, name))
    const kept = paths.map((path) => readFileSync(path))
    const refused = (says: RegExp): void => {
      const { status, out } = run(folder)
      expect(status).toBe(1)
      expect(out).toMatch(says)
      paths.forEach((path, i) => writeFileSync(path, kept[i] as Buffer))
      expect(run(folder).status).toBe(0)
    }

    const changed = Buffer.from(kept[0] as Buffer)
    changed[100] = (changed[100] as number) ^ 1
    writeFileSync(paths[0] as string, changed)
    refused(/not those of the checkpoint/)
    tamper(made.folder, origin, (lines) => lines.slice(0, -1))
    refused(/7 records, the checkpoint covers 8/)
    tamper(made.folder, origin, (lines) => lines.with(2, lines[3] as string).with(3, lines[2] as string))
    refused(/not those of the checkpoint/)
    writeFileSync(paths[1] as string, String(kept[1]).replace('\n8\n', '\n7\n'))
    refused(/invalid signature/)
    writeFileSync(paths[2] as string, readFileSync(pathIn(made.folder, made.live.origin, 'vkey')))
    refused(/no verifiable signatures|note has no/)
  },
)
