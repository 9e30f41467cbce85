import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { emptyRoot, type Hash, leafHash, nodeHash, rootOf, Tree } from '../../core/merkle.ts'

// The reference leaves and roots of the Certificate Transparency implementations.
const leaves = [
  '',
  '00',
  '10',
  '2021',
  '3031',
  '40414243',
  '5051525354555657',
  '606162636465666768696a6b6c6d6e6f',
].map((hex) => leafHash(Buffer.from(hex, 'hex')))
const roots = [
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
]

/** RFC 6962 2.1 word for word, slow: what the fast one must agree with. */
function byDefinition(hashes: readonly Hash[]): Hash {
  if (hashes.length === 0) return createHash('sha256').digest()
  if (hashes.length === 1) return hashes[0] as Hash
  let k = 1
  while (k * 2 < hashes.length) k *= 2
  return nodeHash(byDefinition(hashes.slice(0, k)), byDefinition(hashes.slice(k)))
}

const hashes = fc.array(
  fc.uint8Array({ maxLength: 9 }).map((bytes) => leafHash(bytes)),
  { minLength: 1, maxLength: 70 },
)

test('the roots of the reference leaves are the reference roots', () => {
  expect(emptyRoot.toString('hex')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
  expect(roots.map((_, i) => rootOf(leaves.slice(0, i + 1)).toString('hex'))).toEqual(roots)
})

test('a tree grown leaf by leaf has at every size the root of the definition', () => {
  fc.assert(
    fc.property(hashes, (all) => {
      const tree = new Tree()
      all.forEach((leaf, index) => {
        expect(tree.append(leaf)).toBe(index)
        expect(tree.root().equals(byDefinition(all.slice(0, index + 1)))).toBe(true)
      })
      expect(tree.size).toBe(all.length)
    }),
    { numRuns: 30 },
  )
})

test('a clone grows apart from what it was made of', () => {
  fc.assert(
    fc.property(hashes, hashes, (first, more) => {
      const tree = new Tree()
      for (const leaf of first) tree.append(leaf)
      const before = tree.root()
      const clone = tree.clone()
      for (const leaf of more) clone.append(leaf)
      expect(tree.root().equals(before)).toBe(true)
      expect(tree.size).toBe(first.length)
      expect(clone.root().equals(rootOf([...first, ...more]))).toBe(true)
    }),
    { numRuns: 30 },
  )
})

test('two logs that differ in one leaf, in order or in length have different roots', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(), { minLength: 2, maxLength: 50 }), fc.nat(), (numbers, seed) => {
      const all = numbers.map((n) => leafHash(Buffer.from(String(n))))
      const at = seed % all.length
      const root = rootOf(all)
      expect(rootOf(all.with(at, leafHash(Buffer.from('other')))).equals(root)).toBe(false)
      expect(rootOf(all.toSpliced(at, 1)).equals(root)).toBe(false)
      const next = (at + 1) % all.length
      const swapped = all.with(at, all[next] as Hash).with(next, all[at] as Hash)
      expect(rootOf(swapped).equals(root)).toBe(false)
    }),
  )
})

test('a leaf of any length is hashed whole', () => {
  for (const length of [0, 1, 65_534, 65_535, 65_536, 200_000]) {
    const record = Buffer.alloc(length, 'a')
    const want = createHash('sha256')
      .update(Buffer.concat([Buffer.from([0]), record]))
      .digest()
    expect(leafHash(record), String(length)).toEqual(want)
  }
})

test('what is no hash is no child of a node', () => {
  const whole = leafHash(Buffer.from('a'))

  for (const other of [whole.subarray(1), Buffer.concat([whole, whole]), Buffer.alloc(0)]) {
    expect(() => nodeHash(whole, other)).toThrow(RangeError)
    expect(() => nodeHash(other, whole)).toThrow(RangeError)
  }
})

test('a node never passes as a leaf', () => {
  const [a, b] = [leafHash(Buffer.from('a')), leafHash(Buffer.from('b'))]

  expect(leafHash(Buffer.concat([a, b])).equals(nodeHash(a, b))).toBe(false)
})
