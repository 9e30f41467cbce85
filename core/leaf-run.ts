// Records that stand one behind another in bytes, hashed where they stand: their leaves and all nodes of the tree that lie within.
// Nothing is copied, and a hash is no object: this is what the verification of a large trail spends its time with.

import { hash as digest } from 'node:crypto'
import type { Hash, Tree } from './merkle.ts'

/** Roots of the perfect subtrees that a run of leaves is made of, 32 bytes each, in order, and how many leaves each has. */
export type Peaks = { roots: Buffer; leaves: number[] }

const leafPrefix = 0
const nodePrefix = 1
const hashBytes = 32

// One slot before the first: a node's prefix is written in front of its left child.
const stack = Buffer.alloc(hashBytes * 65)

/**
 * Hashes records [first, first + count) of a chain. Record i stands from `starts[i]` up to the byte before `starts[i + 1]`, which
 * belongs to no record; nor does the byte before the first. Those bytes are written over.
 */
export function hashRun(bytes: Buffer, starts: Uint32Array, first: number, count: number): Peaks {
  const sizes: number[] = []
  for (let i = 0; i < count; i += 1) {
    const from = (starts[i] as number) - 1
    bytes[from] = leafPrefix
    let at = hashBytes * (sizes.length + 1)
    stack.write(digest('sha256', bytes.subarray(from, (starts[i + 1] as number) - 1), 'latin1'), at, 'latin1')
    let size = 1
    const next = first + i + 1
    // What is left of this run belongs to a larger subtree, whose other half came before.
    while (next % (2 * size) === 0 && sizes.at(-1) === size) {
      sizes.pop()
      at -= hashBytes
      const before = stack[at - 1] as number
      stack[at - 1] = nodePrefix
      const node = digest('sha256', stack.subarray(at - 1, at + 2 * hashBytes), 'latin1')
      stack[at - 1] = before
      stack.write(node, at, 'latin1')
      size *= 2
    }
    sizes.push(size)
  }
  return { roots: Buffer.from(stack.subarray(hashBytes, hashBytes * (sizes.length + 1))), leaves: sizes }
}

/** The tree goes on by that run. */
export function appendRun(tree: Tree, { roots, leaves }: Peaks): void {
  leaves.forEach((size, i) => {
    const root: Hash = Buffer.from(roots.subarray(i * hashBytes, (i + 1) * hashBytes))
    tree.appendPeak(root, size)
  })
}
