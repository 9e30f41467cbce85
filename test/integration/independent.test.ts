// What we sign, verified by the Go project's implementation of the same standards.

import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { beforeAll, expect } from 'vitest'
import { anExport, exported, pathIn, tamper } from '../cli/an-export.ts'
import { tiled } from '../cli/tiles/a-long-trail.ts'
import { mutations } from '../cli/tiles/mutations.ts'
import { aFolder } from '../collector/a-trail.ts'
import { buildIndependent, independent } from '../independent/run.ts'
import { hipaaMcp } from '../support/command-line.ts'
import { accessEntries } from '../vectors/records.ts'
import { verifies } from '../verifies.ts'

beforeAll(buildIndependent, 300_000)

const logsIn = (folder: string): string[] => [
  join(folder, 'registry'),
  ...readdirSync(join(folder, 'chains')).map((name) => join(folder, 'chains', name)),
]

/** The witness's key in a file, apart from what it cosigned. */
function keptKey(vkey: string): string {
  const path = join(aFolder(), 'witness')
  writeFileSync(path, `${vkey}\n`)
  return path
}

verifies('integrity:third-party', 'the Go project’s note and tlog take every exported chain', async () => {
  const { trail, store, witness } = await anExport()
  // What became of grants and revocations is taken as every record is.
  await trail.registry.update(() => accessEntries)
  const folder = join(aFolder(), 'trail')
  await exported(trail, store, folder)
  const logs = logsIn(folder)
  expect(readFileSync(join(folder, 'registry', 'records.ndjson'), 'utf8')).toContain('revocation-changed')
  expect(logs).toHaveLength(4)
  for (const log of logs) expect(existsSync(join(log, 'checkpoint'))).toBe(true)

  const { status, out } = independent('log', '-witness', keptKey(witness), ...logs)
  expect(out.match(/signature, root, every record and inclusion proofs hold/g)).toHaveLength(4)
  expect(status).toBe(0)
})

verifies(
  'integrity:third-party',
  'they refuse a changed record, a truncation and a reordering of it',
  async () => {
    const made = await anExport()
    const { origin } = made.closed
    const folder = dirname(pathIn(made.folder, origin, 'checkpoint'))
    const path = join(folder, 'records.ndjson')
    const kept = readFileSync(path)
    const refused = (says: RegExp): void => {
      expect(independent('log', folder)).toMatchObject({
        status: 1,
        out: expect.stringMatching(says) as string,
      })
      writeFileSync(path, kept)
      expect(independent('log', folder).status).toBe(0)
    }

    const changed = Buffer.from(kept)
    changed[100] = (changed[100] as number) ^ 1
    writeFileSync(path, changed)
    refused(/not those of the checkpoint/)
    tamper(made.folder, origin, (lines) => lines.slice(0, -1))
    refused(/7 records, the checkpoint covers 8/)
    tamper(made.folder, origin, (lines) => lines.with(2, lines[3] as string).with(3, lines[2] as string))
    refused(/not those of the checkpoint/)
  },
)

verifies(
  'integrity:third-party',
  'they take every log of tiles, and that it grew out of an earlier checkpoint',
  async () => {
    const made = await tiled()
    const witness = keptKey(made.witness)

    const { status, out } = independent('log', '-witness', witness, ...logsIn(made.tiles))
    expect(out.match(/signature, root, every tile and inclusion proofs hold/g)).toHaveLength(3)
    expect(status).toBe(0)
    const grew = independent(
      'log',
      '-earlier',
      pathIn(made.early, made.long.origin, 'checkpoint'),
      made.place,
    )
    expect(grew).toMatchObject({
      status: 0,
      out: expect.stringMatching(/700 entries.*it grew out of 300/) as string,
    })
  },
)

verifies('integrity:third-party', 'they refuse every log of tiles that something was done to', async () => {
  const made = await tiled()
  const kept = `${made.tiles}.kept`
  cpSync(made.tiles, kept, { recursive: true })
  const witness = keptKey(made.witness)
  const check = (which: 'newest' | 'early'): ReturnType<typeof independent> => {
    const earlier = pathIn(which === 'newest' ? made.folder : made.early, made.long.origin, 'checkpoint')
    return independent('log', '-witness', witness, '-earlier', earlier, made.place)
  }

  expect([check('early').status, check('newest').status]).toEqual([0, 0])
  for (const { title, change, kept: which = 'early', refused } of mutations) {
    change(made)
    const { status, out } = check(which)
    expect([status, out], title).toEqual([1, expect.stringMatching(refused)])
    rmSync(made.tiles, { recursive: true })
    cpSync(kept, made.tiles, { recursive: true })
  }
})

