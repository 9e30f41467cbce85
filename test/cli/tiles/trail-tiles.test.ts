import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { recordsIn } from '../../../cli/verify/chain-records.ts'
import { bodyOf } from '../../../core/checkpoint.ts'
import { leafHash, rootOf } from '../../../core/merkle.ts'
import { TileBuilder } from '../../../core/tiles.ts'
import { aFolder } from '../../collector/a-trail.ts'
import { hipaaMcp } from '../../support/command-line.ts'
import { verifies } from '../../verifies.ts'
import { pathIn, tamper } from '../an-export.ts'
import { aLongTrail, type LongTrail } from './a-long-trail.ts'

const filesBelow = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => statSync(join(folder, name)).isFile())
    .toSorted()

async function withTiles(): Promise<LongTrail & { tiles: string }> {
  const made = await aLongTrail()
  const tiles = join(aFolder(), 'tiles')
  const { code, notes } = await hipaaMcp(['trail', 'tiles', made.folder, tiles])
  expect([code, notes]).toEqual([0, ''])
  return { ...made, tiles }
}

verifies('integrity:third-party', 'every chain becomes a log as C2SP tlog-tiles lays it out', async () => {
  const { tiles, folder, long, short } = await withTiles()
  const place = join(pathIn(tiles, long.origin, 'vkey'), '..')

  expect(filesBelow(place)).toEqual([
    'after-checkpoint.ndjson',
    'checkpoint',
    'tile/0/000',
    'tile/0/001',
    'tile/0/002.p/188',
    'tile/1/000.p/2',
    'tile/entries/000',
    'tile/entries/001',
    'tile/entries/002.p/188',
    'vkey',
  ])
  expect(filesBelow(join(pathIn(tiles, short.origin, 'vkey'), '..'))).toEqual([
    'checkpoint',
    'tile/0/000.p/4',
    'tile/entries/000.p/4',
    'vkey',
  ])
  for (const name of ['checkpoint', 'vkey'])
    expect(readFileSync(join(place, name))).toEqual(readFileSync(pathIn(folder, long.origin, name)))
  const hashes = long.records.slice(0, 512).map(leafHash)
  expect(readFileSync(join(place, 'tile/1/000.p/2'))).toEqual(
    Buffer.concat([rootOf(hashes.slice(0, 256)), rootOf(hashes.slice(256))]),
  )
  expect(readFileSync(join(place, 'after-checkpoint.ndjson'), 'utf8')).toBe(`${String(long.records[700])}\n`)
})

verifies('integrity:chain', 'tiles verify like the export that they were made of', async () => {
  const { folder, tiles, witness } = await withTiles()
  const whole = await hipaaMcp(['verify', folder, '--witness', witness, '--json'])
  const tiled = await hipaaMcp(['verify', tiles, '--witness', witness, '--json'])

  expect(tiled.code).toBe(0)
  expect(JSON.parse(tiled.out)).toEqual(JSON.parse(whole.out))
})

test('what was written is printed, for people and as JSON', async () => {
  const { folder, long } = await aLongTrail()
  const out = join(aFolder(), 'tiles')

  expect((await hipaaMcp(['trail', 'tiles', folder, out])).out).toMatch(
    /^3 logs with 70\d records are in .*\n1 record came after/,
  )
  const { out: json } = await hipaaMcp(['trail', 'tiles', folder, `${out}-2`, '--json'])
  expect((JSON.parse(json) as { logs: unknown[] }).logs).toContainEqual({
    origin: long.origin,
    folder: `chains/${long.pod.podUid}-0`,
    size: 700,
    after: 1,
  })
})

test('tiles of tiles are the same tiles', async () => {
  const { tiles } = await withTiles()
  const again = join(aFolder(), 'again')
  await hipaaMcp(['trail', 'tiles', tiles, again])

  expect(filesBelow(again)).toEqual(filesBelow(tiles))
  for (const file of filesBelow(again))
    expect(readFileSync(join(again, file)), file).toEqual(readFileSync(join(tiles, file)))
})

