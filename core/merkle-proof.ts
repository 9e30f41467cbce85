// Merkle proofs of RFC 6962 sections 2.1.1 and 2.1.2. Every hash of a proof is the root over a range of leaves, and the
// ranges follow from the sizes alone: so a proof is made while the leaves stream past, in O(log² n) memory.

import { type Hash, nodeHash, rootOf, Tree } from './merkle.ts'

/** Leaves `from` to `to - 1`. */
type Range = { readonly from: number; readonly to: number }

/** The largest power of two smaller than n (RFC 6962 2.1), for n > 1. Works past 2^31. */
function split(n: number): number {
  let k = 1
  while (k * 2 < n) k *= 2
  return k
}

/** Makes one proof out of leaf hashes that come in order, from leaf 0 on. */
export class ProofBuilder {
  readonly #ranges: readonly Range[]
  readonly #inOrder: readonly { range: Range; tree: Tree }[]
  #index = 0
  #at = 0

  private constructor(ranges: readonly Range[]) {
    this.#ranges = ranges
    this.#inOrder = ranges.toSorted((a, b) => a.from - b.from).map((range) => ({ range, tree: new Tree() }))
  }

  /** Audit path of leaf `index` in the tree of the first `size` leaves (RFC 6962 2.1.1). */
  static inclusion(index: number, size: number): ProofBuilder {
    if (index < 0 || index >= size) throw new RangeError('No such leaf in this tree')
    return new ProofBuilder(auditPath(index, { from: 0, to: size }))
  }

  /** That the tree of the first `from` leaves is how the tree of the first `to` began (RFC 6962 2.1.2). */
  static consistency(from: number, to: number): ProofBuilder {
    if (from < 0 || from > to) throw new RangeError('A tree does not become smaller')
    return new ProofBuilder(from === 0 ? [] : subProof(from, { from: 0, to }, true))
  }

  /** The next leaf hash. Leaves that the proof does not need are let pass. */
  append(leaf: Hash): void {
    const index = this.#index++
    const here = this.#inOrder[this.#at]
    if (here === undefined || index < here.range.from) return
    here.tree.append(leaf)
    if (index === here.range.to - 1) this.#at += 1
  }

  /** The proof. Throws when leaves are missing. */
  finish(): Hash[] {
    if (this.#at < this.#inOrder.length) throw new RangeError('The tree has more leaves than came')
    return this.#ranges.map((range) => {
      const made = this.#inOrder.find((each) => each.range === range)
      return (made?.tree ?? new Tree()).root()
    })
  }
}

/** PATH(m, D[n]) of RFC 6962 2.1.1, from the leaf's sibling up. */
function auditPath(index: number, within: Range): Range[] {
  const { from, to } = within
  if (to - from === 1) return []
  const middle = from + split(to - from)
  return index < middle
    ? [...auditPath(index, { from, to: middle }), { from: middle, to }]
    : [...auditPath(index, { from: middle, to }), { from, to: middle }]
}

/** SUBPROOF(m, D[n], b) of RFC 6962 2.1.2; `size` counts from leaf 0, `known`: the verifier has the root over this range. */
function subProof(size: number, within: Range, known: boolean): Range[] {
  const { from, to } = within
  if (size === to) return known ? [] : [within]
  const middle = from + split(to - from)
  return size <= middle
    ? [...subProof(size, { from, to: middle }, known), { from: middle, to }]
    : [...subProof(size, { from: middle, to }, false), { from, to: middle }]
}

/** Audit path of leaf `index` in the tree over `leaves`. */
export function inclusionProof(index: number, leaves: readonly Hash[]): Hash[] {
  return built(ProofBuilder.inclusion(index, leaves.length), leaves)
}

/** Proof that the tree over `leaves` began as the one over its first `size`. */
export function consistencyProof(size: number, leaves: readonly Hash[]): Hash[] {
  return built(ProofBuilder.consistency(size, leaves.length), leaves)
}

/** Proof that the tree `before`, which grew by the leaves `since`, began as it was: no older leaf is needed. */
export function growthProof(before: Tree, since: readonly Hash[]): Hash[] {
  const { size } = before
  if (size === 0) return []
  return subProof(size, { from: 0, to: size + since.length }, true).map(({ from, to }) =>
    from < size ? before.peak(to - from) : rootOf(since.slice(from - size, to - size)),
  )
}

function built(builder: ProofBuilder, leaves: readonly Hash[]): Hash[] {
  for (const leaf of leaves) builder.append(leaf)
  return builder.finish()
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
  let hash = leaf
  const whole = climbs(index, size - 1, proof, (sibling, left) => {
    hash = left ? nodeHash(sibling, hash) : nodeHash(hash, sibling)
  })
  return whole && hash.equals(root)
}

/**
 * Goes from node `at` of a level, whose last is `last`, up to the root. `take` is told of each sibling, and whether it stands left of
 * the way. Says whether the way ended at the root with the last of them.
 */
function climbs(
  at: number,
  last: number,
  siblings: readonly Hash[],
  take: (sibling: Hash, left: boolean) => void,
): boolean {
  let fn = at
  let sn = last
  for (const sibling of siblings) {
    if (sn === 0) return false
    const left = fn % 2 === 1 || fn === sn
    take(sibling, left)
    // A node without a right sibling is its own parent, up to where it is a right one.
    if (left)
      while (fn % 2 === 0 && fn !== 0) {
        fn = Math.floor(fn / 2)
        sn = Math.floor(sn / 2)
      }
    fn = Math.floor(fn / 2)
    sn = Math.floor(sn / 2)
  }
  return sn === 0
}

/** The size of a tree and its root. */
type Head = { size: number; root: Hash }

/** Whether `proof` shows that the tree of `later` began as that of `earlier` (RFC 9162 2.1.4.2). */
export function verifyConsistency(earlier: Head, later: Head, proof: readonly Hash[]): boolean {
  if (earlier.size < 0 || earlier.size > later.size) return false
  // Every tree begins as the empty one: there is nothing to prove, and nothing may be said.
  if (earlier.size === 0) return proof.length === 0 && earlier.root.equals(new Tree().root())
  if (earlier.size === later.size) return proof.length === 0 && earlier.root.equals(later.root)
  let fn = earlier.size - 1
  let sn = later.size - 1
  while (fn % 2 === 1) {
    fn = Math.floor(fn / 2)
    sn = Math.floor(sn / 2)
  }
  // A whole left half of the later tree: its root is the earlier root, which the verifier has.
  const [first, ...rest] = fn === 0 ? [earlier.root, ...proof] : proof
  if (first === undefined) return false
  let before = first
  let now = first
  const whole = climbs(fn, sn, rest, (hash, left) => {
    if (left) before = nodeHash(hash, before)
    now = left ? nodeHash(hash, now) : nodeHash(now, hash)
  })
  return whole && before.equals(earlier.root) && now.equals(later.root)
}