verifies(
  'integrity:proof',
  'they take the proof of a record, and refuse it with another record',
  async () => {
    const made = await tiled()
    const witness = keptKey(made.witness)
    const vkey = join(made.place, 'vkey')
    const file = join(aFolder(), 'record.tlog-proof')
    for (const index of ['0', '5', '256', '699']) {
      const { out } = await hipaaMcp([
        'trail',
        'prove',
        made.tiles,
        '--chain',
        made.long.origin,
        '--record',
        index,
      ])
      writeFileSync(file, `${out}\n`)
      const proved = independent('proof', '-vkey', vkey, '-witness', witness, file)
      expect(proved).toMatchObject({
        status: 0,
        out: expect.stringContaining(`record ${index} of 700`) as string,
      })
      const extra = `extra ${Buffer.from(String(made.long.records[7])).toString('base64')}`
      writeFileSync(file, `${out.replace(/extra .*/, extra)}\n`)
      expect(independent('proof', '-vkey', vkey, file).status).toBe(1)
    }
  },
)

verifies(
  'integrity:proof',
  'they take the proof of a record that the registry log alone covers',
  async () => {
    const made = await tiled()
    const witness = keptKey(made.witness)
    const vkey = join(made.tiles, 'registry/vkey')
    const file = join(aFolder(), 'record.tlog-proof')
    const { out } = await hipaaMcp(['trail', 'prove', made.tiles, '--call', 'running'])
    writeFileSync(file, `${out}\n`)

    const proved = independent('proof', '-vkey', vkey, '-witness', witness, file)
    expect(proved).toMatchObject({ status: 0, out: expect.stringContaining('record 700 of 701') as string })
    const extra = Buffer.from(/^extra (.*)$/m.exec(out)?.[1] as string, 'base64').toString('utf8')
    for (const [from, to] of [
      ['running', 'walking'],
      [/"size\\":701/, '"size\\":702'],
      ['"index":700', '"index":699'],
    ] as const) {
      const changed = Buffer.from(extra.replace(from, to)).toString('base64')
      writeFileSync(file, `${out.replace(/^extra .*$/m, `extra ${changed}`)}\n`)
      expect(independent('proof', '-vkey', vkey, file).status, String(from)).toBe(1)
    }
  },
)

const kept = join(import.meta.dirname, '../fixtures/trail')

verifies('integrity:format', 'they take the trail that each version wrote', () => {
  const versions = readdirSync(kept)
  expect(versions).toContain('0.1.0')
  for (const version of versions)
    for (const form of ['export', 'tiles']) {
      const logs = logsIn(join(kept, version, form))
      const { status, out } = independent('log', '-witness', join(kept, version, 'witness'), ...logs)
      expect([status, out.match(/proofs hold/g)?.length], out).toEqual([0, logs.length])
    }
})

const vectors = join(import.meta.dirname, '../vectors')

verifies('integrity:third-party', 'they compute every golden vector, and notice each that is another', () => {
  expect(independent('vectors', vectors)).toMatchObject({ status: 0 })
  const copy = join(aFolder(), 'vectors')
  for (const [file, from, to] of [
    ['canonical.json', '333333333.3333333,', '333333333.33333329,'],
    ['canonical.json', '"087e44ed', '"087e44ee'],
    ['keys.json', /("seed": ")../, '$100'],
    ['log.json', '"clinician-1"', '"clinician-2"'],
    ['log.json', /("leafHash": ")../, '$100'],
    ['log.json', /("roots": \[\s*")../, '$100'],
    ['log.json', /("roots": \[(?:\s*"\w+",){7}\s*")../, '$100'],
    ['log.json', /("inclusion": [^]*?"path": \[\s*")../, '$100'],
    ['log.json', /("consistency": [^]*?"path": \[\s*")../, '$100'],
    ['log.json', /("body": "[^"]*)\\n/, '$1 \\n'],
    ['access.json', '"approved"', '"requested"'],
    ['access.json', /("leafHash": ")../, '$100'],
    ['tiles.json', /("tile\/0\/000": ")../, '$100'],
    ['tiles.json', /("tile\/2\/000\.p\/1": ")../, '$100'],
    ['tiles.json', /("tile\/entries\/273\.p\/112": ")../, '$100'],
    ['tiles.json', /("root": ")../, '$100'],
    ['log/checkpoint.4', '\n4\n', '\n3\n'],
    ['log/record-6.tlog-proof', 'index 6', 'index 5'],
  ] as const) {
    cpSync(vectors, copy, { recursive: true })
    const text = readFileSync(join(copy, file), 'utf8')
    const changed = text.replace(from, to)
    expect(changed, `${file} ${String(from)}`).not.toBe(text)
    writeFileSync(join(copy, file), changed)
    expect(independent('vectors', copy).status, `${file} ${String(from)}`).toBe(1)
  }
})
