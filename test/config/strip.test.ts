// The image's sources: the same programs without their types, read without Node's stripper.

import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { sourceEntries } from '../../config/image/product.ts'
import { strippedEntry, strippedEnvironment } from '../../config/image/strip.ts'
import { fileEntry } from '../../config/image/tar.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hipaa-mcp-strip-'))
})
afterAll(async () => await rm(folder, { recursive: true, force: true }))

const stripped = async (path: string, source: string) => await strippedEntry(fileEntry(path, source))

/** What a program of such sources prints, with Node's stripper switched off. */
const ran = (program: string, env: { [name: string]: string }): string =>
  execFileSync(process.execPath, ['--no-strip-types', join(folder, program)], {
    encoding: 'utf8',
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })

test('types go, and every line and column stays where it was', async () => {
  const source = 'type A = string\nexport const a = (b: A): number => b.length // ü\n'

  const entry = await stripped('a.ts', source)

  expect(entry).toMatchObject({ path: 'a.ts', kind: 'file' })
  const text = entry?.kind === 'file' && 'bytes' in entry ? Buffer.from(entry.bytes).toString() : ''
  expect(text).not.toContain('number')
  expect(text.split('\n').map((line) => line.length)).toEqual(source.split('\n').map((line) => line.length))
})

test('what is no TypeScript stays as it is, and declarations are left out', async () => {
  expect(await stripped('a.yaml', 'b: string')).toEqual(fileEntry('a.yaml', 'b: string'))
  expect(await stripped('a.d.ts', 'export type B = string')).toBeUndefined()
})

test('the image’s programs run without Node’s stripper, and only with the loader', async () => {
  const entries = await sourceEntries(['core'], folder)
  entries.push((await strippedEntry(fileEntry(join(folder, 'program.ts'), program))) ?? expect.unreachable())
  for (const entry of entries) {
    if (entry.kind !== 'file') continue
    const bytes = 'bytes' in entry ? entry.bytes : undefined
    if (bytes === undefined) continue
    await mkdir(dirname(entry.path), { recursive: true })
    await writeFile(entry.path, bytes)
  }

  expect(ran('program.ts', strippedEnvironment(folder))).toBe('{"a":1}\n')
  expect(() => ran('program.ts', { NODE_OPTIONS: '' })).toThrow('ERR_UNKNOWN_FILE_EXTENSION')
})

const program = `
import { canonical, type Json } from './core/canonical.ts'
const value: Json = { a: 1 }
console.log(canonical(value))
`
