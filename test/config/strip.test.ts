// The image's sources: the same programs without their types, read without Node's stripper.

import { execFileSync, spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import * as http from 'node:http'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { checkout } from '../../config/image/base.ts'
import { bundled } from '../../config/image/bundle.ts'
import { sourceEntries } from '../../config/image/product.ts'
import { loaderEntry, strippedEntry, strippedEnvironment } from '../../config/image/strip.ts'
import { type Entry, fileEntry } from '../../config/image/tar.ts'

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

/** Writes those whose content is made, and not copied. */
async function written(entries: readonly Entry[]): Promise<void> {
  for (const entry of entries) {
    if (entry.kind !== 'file' || !('bytes' in entry)) continue
    await mkdir(dirname(entry.path), { recursive: true })
    await writeFile(entry.path, entry.bytes)
  }
}

test('the image’s programs run without Node’s stripper, and only with the loader', async () => {
  const entries = await sourceEntries(['core'], folder)
  entries.push((await strippedEntry(fileEntry(join(folder, 'program.ts'), program))) ?? expect.unreachable())
  await written(entries)

  expect(ran('program.ts', strippedEnvironment(folder))).toBe('{"a":1}\n')
  expect(() => ran('program.ts', { NODE_OPTIONS: '' })).toThrow('ERR_UNKNOWN_FILE_EXTENSION')
})

test('whoever serves HTTP in the image does not load fetch for it, and has all else', async () => {
  await written([await loaderEntry(folder), fileEntry(join(folder, 'server.mjs'), server)])
  const names = Object.keys(http).filter((name) => name !== 'default')

  const served = JSON.parse(ran('server.mjs', strippedEnvironment(folder))) as Served
  expect(served.names).toEqual(names.filter((name) => !/^(WebSocket|CloseEvent|MessageEvent)$/.test(name)))
  expect(served.fetch).toBe(false)
  expect(JSON.parse(ran('server.mjs', { NODE_OPTIONS: '' }))).toEqual({ names, fetch: true })
})

type Served = { names: string[]; fetch: boolean }
const server = `
import * as http from 'node:http'
import same, { createServer } from 'http'
if (same !== process.getBuiltinModule('node:http') || createServer !== same.createServer) throw new Error('another http')
const names = Object.keys(http).filter((name) => name !== 'default')
console.log(JSON.stringify({ names, fetch: process.moduleLoadList.some((name) => name.endsWith('undici/undici')) }))
`

test('the image has what every guarded pod waits for as one file', async () => {
  const from = join(folder, 'checkout')
  const texts = {
    'sidecar/main.ts': "import { other } from './other.ts'\nconsole.log(other)",
    'sidecar/other.ts': "export const other: string = 'of another file'",
    'package.json': '{}',
    LICENSE: '',
  }
  await written(Object.entries(texts).map(([path, text]) => fileEntry(join(from, path), text)))

  const alone = join(folder, 'sidecar-alone')
  const entries = await sourceEntries(['sidecar'], alone, from)
  await written(entries.filter(({ path }) => !path.endsWith('other.ts')))

  expect(ran('sidecar-alone/sidecar/main.ts', strippedEnvironment(alone))).toBe('of another file\n')
})

test('one file is ASCII and says the same: V8 keeps two bytes for each sign of a file that has another one', async () => {
  const source = `
const text = 'Crohn’s 😀', template = \`– \${text}\`
console.log(text, template, /^[＊∗😀]+$/u.test('＊😀∗'), /^[’é]$/.test('é'), { größe: 1 }.größe)
/*! © \\é */
/** \\– */
console.log('\\\\é', '\\é', /^\\é$/.test('é'), /^\\\\é$/.test('\\\\é'))
`
  const one = join(folder, 'beyond.ts')
  await writeFile(one, source)
  const text = await bundled(one)
  await writeFile(join(folder, 'ascii.mjs'), text)

  expect(text).toMatch(/^[\0-\x7f]+$/)
  expect(ran('ascii.mjs', {})).toBe('Crohn’s 😀 – Crohn’s 😀 true true 1\n\\é é true true\n')
})

test('a sign beyond ASCII in a template that is read as it is written is refused', async () => {
  const one = join(folder, 'refused.ts')
  await writeFile(one, '/*! © */ console.log(String.raw`a–b`)')

  await expect(bundled(one)).rejects.toThrow('console.log(String.raw`a– as an escape')
})

test('the sidecar is whole as one file, the same each time', async () => {
  const main = join(checkout, 'sidecar', 'main.ts')
  const text = await bundled(main)
  const alone = join(folder, 'alone')
  await written([await loaderEntry(alone), fileEntry(join(alone, 'main.ts'), text)])

  expect(await bundled(main)).toBe(text)
  // It says what its environment lacks: all that it needs is there.
  const { status, stdout } = spawnSync(process.execPath, ['--no-strip-types', join(alone, 'main.ts')], {
    encoding: 'utf8',
    env: strippedEnvironment(alone),
  })
  expect(stdout).toContain('HIPAA_MCP_SERVER is missing')
  expect(status).toBe(1)
})

const program = `
import { canonical, type Json } from './core/canonical.ts'
const value: Json = { a: 1 }
console.log(canonical(value))
`
