// The Merkle tree of RFC 6962 section 2.1, in the two forms that we need: a compact range that grows by one leaf in
// O(log n), and proofs over all leaf hashes for a verifier that has the whole log.

import { createHash } from 'node:crypto'

/** 32 bytes. */
export type Hash = Buffer

const leafPrefix = Buffer.from([0])
const nodePrefix = Buffer.from([1])

/** RFC 6962: SHA-256(0x00 ‖ record). The prefix keeps a leaf from ever passing as a node. */
export function leafHash(record: Uint8Array): Hash {
  return createHash('sha256').update(leafPrefix).update(record).digest()
}

/** RFC 6962: SHA-256(0x01 ‖ left ‖ right). */
export function nodeHash(left: Uint8Array, right: Uint8Array): Hash {
  return createHash('sha256').update(nodePrefix).update(left).update(right).digest()
}

/** Root of the empty tree: SHA-256 of nothing. */
export const emptyRoot: Hash = createHash('sha256').digest()

/** A tree that can only grow. Holds one hash per set bit of its size, never the leaves. */
export class Tree {
  #size = 0
  // The roots of the perfect subtrees, largest first: one for each set bit of the size.
  readonly #peaks: Hash[] = []

  /** A second tree over the same leaves; the two grow apart. */
  clone(): Tree {
    const tree = new Tree()
    tree.#size = this.#size
    tree.#peaks.push(...this.#peaks)
    return tree
  }

  get size(): number {
    return this.#size
  }

  /** Adds a leaf hash and returns its index. */
  append(leaf: Hash): number {
    const index = this.#size
    let hash = leaf
    for (let rest = index; rest % 2 === 1; rest = (rest - 1) / 2)
      hash = nodeHash(this.#peaks.pop() as Hash, hash)
    this.#peaks.push(hash)
    this.#size += 1
    return index
  }

  root(): Hash {
    const peaks = [...this.#peaks]
    let root = peaks.pop()
    if (root === undefined) return emptyRoot
    for (let peak = peaks.pop(); peak !== undefined; peak = peaks.pop()) root = nodeHash(peak, root)
    return root
  }
}

/** Root over all leaf hashes. */
export function rootOf(leaves: Iterable<Hash>): Hash {
  const tree = new Tree()
  for (const leaf of leaves) tree.append(leaf)
  return tree.root()
}

/** The largest power of two smaller than n (RFC 6962 2.1), for n > 1. Works past 2^31. */
function split(n: number): number {
  let k = 1
  while (k * 2 < n) k *= 2
  return k
}

/** Audit path for leaf `index` in the tree over `leaves` (RFC 6962 2.1.1). */
export function inclusionProof(index: number, leaves: readonly Hash[]): Hash[] {
  if (index < 0 || index >= leaves.length) throw new RangeError('No such leaf in this tree')
  if (leaves.length === 1) return []
  const k = split(leaves.length)
  return index < k
    ? [...inclusionProof(index, leaves.slice(0, k)), rootOf(leaves.slice(k))]
    : [...inclusionProof(index - k, leaves.slice(k)), rootOf(leaves.slice(0, k))]
}

/** Whether `proof` shows that `leaf` is at `index` of the tree with `size` leaves and `root` (RFC 9162 2.1.3.2). */
export function verifyInclusion(
  leaf: Hash,
  index: number,
  size: number,
  proof: readonly Hash[],
  root: Hash,
): boolean {
  if (index < 0 || index >= size) return false
  let fn = index
  let sn = size - 1
  let hash = leaf
  for (const sibling of proof) {
    if (sn === 0) return false
    if (fn % 2 === 1 || fn === sn) {
      hash = nodeHash(sibling, hash)
      while (fn % 2 === 0 && fn !== 0) {
        fn = Math.floor(fn / 2)
        sn = Math.floor(sn / 2)
      }
    } else hash = nodeHash(hash, sibling)
    fn = Math.floor(fn / 2)
    sn = Math.floor(sn / 2)
  }
  return sn === 0 && hash.equals(root)
}
