// A log that grows, remembered from a size on: its root at any later size, and the proof that it only grew.

import { type Hash, Tree } from '../core/merkle.ts'
import { growthProof } from '../core/merkle-proof.ts'

export class Growth {
  #base: Tree
  #since: Hash[] = []

  /** `base`: what came before; it is not needed leaf by leaf any more. */
  constructor(base: Tree = new Tree()) {
    this.#base = base.clone()
  }

  /** Leaves since the base. */
  get length(): number {
    return this.#since.length
  }

  append(leaf: Hash): void {
    this.#since.push(leaf)
  }

  /** Root over the first `size` leaves; undefined for a size that is not remembered. */
  rootAt(size: number): Hash | undefined {
    return this.#remembers(size) ? this.#treeAt(size).root() : undefined
  }

  /** That the first `to` leaves begin with the first `from` (RFC 6962 2.1.2); undefined where that is not remembered. */
  proof(from: number, to: number): Hash[] | undefined {
    if (from > to || !this.#remembers(from) || !this.#remembers(to)) return undefined
    return growthProof(this.#treeAt(from), this.#since.slice(from - this.#base.size, to - this.#base.size))
  }

  /** Nothing before `size` is asked for any more. */
  forget(size: number): void {
    if (!this.#remembers(size)) return
    const tree = this.#treeAt(size)
    this.#since = this.#since.slice(size - this.#base.size)
    this.#base = tree
  }

  #remembers(size: number): boolean {
    return size >= this.#base.size && size <= this.#base.size + this.#since.length
  }

  #treeAt(size: number): Tree {
    const tree = this.#base.clone()
    for (const hash of this.#since.slice(0, size - this.#base.size)) tree.append(hash)
    return tree
  }
}
