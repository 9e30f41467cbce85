// The fields of a policy, compiled: pointers to one tree, FHIR paths to a tree for each type of resource.

import { type PatternTree, patternTree } from '../pointer.ts'
import { carriers, comesAlong, isPlainValue } from './along.ts'
import { type Element, elementsOf, isPrimitive, isResource, lineage } from './fhir-r4.ts'
import { type FhirPath, fhirPath, fieldIssue, isFhirPath, isNamed } from './path.ts'

/**
 * Both languages; what either names is kept. Throws TypeError for a field that names nothing. `prefix`: stands before each
 * field where it is counted as a rule.
 */
export function fieldTree(fields: readonly string[], prefix = ''): PatternTree {
  const issue = fields.map(fieldIssue).find((one) => one !== undefined)
  if (issue !== undefined) throw new TypeError(issue)
  const tree = patternTree(
    fields.filter((field) => !isFhirPath(field)),
    prefix,
  )
  const paths = fields.filter(isFhirPath).map((field) => fhirPath(field, prefix))
  return paths.length === 0 ? tree : { ...tree, resources: treesOf(paths) }
}

const compiled = new Map<string, WeakRef<ResourceTrees>>()
const mostCompiled = 1024

/** Tools of one server name the same elements over and over: what is the same is compiled once, and kept as long as it is used. */
function treesOf(paths: readonly FhirPath[]): ResourceTrees {
  const key = paths.map(({ rule }) => rule).join('\n')
  const known = compiled.get(key)?.deref()
  if (known !== undefined) return known
  if (compiled.size >= mostCompiled) compiled.clear()
  const made = new ResourceTrees(paths)
  compiled.set(key, new WeakRef(made))
  return made
}

/** A path on its way: `at` of its elements are behind it. `index`: its place in the policy. */
type Position = { readonly path: FhirPath; readonly index: number; readonly at: number }

const noPositions: readonly Position[] = []
const hasEnded = ({ path, at }: Position): boolean => at === path.elements.length

/**
 * A tree for each type of resource. Types that the paths name are compiled at once, others when one is first seen: a path
 * such as `Coding.code` has its place in all there are, and few servers have more than a dozen.
 */
class ResourceTrees {
  readonly #starts = new Map<string, Position[]>()
  /** Whether some path begins at a data type, and so may have its place below any element. */
  readonly #deep: boolean
  /** Whether some path begins at extensions, wherever they are. */
  readonly #anyExtension: boolean
  readonly #resources = new Map<string, PatternTree | undefined>()
  /** One tree for all places of one type that the same paths have reached: types hold each other, and so do the trees. */
  readonly #trees = new Map<string, PatternTree>()
  /** Trees that lead to something. */
  readonly #alive = new Set<PatternTree>()
  /** Made for the resource at hand. */
  #made: { readonly tree: PatternTree; readonly type: string }[] = []

  constructor(paths: readonly FhirPath[]) {
    for (const [index, path] of paths.entries()) {
      const before = this.#starts.get(path.type) ?? []
      this.#starts.set(path.type, [...before, { path, index, at: 0 }])
    }
    this.#deep = paths.some(({ type }) => !isResource(type))
    this.#anyExtension = this.#starts.has('Extension') || this.#starts.has('Element')
    for (const { type } of paths) this.get(type)
  }

