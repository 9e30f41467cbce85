// Where in a file a JSON Pointer leads: the line and column of the member's name, or of the item.

import { type Document, isAlias, isMap, isScalar, isSeq, type LineCounter, type Node, type Pair } from 'yaml'
import { segmentsOf } from '../../core/pointer.ts'

/** Lines and columns begin at 1, as editors count. */
export type Position = { line: number; column: number }

/** The nearest place that is there: of what is missing, its holder. */
export function positionOf(document: Document, lines: LineCounter, pointer: string): Position {
  let node = resolved(document.contents, document)
  let offset = startOf(node) ?? 0
  for (const segment of segmentsOf(pointer) ?? []) {
    const next = step(node, segment, document)
    if (next === undefined) break
    offset = next.offset
    node = next.node
  }
  const { line, col } = lines.linePos(offset)
  return { line: Math.max(1, line), column: Math.max(1, col) }
}

type Step = { node: Node | undefined; offset: number }

function step(node: Node | undefined, segment: string, document: Document): Step | undefined {
  if (isSeq(node)) {
    const item = node.items[Number(segment)]
    const offset = startOf(item as Node | undefined)
    return offset === undefined ? undefined : { node: resolved(item as Node, document), offset }
  }
  if (!isMap(node)) return undefined
  for (const pair of node.items as Pair<Node, Node | null>[]) {
    if (isScalar(pair.key) && String(pair.key.value) === segment) {
      const offset = startOf(pair.key)
      return offset === undefined ? undefined : { node: resolved(pair.value, document), offset }
    }
  }
  // What a merge key (<<) brings in stands where it is written.
  for (const { key, value } of node.items as Pair<Node, Node | null>[])
    if (isScalar(key) && key.value === '<<') {
      const merged = resolved(value, document)
      const found = (isSeq(merged) ? merged.items : [merged])
        .map((one) => step(resolved(one as Node, document), segment, document))
        .find((one) => one !== undefined)
      if (found !== undefined) return found
    }
  return undefined
}

function resolved(node: Node | null | undefined, document: Document): Node | undefined {
  return (isAlias(node) ? node.resolve(document) : node) ?? undefined
}

function startOf(node: Node | null | undefined): number | undefined {
  return node?.range?.[0]
}
