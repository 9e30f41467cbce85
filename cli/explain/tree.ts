// Fates as a tree that a person can read: places of a list are one, what is alike below is one line with its count.

import type { Json } from '../../core/canonical.ts'
import { isResource, isType } from '../../core/fields/fhir-r4.ts'
import { isObject } from '../../core/is-object.ts'
import { valueAt } from '../../core/pointer.ts'
import type { Fate } from './follow.ts'

export type Node = {
  readonly below: Map<string, Node>
  /** What became of this very place, in each of its items: how often, by verdict and rule. */
  readonly fates: Map<string, { fate: Fate; count: number; found: Record<string, number> }>
}

export type Row = {
  readonly depth: number
  readonly name: string
  /** Undefined for a place of which only parts are told. */
  readonly verdict?: Fate['verdict']
  readonly count?: number
  readonly rule?: string
  readonly found?: { readonly [kind: string]: number }
}

const anItem = '*'

/** `nameOf`: how a member's name may be shown. `document`: what the fates are of. */
export function treeOf(fates: readonly Fate[], nameOf: (name: string) => string, document?: Json): Node {
  const root: Node = { below: new Map(), fates: new Map() }
  for (const fate of fates) {
    let node = root
    let value: unknown = document
    for (const step of fate.path) {
      const list = Array.isArray(value)
      value = valueAt(value, [step])
      const name = list || /^\d+$/.test(step) ? `${anItem}${typeIn(value)}` : nameOf(step)
      const next = node.below.get(name) ?? { below: new Map(), fates: new Map() }
      node.below.set(name, next)
      node = next
    }
    note(node, fate, 1)
  }
  return root
}

/** Items that are resources of one type are told together, in a bundle too: ` Observation`. */
function typeIn(item: unknown): string {
  if (!isObject(item)) return ''
  const { resourceType: own, resource } = item
  const type = own ?? (isObject(resource) ? resource['resourceType'] : undefined)
  // A word of the standard, and nothing else that a server may write there.
  return typeof type === 'string' && isType(type) && isResource(type) ? ` ${type}` : ''
}

function note(node: Node, fate: Fate, count: number): void {
  const key = `${fate.verdict} ${fate.rule}`
  const held = node.fates.get(key) ?? { fate, count: 0, found: {} }
  held.count += count
  for (const [kind, times] of Object.entries(fate.found)) held.found[kind] = (held.found[kind] ?? 0) + times
  node.fates.set(key, held)
}

/** The lines of a tree, in the document's order. `folded`: a place below which all fared alike is one line. */
export function rowsOf(root: Node, folded = true): Row[] {
  const rows: Row[] = []
  walk(root, '', 0)
  return rows

  function walk(node: Node, before: string, depth: number): void {
    const alike = folded ? oneFate(node) : undefined
    if (alike !== undefined) {
      rows.push({ depth, name: before, ...alike })
      return
    }
    const [first] = [...node.below]
    // A place that holds one other and nothing else is told with it.
    if (node.fates.size === 0 && node.below.size === 1 && first !== undefined) {
      const [name, child] = first
      walk(child, before === '' ? name : `${before}/${name}`, depth)
      return
    }
    for (const { fate, count, found } of node.fates.values())
      rows.push({ depth, name: before, verdict: fate.verdict, rule: fate.rule, count, found })
    if (node.fates.size === 0 && before !== '') rows.push({ depth, name: before })
    for (const [name, child] of node.below) walk(child, name, before === '' ? depth : depth + 1)
  }
}

/** What became of all places below, where that is one and the same. */
function oneFate(node: Node): Omit<Row, 'depth' | 'name'> | undefined {
  let all: { verdict: Fate['verdict']; rule: string; count: number } | undefined
  const visit = (one: Node): boolean => {
    for (const { fate, count } of one.fates.values()) {
      // What was found in one place is told of that place.
      if ((fate.verdict === 'redacted' || fate.rule === 'member-name') && one !== node) return false
      if (all !== undefined && (all.verdict !== fate.verdict || all.rule !== fate.rule)) return false
      all = { verdict: fate.verdict, rule: fate.rule, count: (all?.count ?? 0) + count }
    }
    return [...one.below.values()].every(visit)
  }
  if (!visit(node) || all === undefined) return undefined
  const found = [...node.fates.values()].reduce<Record<string, number>>(
    (sum, one) => ({ ...sum, ...one.found }),
    {},
  )
  return { ...all, found }
}