  /** What is kept of a resource of this type; undefined when that is nothing. */
  get(type: string): PatternTree | undefined {
    if (this.#resources.has(type)) return this.#resources.get(type)
    // A type that there is not comes from a server, and there is no end of them.
    if (isPrimitive(type) || !isResource(type)) return undefined
    const tree = this.#tree(type, [], undefined)
    this.#prune()
    const found = this.#alive.has(tree) ? tree : undefined
    // An empty bundle says that nothing was found; another resource of which nothing stays would only say that there is one.
    found?.named.set('resourceType', leaf('resourceType', type !== 'Bundle'))
    this.#resources.set(type, found)
    return found
  }

  /** What is kept at a place of this type. `whole`: the path that names something around it, and brings it along. */
  #tree(type: string, reached: readonly Position[], whole: FhirPath | undefined): PatternTree {
    const positions = [...reached, ...lineage(type).flatMap((one) => this.#starts.get(one) ?? [])]
    const rule = whole ?? firstEnded(positions)
    const key = [type, rule?.rule, ...positions.map(({ index, at }) => `${index}.${at}`)].join(' ')
    const known = this.#trees.get(key)
    if (known !== undefined) return known
    // The items of such a list belong to those of another by their places, which change when one is left out.
    const tree: PatternTree = { named: new Map(), ...(type === 'Element' ? { single: true } : {}) }
    this.#trees.set(key, tree)
    this.#made.push({ tree, type })
    for (const element of elementsOf(type)) this.#element(tree, type, element, positions, rule)
    if (type === 'Bundle') tree.named.set('type', leaf('Bundle.type'))
    return tree
  }

  #element(
    tree: PatternTree,
    type: string,
    element: Element,
    positions: readonly Position[],
    rule: FhirPath | undefined,
  ): void {
    // Resources are judged by their own types, wherever they stand.
    if (isResource(element.type)) return
    const named = names(positions, element)
    if (isValue(type, element) && !named) return
    const reached = named ? positions.flatMap((position) => advanced(type, element, position)) : noPositions
    const along = rule !== undefined && comesAlong(type, element) ? rule : undefined
    if (!isPrimitive(element.type)) {
      const isOpen = along !== undefined || named || this.#mayBegin(element)
      if (isOpen) tree.named.set(element.member, this.#tree(element.type, reached, along))
      return
    }
    const kept = along ?? firstEnded(reached)
    if (kept !== undefined) tree.named.set(element.member, leaf(kept.rule))
    // What stands beside a primitive, under its name with a _ in front: its id and extensions.
    const beside = reached.filter((position) => !hasEnded(position))
    if (beside.length > 0 || this.#anyExtension)
      tree.named.set(`_${element.member}`, this.#tree('Element', beside, undefined))
  }

  /** Whether a path may begin at or below an element to which none has led. */
  #mayBegin({ type }: Element): boolean {
    if (type === 'Extension') return this.#anyExtension
    return this.#deep || type === 'Parameters.parameter'
  }

  /** Takes away what leads to nothing, of all that was made for a resource. */
  #prune(): void {
    const made = this.#made
    this.#made = []
    for (let before = -1; before !== this.#alive.size; ) {
      before = this.#alive.size
      for (const { tree, type } of made)
        if (type === 'Parameters.parameter' || [...tree.named.values()].some((one) => this.#leads(one)))
          this.#alive.add(tree)
    }
    for (const { tree, type } of made) {
      for (const [name, child] of tree.named) if (!this.#leads(child)) tree.named.delete(name)
      const carrier = carriers[type]
      if (carrier !== undefined && this.#alive.has(tree) && !tree.named.has(carrier))
        tree.named.set(carrier, leaf(`${type}.${carrier}`, true))
    }
  }

  #leads(tree: PatternTree): boolean {
    return tree.rule !== undefined || this.#alive.has(tree)
  }
}

function leaf(rule: string, carrier = false): PatternTree {
  return { rule, named: new Map(), ...(carrier ? { carrier: true } : {}) }
}

/** Of several that name one place, the first in the policy has kept it. */
function firstEnded(positions: readonly Position[]): FhirPath | undefined {
  let first: Position | undefined
  for (const one of positions) if (hasEnded(one) && one.index < (first?.index ?? Infinity)) first = one
  return first?.path
}

function names(positions: readonly Position[], element: Element): boolean {
  return positions.some(({ path, at }) => isNamed(element, path.elements[at]))
}

/** What an extension holds must be named as such before any path may begin in it. */
function isValue(type: string, { name }: Element): boolean {
  return type === 'Extension' && name === 'value'
}

function advanced(type: string, element: Element, position: Position): Position[] {
  const { path, at } = position
  const asked = path.elements[at]
  if (!isNamed(element, asked)) return []
  const next = { ...position, at: at + 1 }
  const anyValue = isValue(type, element) && asked === 'value' && hasEnded(next)
  return anyValue && !isPlainValue(element) ? [] : [next]
}
