// JSON Pointers (RFC 6901), compiled once, and pointer patterns in which `*` stands for any element or member.

/** Unescaped segments of a pointer; undefined when the text is none. */
export function segmentsOf(pointer: string): string[] | undefined {
  if (pointer === '') return []
  if (!pointer.startsWith('/') || /~(?![01])/.test(pointer)) return undefined
  return pointer
    .slice(1)
    .split('/')
    .map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'))
}

/** The pointer of these segments; the root's is empty. */
export function pointerOf(...segments: readonly (string | number)[]): string {
  return segments.map((one) => `/${String(one).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}

/** The value at a pointer's segments; own members only, so that no prototype answers. */
export function valueAt(root: unknown, segments: readonly string[]): unknown {
  let value = root
  for (const segment of segments) {
    if (typeof value !== 'object' || value === null) return undefined
    if (Array.isArray(value)) {
      if (!/^(0|[1-9][0-9]{0,9})$/.test(segment)) return undefined
      value = value[Number(segment)]
    } else {
      if (!Object.hasOwn(value, segment)) return undefined
      value = (value as { [member: string]: unknown })[segment]
    }
  }
  return value
}

/** Pointer patterns as a tree. `rule`: the pattern that ends here, which keeps this place and all below it. */
export type PatternTree = {
  rule?: string
  readonly named: Map<string, PatternTree>
  any?: PatternTree
  /**
   * On a root: trees of FHIR elements. An object with a `resourceType`, at whatever depth, goes on with the tree of that
   * type, or with none, beside what the pointers say of its place. There a list stands for each of its items, and a `rule`
   * keeps no object: objects are kept by their members.
   */
  readonly resources?: Pick<ReadonlyMap<string, PatternTree>, 'get'>
  /** FHIR elements: kept only where something else of the same object is. */
  readonly carrier?: true
  /** FHIR elements: not where it is a list. */
  readonly single?: true
}

/** Compiles patterns. Throws TypeError for one that is no JSON Pointer. `prefix`: stands before each of them as a rule. */
export function patternTree(patterns: readonly string[], prefix = ''): PatternTree {
  const root: PatternTree = { named: new Map() }
  for (const pattern of patterns) {
    const segments = segmentsOf(pattern)
    if (segments === undefined) throw new TypeError('A pattern is no JSON Pointer: it starts with /')
    let node = root
    for (const segment of segments) {
      const next: PatternTree = (segment === '*' ? node.any : node.named.get(segment)) ?? { named: new Map() }
      if (segment === '*') node.any = next
      else node.named.set(segment, next)
      node = next
    }
    node.rule ??= `${prefix}${pattern}`
  }
  return joined(root)
}

/** Puts what `*` allows into the named members beside it, so that one look-up finds all that applies to a place. */
function joined(node: PatternTree): PatternTree {
  if (node.any !== undefined) for (const named of node.named.values()) join(named, node.any)
  for (const child of node.named.values()) joined(child)
  if (node.any !== undefined) joined(node.any)
  return node
}

function join(into: PatternTree, from: PatternTree): void {
  if (from.rule !== undefined) into.rule ??= from.rule
  for (const [name, child] of from.named) {
    const known = into.named.get(name)
    const own: PatternTree = known ?? { named: new Map() }
    if (known === undefined) into.named.set(name, own)
    join(own, child)
  }
  if (from.any !== undefined) join((into.any ??= { named: new Map() }), from.any)
}

/** Every value at a place that the patterns name. */
export function matches(root: unknown, tree: PatternTree, found: (value: unknown) => void): void {
  if (tree.rule !== undefined) found(root)
  if (typeof root !== 'object' || root === null) return
  for (const [name, value] of Object.entries(root)) {
    const child = tree.named.get(name) ?? tree.any
    if (child !== undefined) matches(value, child, found)
  }
}