test('nothing is written of records that are not those of their checkpoint', async () => {
  const { folder, long } = await aLongTrail()
  tamper(folder, long.origin, (lines) => lines.toSpliced(300, 1))
  const out = join(aFolder(), 'tiles')
  const { code, notes } = await hipaaMcp(['trail', 'tiles', folder, out])

  expect(code).toBe(3)
  expect(notes).toMatch(/its records are not those of its checkpoint\. See what hipaa-mcp verify says/)
  expect([existsSync(out), existsSync(`${out}.partial`)]).toEqual([false, false])
})

verifies(
  'integrity:chain',
  'what lies among the tiles and belongs to no tree of theirs is found',
  async () => {
    const { tiles, long, short, witness } = await withTiles()
    const found = async (): Promise<string> =>
      (await hipaaMcp(['verify', tiles, '--witness', witness, '--json'])).out
    const place = join(pathIn(tiles, long.origin, 'vkey'), '..')

    writeFileSync(join(place, 'tile/0/003'), 'more')
    expect(await found()).toMatch(/1 of its files are no tiles of the tree of 700 entries/)
    rmSync(join(place, 'tile/0/003'))
    writeFileSync(join(place, 'records.ndjson'), long.records.map((record) => `${String(record)}\n`).join(''))
    expect(await found()).toMatch(/it has both records\.ndjson and tiles/)
    rmSync(join(place, 'records.ndjson'))
    expect(JSON.parse(await found())).toMatchObject({ ok: true })
    rmSync(pathIn(tiles, short.origin, 'checkpoint'))
    expect(await found()).toMatch(/it has tiles and no checkpoint that says how many/)
  },
)

verifies('integrity:chain', 'each tile that is missing is named', async () => {
  const { tiles, long, witness } = await withTiles()
  const place = join(pathIn(tiles, long.origin, 'vkey'), '..', 'tile')
  for (const name of ['0', '1']) rmSync(join(place, name), { recursive: true })
  const { out } = await hipaaMcp(['verify', tiles, '--witness', witness, '--json'])

  expect((JSON.parse(out) as { findings: { says: string }[] }).findings.map(({ says }) => says)).toEqual(
    ['tile/0/000', 'tile/0/001', 'tile/0/002.p/188', 'tile/1/000.p/2'].map((path) => `${path} is missing`),
  )
})

test('of thousands of tiles that are missing the first few are named', async () => {
  const folder = aFolder()
  const builder = new TileBuilder()
  const tiles = Array.from({ length: 6000 }, () => builder.append(Buffer.from('entry'))).flat()
  for (const { path, bytes } of [...tiles, ...builder.finish()].filter((tile) =>
    tile.path.includes('entries'),
  )) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), bytes)
  }
  const body = bodyOf({ origin: 'example.com/log', size: builder.size, root: builder.root() })
  writeFileSync(join(folder, 'checkpoint'), `${body}\n— example.com/log AAAAAAAA\n`)
  const wrong: string[] = []
  let read = 0
  for await (const _ of recordsIn(folder, { wrong: (says) => wrong.push(says) })) read += 1

  expect([read, wrong.length, wrong[19]]).toEqual([6000, 20, 'tile/0/019 is missing'])
})

test('a folder with something in it is left alone', async () => {
  const { folder } = await aLongTrail()
  const out = aFolder()
  writeFileSync(join(out, 'mine'), 'kept')
  const { code, notes } = await hipaaMcp(['trail', 'tiles', folder, out])

  expect(code).toBe(3)
  expect(notes).toMatch(/is not empty: name a new folder/)
  expect(readdirSync(out)).toEqual(['mine'])
  expect((await hipaaMcp(['trail', 'tiles', folder])).code).toBe(2)
})

test('what lies beside the new folder is somebody’s, and stays', async () => {
  const made = await aLongTrail()
  const out = join(aFolder(), 'tiles')
  mkdirSync(`${out}.partial`)
  writeFileSync(join(`${out}.partial`, 'mine'), 'mine')

  expect((await hipaaMcp(['trail', 'tiles', made.folder, out])).code).toBe(0)
  expect(readFileSync(join(`${out}.partial`, 'mine'), 'utf8')).toBe('mine')
  expect(readdirSync(join(out, '..')).toSorted()).toEqual(['tiles', 'tiles.partial'])
})
