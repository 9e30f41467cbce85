import fc from 'fast-check'
import { expect, test } from 'vitest'
import { emptyRoot, type Hash, leafHash, nodeHash, rootOf, Tree } from '../../core/merkle.ts'
import {
  consistencyProof,
  growthProof,
  inclusionProof,
  ProofBuilder,
  verifyConsistency,
  verifyInclusion,
} from '../../core/merkle-proof.ts'

const hashes = fc.array(
  fc.uint8Array({ maxLength: 9 }).map((bytes) => leafHash(bytes)),
  { minLength: 1, maxLength: 70 },
)
const many = (size: number): Hash[] => Array.from({ length: size }, (_, i) => leafHash(Buffer.from([i])))
const turned = (hash: Hash, byte = 0): Hash => {
  const copy = Buffer.from(hash)
  copy[byte] = (copy[byte] as number) ^ 1
  return copy
}

test('every leaf of every tree proves its place', () => {
  for (let size = 1; size <= 40; size++) {
    const all = Array.from({ length: size }, (_, i) => leafHash(Buffer.from([i])))
    const root = rootOf(all)
    for (let index = 0; index < size; index++) {
      expect(verifyInclusion(all[index] as Hash, index, size, inclusionProof(index, all), root)).toBe(true)
    }
  }
})

test('a proof is good for its leaf, index, size and root only', () => {
  fc.assert(
    fc.property(hashes, fc.nat(), fc.nat(), fc.nat({ max: 31 }), (all, at, otherAt, byte) => {
      const index = at % all.length
      const leaf = all[index] as Hash
      const proof = inclusionProof(index, all)
      const root = rootOf(all)
      expect(verifyInclusion(turned(leaf, byte), index, all.length, proof, root)).toBe(false)
      expect(verifyInclusion(leaf, index, all.length, proof, turned(root, byte))).toBe(false)
      expect(verifyInclusion(leaf, index, all.length, [...proof, root], root)).toBe(false)
      expect(verifyInclusion(leaf, all.length, all.length, proof, root)).toBe(false)
      expect(verifyInclusion(leaf, -1, all.length, proof, root)).toBe(false)
      proof.forEach((hash, i) => {
        expect(verifyInclusion(leaf, index, all.length, proof.with(i, turned(hash, byte)), root)).toBe(false)
        expect(verifyInclusion(leaf, index, all.length, proof.toSpliced(i, 1), root)).toBe(false)
      })
      const other = otherAt % all.length
      if (!(all[other] as Hash).equals(leaf))
        expect(verifyInclusion(leaf, other, all.length, inclusionProof(other, all), root)).toBe(false)
    }),
    { numRuns: 60 },
  )
})

// RFC 6962 section 2.1.3: the tree of seven leaves, and the proofs that it works out.
test('the proofs of the example of RFC 6962 are the ones that it names', () => {
  const d = many(7)
  const [a, b, c, e, f, g, j] = d as [Hash, Hash, Hash, Hash, Hash, Hash, Hash]
  const [h, i] = [nodeHash(a, b), nodeHash(c, e)]
  const [k, l] = [nodeHash(h, i), nodeHash(nodeHash(f, g), j)]

  expect(inclusionProof(0, d)).toEqual([b, i, l])
  expect(inclusionProof(3, d)).toEqual([c, h, l])
  expect(inclusionProof(4, d)).toEqual([g, j, k])
  expect(inclusionProof(6, d)).toEqual([nodeHash(f, g), k])
  expect(consistencyProof(3, d)).toEqual([c, e, h, l])
  expect(consistencyProof(4, d)).toEqual([l])
  expect(consistencyProof(6, d)).toEqual([nodeHash(f, g), j, k])
})

test('every tree proves that it grew out of every smaller one', () => {
  const all = many(40)
  for (let to = 0; to <= all.length; to++)
    for (let from = 0; from <= to; from++) {
      const leaves = all.slice(0, to)
      const earlier = { size: from, root: rootOf(all.slice(0, from)) }
      const later = { size: to, root: rootOf(leaves) }
      expect(verifyConsistency(earlier, later, consistencyProof(from, leaves)), `${from} to ${to}`).toBe(true)
    }
})

test('no proof joins a tree to one that did not grow out of it', () => {
  fc.assert(
    fc.property(hashes, fc.nat(), fc.nat(), fc.nat({ max: 31 }), (all, cut, at, byte) => {
      const size = 1 + (cut % all.length)
      const place = at % size
      const proof = consistencyProof(size, all)
      const earlier = { size, root: rootOf(all.slice(0, size)) }
      const later = { size: all.length, root: rootOf(all) }
      const rewritten = all.with(place, turned(all[place] as Hash, byte))
      const other = { size: all.length, root: rootOf(rewritten) }

      expect(verifyConsistency(earlier, later, proof)).toBe(true)
      expect(verifyConsistency(earlier, other, proof)).toBe(false)
      expect(verifyConsistency(earlier, other, consistencyProof(size, rewritten))).toBe(false)
      expect(verifyConsistency({ ...earlier, root: turned(earlier.root, byte) }, later, proof)).toBe(false)
      expect(verifyConsistency(earlier, later, [...proof, later.root])).toBe(false)
      proof.forEach((hash, i) => {
        expect(verifyConsistency(earlier, later, proof.with(i, turned(hash, byte)))).toBe(false)
        expect(verifyConsistency(earlier, later, proof.toSpliced(i, 1))).toBe(false)
      })
    }),
    { numRuns: 60 },
  )
})

test('what a proof is about must be there', () => {
  const all = many(5)
  const head = { size: 5, root: rootOf(all) }

  expect(() => inclusionProof(5, all)).toThrow(RangeError)
  expect(() => consistencyProof(6, all)).toThrow(RangeError)
  expect(() => ProofBuilder.inclusion(0, 2).finish()).toThrow(RangeError)
  expect(verifyConsistency({ size: 6, root: head.root }, head, [])).toBe(false)
  expect(verifyConsistency({ size: 0, root: emptyRoot }, head, [])).toBe(true)
  expect(verifyConsistency({ size: 0, root: head.root }, head, [])).toBe(false)
  expect(verifyConsistency({ size: 5, root: head.root }, head, [])).toBe(true)
  expect(verifyConsistency({ size: 5, root: head.root }, head, [head.root])).toBe(false)
  expect(verifyConsistency({ size: 3, root: rootOf(all.slice(0, 3)) }, head, [])).toBe(false)
})

test('a tree that grew proves it by its own subtrees and the new leaves alone', () => {
  const all = many(34)
  for (let from = 0; from <= all.length; from++) {
    const before = new Tree()
    for (const leaf of all.slice(0, from)) before.append(leaf)
    for (let to = from; to <= all.length; to++)
      expect(growthProof(before, all.slice(from, to)), `${from} to ${to}`).toEqual(
        consistencyProof(from, all.slice(0, to)),
      )
  }
})
