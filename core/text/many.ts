// Many identifiers in one text, found in one pass whatever they have in common (Aho and Corasick, 1975: Efficient string matching).

export type Automaton = {
  /** From a node, by a character: node * 65,536 + its code. */
  readonly next: Map<number, number>
  /** By node: where to go on when no character fits; the length of what ends here, 0 for nothing; the next shorter one that does. */
  readonly fail: number[]
  readonly ends: number[]
  readonly shorter: number[]
}

const step = 0x1_00_00

/** Of texts in small letters. */
export function automaton(texts: Iterable<string>): Automaton {
  const next = new Map<number, number>()
  const [fail, ends, shorter] = [[0], [0], [0]]
  // Nodes one level after the other, each with the character that led there.
  const levels: number[][] = []
  const parents = [0]
  const codes = [0]
  for (const text of texts) {
    let node = 0
    for (let i = 0; i < text.length; i += 1) {
      const key = node * step + text.charCodeAt(i)
      let to = next.get(key)
      if (to === undefined) {
        to = fail.length
        next.set(key, to)
        fail.push(0)
        ends.push(0)
        shorter.push(0)
        parents.push(node)
        codes.push(text.charCodeAt(i))
        const level = levels[i]
        if (level === undefined) levels[i] = [to]
        else level.push(to)
      }
      node = to
    }
    ends[node] = text.length
  }
  for (const level of levels)
    for (const node of level) {
      const parent = parents[node] as number
      const code = codes[node] as number
      let back = fail[parent] as number
      if (parent !== 0) {
        while (back !== 0 && !next.has(back * step + code)) back = fail[back] as number
        fail[node] = next.get(back * step + code) ?? 0
      }
      const behind = fail[node] as number
      shorter[node] = ends[behind] === 0 ? (shorter[behind] as number) : behind
    }
  return { next, fail, ends, shorter }
}

/** Tells each place where one of them ends, and the node that says which. `small`: what a character counts as. */
export function eachEnd(
  text: string,
  { next, fail, ends, shorter }: Automaton,
  small: (code: number) => number,
  found: (end: number, node: number) => void,
): void {
  let node = 0
  for (let i = 0; i < text.length; i += 1) {
    const code = small(text.charCodeAt(i))
    let to = next.get(node * step + code)
    while (to === undefined && node !== 0) {
      node = fail[node] as number
      to = next.get(node * step + code)
    }
    node = to ?? 0
    if (node !== 0 && (ends[node] !== 0 || shorter[node] !== 0)) found(i + 1, node)
  }
}
