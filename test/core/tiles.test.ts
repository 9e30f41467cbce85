import fc from 'fast-check'
import { expect, test } from 'vitest'
import { leafHash, rootOf, Tree } from '../../core/merkle.ts'
import { bundlesOf, entriesIn, type Tile, TileBuilder, tilePath } from '../../core/tiles.ts'

const entriesOf = (size: number): Buffer[] =>
  Array.from({ length: size }, (_, i) => Buffer.from(`entry ${i}`))

function tilesOf(entries: readonly Buffer[]): Map<string, Buffer> {
  const builder = new TileBuilder()
  const tiles: Tile[] = entries.flatMap((entry) => builder.append(entry))
  return new Map([...tiles, ...builder.finish()].map(({ path, bytes }) => [path, bytes]))
}

test('a tile is found where the specification puts it', () => {
  expect(tilePath(0, 1_234_067, 256)).toBe('tile/0/x001/x234/067')
  expect(tilePath(2, 0, 1)).toBe('tile/2/000.p/1')
  expect(tilePath('entries', 1_000, 255)).toBe('tile/entries/x001/000.p/255')
  expect(tilePath(0, 999, 256)).toBe('tile/0/999')
})

test('a log of 70,000 entries has the tiles that the specification counts', () => {
  const paths = [...tilesOf(entriesOf(70_000)).keys()]
  const count = (form: RegExp): number => paths.filter((path) => form.test(path)).length

  expect(count(/^tile\/0\/\d{3}$/)).toBe(273)
  expect(count(/^tile\/entries\/\d{3}$/)).toBe(273)
  expect(paths.filter((path) => path.includes('.p/') || /^tile\/[1-9]/.test(path)).toSorted()).toEqual([
    'tile/0/273.p/112',
    'tile/1/000',
    'tile/1/001.p/17',
    'tile/2/000.p/1',
    'tile/entries/273.p/112',
  ])
  expect([...bundlesOf(70_000)].map(({ path }) => path)).toEqual(
    paths.filter((path) => path.startsWith('tile/entries/')),
  )
})

test('of 256 entries there is a full tile, and the level above has one hash: the root', () => {
  const entries = entriesOf(256)
  const tiles = tilesOf(entries)

  expect([...tiles.keys()].toSorted()).toEqual(['tile/0/000', 'tile/1/000.p/1', 'tile/entries/000'])
  expect(tiles.get('tile/0/000')).toEqual(Buffer.concat(entries.map(leafHash)))
  expect(tiles.get('tile/1/000.p/1')).toEqual(rootOf(entries.map(leafHash)))
})

test('the root of the tiles is at every size that of the entries', () => {
  const builder = new TileBuilder()
  const tree = new Tree()
  for (let n = 0; n < 700; n++) {
    expect(builder.root()).toEqual(tree.root())
    builder.append(Buffer.from(`entry ${n}`))
    tree.append(leafHash(Buffer.from(`entry ${n}`)))
  }
  expect(builder.size).toBe(700)
})

test('an empty log has no tile', () => {
  expect(tilesOf([]).size).toBe(0)
  expect([...bundlesOf(0)]).toEqual([])
})

test('the entries of all bundles are what was put in, and the leaves of level 0 are theirs', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 20 }), { minLength: 1, maxLength: 600 }), (all) => {
      const entries = all.map((entry) => Buffer.from(entry))
      const tiles = tilesOf(entries)
      const read = [...bundlesOf(entries.length)].flatMap(({ path, width }) =>
        entriesIn(tiles.get(path) as Buffer, width),
      )
      const leaves = Buffer.concat(
        [...tiles].flatMap(([path, bytes]) => (path.startsWith('tile/0/') ? [bytes] : [])),
      )

      expect(read).toEqual(entries)
      expect(leaves).toEqual(Buffer.concat(entries.map(leafHash)))
    }),
    { numRuns: 20 },
  )
})

test.each([
  ['one entry less', Buffer.from('0001610001', 'hex')],
  ['an entry that is cut off', Buffer.from('000161000262', 'hex')],
  ['bytes behind its entries', Buffer.from('00016100016200', 'hex')],
  ['nothing', Buffer.alloc(0)],
])('a bundle of two with %s is none', (_, bytes) => {
  expect(() => entriesIn(bytes, 2)).toThrow(RangeError)
})

test('an entry longer than its length can say is refused', () => {
  expect(() => new TileBuilder().append(Buffer.alloc(65_536))).toThrow(RangeError)
})
