import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { cosign, type NoteKey, signCheckpoint } from '../../../core/checkpoint.ts'
import { leafHash, rootOf } from '../../../core/merkle.ts'
import { parseRecord, recordBytes } from '../../../core/record.ts'
import { aFolder } from '../../collector/a-trail.ts'
import { hipaaMcp } from '../../support/command-line.ts'
import { verifies } from '../../verifies.ts'
import { pathIn, tamper } from '../an-export.ts'
import { aLongTrail, type LongTrail } from './a-long-trail.ts'

const registry = 'hipaa-mcp.dev/registry'
const linesOf = (folder: string, origin: string): Buffer[] =>
  readFileSync(pathIn(folder, origin, 'records.ndjson'), 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((text) => Buffer.from(text))

/** What whoever has every key can do: one old record is another, and everything that speaks of it says so. */
function rewriteHistory({ folder, long, keys }: LongTrail): void {
  const { origin } = long
  tamper(folder, origin, (lines) =>
    lines.with(
      100,
      String(
        recordBytes({ ...parseRecord(Buffer.from(lines[100] as string)), at: '2026-09-21T17:00:00.000Z' }),
      ),
    ),
  )
  const leaves = linesOf(folder, origin).map(leafHash)
  tamper(folder, registry, (lines) =>
    lines.map((text) => {
      const record = parseRecord(Buffer.from(text))
      if (!('root' in record) || record.origin !== origin) return text
      return String(recordBytes({ ...record, root: rootOf(leaves.slice(0, record.size)).toString('base64') }))
    }),
  )
  const sign = (name: string, size: number, key: NoteKey): void => {
    const checkpoint = {
      origin: name,
      size,
      root: rootOf(linesOf(folder, name).slice(0, size).map(leafHash)),
    }
    const note = signCheckpoint(checkpoint, key) + cosign(checkpoint, keys.witness, 1_790_000_060)
    writeFileSync(pathIn(folder, name, 'checkpoint'), note)
  }
  sign(origin, 700, { name: origin, kind: 'ed25519', key: long.key })
  sign(registry, linesOf(folder, registry).length, keys.registry)
}

verifies(
  'integrity:chain',
  'history that every key was used to rewrite is found by a checkpoint from before',
  async () => {
    const made = await aLongTrail()
    const verify = async (...more: string[]): ReturnType<typeof hipaaMcp> =>
      await hipaaMcp(['verify', made.folder, '--witness', made.witness, '--json', ...more], 200)
    expect((await verify('--earlier', made.early)).code).toBe(0)
    rewriteHistory(made)

    expect((await verify()).code).toBe(0)
    const { code, out } = await verify('--earlier', made.early)
    expect(code).toBe(1)
    const { findings } = JSON.parse(out) as { findings: { where: string; says: string }[] }
    expect(findings).toEqual([
      {
        where: 'registry',
        says: expect.stringMatching(/its first \d+ records are not those of an earlier checkpoint/) as string,
      },
      {
        where: made.long.origin,
        says: expect.stringMatching(/its first 300 records .* rewritten or forked/) as string,
      },
    ])
  },
)

test('an earlier checkpoint of a log that is not there any more, or has another key, is missed', async () => {
  const one = await aLongTrail()
  const two = await aLongTrail()
  const { code, out } = await hipaaMcp(['verify', two.folder, '--json', '--earlier', one.folder])

  expect(code).toBe(1)
  expect(out).toMatch(/an earlier checkpoint is not signed by its key/)
  expect(out).toMatch(/there is an earlier checkpoint of it, and it is not here/)
})

test('what is no checkpoint is not taken for one', async () => {
  const { folder } = await aLongTrail()
  const empty = aFolder()
  const text = join(empty, 'text')

  expect((await hipaaMcp(['verify', folder, '--earlier', text])).notes).toMatch(/is not there/)
  expect((await hipaaMcp(['verify', folder, '--earlier', empty])).notes).toMatch(/holds no checkpoint/)
  writeFileSync(text, 'words\n')
  const { code, notes } = await hipaaMcp(['verify', folder, '--earlier', text])
  expect([code, notes]).toEqual([3, expect.stringMatching(/is no checkpoint/)])
})
