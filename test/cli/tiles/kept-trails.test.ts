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
      const { out } = await hipaaMcp(['trail', 'prove', of, '--call', 'closed-2', '--kind', 'result'])
      expect(`${out}\n`).toBe(text(version, 'record.tlog-proof'))
    }
  },
)

test('its proof verifies with the keys that are kept beside it', async () => {
  const witness = text('0.1.0', 'witness').trim()
  const proof = text('0.1.0', 'record.tlog-proof')
  const origin = /\n\n(\S+)\n/.exec(proof)?.[1] as string
  const folder = join(kept, '0.1.0', 'export', 'chains')
  const vkey = readdirSync(folder)
    .map((name) => readFileSync(join(folder, name, 'vkey'), 'utf8').trim())
    .find((key) => key.startsWith(`${origin}+`)) as string
  const args = ['--vkey', vkey, '--witness', witness]

  expect(
    (await hipaaMcp(['verify', '--proof', join(kept, '0.1.0', 'record.tlog-proof'), ...args])).code,
  ).toBe(0)
})
