import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parseRecord } from '../../../core/record.ts'
import { aFolder } from '../../collector/a-trail.ts'
import { hipaaMcp } from '../../support/command-line.ts'
import { verifies } from '../../verifies.ts'

const kept = join(import.meta.dirname, '../../fixtures/trail')
const versions = readdirSync(kept, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)
const text = (...path: string[]): string => readFileSync(join(kept, ...path), 'utf8')
const filesBelow = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => statSync(join(folder, name)).isFile())
    .toSorted()

test('a trail of the first version is kept', () => {
  expect(versions).toContain('0.1.0')
})

verifies(
  'integrity:format',
  'the trail that each version wrote verifies with this one, and says the same',
  async () => {
    for (const version of versions) {
      const witness = text(version, 'witness').trim()
      for (const form of ['export', 'tiles']) {
        const args = ['verify', join(kept, version, form), '--witness', witness, '--json']
        const { code, out } = await hipaaMcp([...args, '--earlier', join(kept, version, 'earlier')])
        expect(JSON.parse(out), `${version} ${form}`).toMatchObject(
          JSON.parse(text(version, 'report.json')) as object,
        )
        expect(code).toBe(0)
      }
    }
  },
)

verifies(
  'integrity:format',
  'each of its records is read, and its tiles and proof are made again as they were',
  async () => {
    for (const version of versions) {
      const [of, tiles] = [join(kept, version, 'export'), join(aFolder(), 'tiles')]
      const lines = filesBelow(of)
        .filter((name) => name.endsWith('.ndjson'))
        .flatMap((name) => readFileSync(join(of, name), 'utf8').split('\n').slice(0, -1))
      expect(lines.length).toBeGreaterThan(30)
      for (const line of lines) expect(() => parseRecord(Buffer.from(line)), line).not.toThrow()

      expect((await hipaaMcp(['trail', 'tiles', of, tiles])).code).toBe(0)
      expect(filesBelow(tiles)).toEqual(filesBelow(join(kept, version, 'tiles')))
      for (const file of filesBelow(tiles))
        expect(readFileSync(join(tiles, file)), file).toEqual(
          readFileSync(join(kept, version, 'tiles', file)),
        )
      for (const [file, ...which] of [
        ['record', '--call', 'closed-2', '--kind', 'result'],
        ['covered', '--call', 'running'],
      ] as const) {
        const { out } = await hipaaMcp(['trail', 'prove', of, ...which])
        expect(`${out}\n`).toBe(text(version, `${file}.tlog-proof`))
      }
    }
  },
)

test('their proofs verify with the keys that are kept beside them', async () => {
  for (const version of versions) {
    const logs = filesBelow(join(kept, version, 'export')).filter((name) => name.endsWith('vkey'))
    const keys = logs.map((name) => text(version, 'export', name).trim())
    for (const file of ['record', 'covered']) {
      const origin = /\n\n(\S+)\n/.exec(text(version, `${file}.tlog-proof`))?.[1] as string
      const vkey = keys.find((key) => key.startsWith(`${origin}+`)) as string
      const path = join(kept, version, `${file}.tlog-proof`)
      const args = ['--vkey', vkey, '--witness', text(version, 'witness').trim()]
      expect((await hipaaMcp(['verify', '--proof', path, ...args])).code, path).toBe(0)
    }
  }
})
