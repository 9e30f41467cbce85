// Whatever the resource and the paths: what they name leaves, and nothing else. The paths are read here by the letter, place
// for place, without the trees of the code under test.

import fc from 'fast-check'
import { expect } from 'vitest'
import type { Json } from '../../../core/canonical.ts'
import { elementsOf, isPrimitive, isResource, lineage } from '../../../core/fields/fhir-r4.ts'
import { fieldIssue } from '../../../core/fields/path.ts'
import { words } from '../../../core/words.ts'
import { projected } from '../../support/redaction.ts'
import { verifies } from '../../verifies.ts'

/** From an element's owner to it. `owner`: a type; a primitive's id and extensions have the owner Element. */
type Step = { readonly owner: string; readonly name: string; readonly member: string; readonly type: string }
type Members = { [member: string]: Json }
type Pick = (below: number) => number

const roots = [
  'Patient',
  'Observation',
  'Bundle',
  'Encounter',
  'Parameters',
  'DocumentReference',
  'Questionnaire',
]

/** A resource out of chance, and the way to each of its leaves, which are words of their own. */
function grown(pick: Pick): { resource: Members; leaves: Map<string, readonly Step[]> } {
  const leaves = new Map<string, readonly Step[]>()
  const leaf = (way: readonly Step[]): string => {
    const word = `leaf${leaves.size}x`
    leaves.set(word, way)
    return word
  }
  const resourceOf = (depth: number): Members => {
    const type = roots[pick(roots.length)] as string
    return { resourceType: type, ...members(type, [], depth) }
  }
  const members = (type: string, way: readonly Step[], depth: number): Members => {
    const all = elementsOf(type)
    const made: Members = {}
    for (let count = 0; count < 4; count += 1) {
      // What may come along by mistake is there more often than chance would have it.
      const likely = all.filter(({ name }) =>
        /^(text|div|display|contained|extension|resource|entry|value)$/.test(name),
      )
      const from = likely.length > 0 && pick(3) === 0 ? likely : all
      const element = from[pick(from.length)]
      if (element === undefined || (depth === 0 && !isPrimitive(element.type))) continue
      const { name, member, type: below } = element
      if (Object.hasOwn(made, member)) continue
      const on = [...way, { owner: type, name, member, type: below }]
      if (isResource(below)) made[member] = pick(2) === 0 ? [resourceOf(depth - 1)] : resourceOf(depth - 1)
      else if (isPrimitive(below)) {
        made[member] = leaf(on)
        if (depth > 0 && pick(4) === 0) made[`_${member}`] = members('Element', on, depth - 1)
      } else {
        const one = members(below, on, depth - 1)
        made[member] = pick(2) === 0 ? [one, members(below, on, depth - 1)] : one
      }
    }
    return made
  }
  return { resource: resourceOf(4), leaves }
}

/** What a path of a container never brings along: `TYPE.ELEMENT`, where the type may be one that others extend. */
const alone = words(`
  Element.id Element.extension BackboneElement.modifierExtension Resource.id DomainResource.text
  DomainResource.extension DomainResource.modifierExtension Narrative.div Reference.display
  Reference.identifier Annotation.author Extension.value Bundle.entry.fullUrl
`)
const comesAlong = ({ owner, name }: Step): boolean =>
  !lineage(owner).some((type) => alone.has(`${type}.${name}`))
const plain =
  /^(?!(HumanName|Address|ContactPoint|Identifier|Reference|Attachment|Annotation|Signature|ContactDetail|Contributor|Meta)$)/
const isValue = ({ owner, name }: Step): boolean => owner === 'Extension' && name === 'value'
const frame = (way: readonly Step[]): boolean => {
  const { owner, name } = way.at(-1) as Step
  return ['Extension.url', 'Bundle.type', 'Parameters.parameter.name'].includes(`${owner}.${name}`)
}

/** Whether a path begins at a step and goes on along the way for `count` steps. */
function follows(path: string, way: readonly Step[], start: number, count: number): boolean {
  const [type = '', ...asked] = path.split('.')
  const steps = way.slice(start, start + count)
  return (
    steps.length === count &&
    count <= asked.length &&
    lineage(steps[0]?.owner ?? '').includes(type) &&
    steps.every(({ name, member }, at) => asked[at] === name || asked[at] === member)
  )
}

function permits(path: string, paths: readonly string[], way: readonly Step[]): boolean {
  const { length } = path.split('.').slice(1)
  return way.some((_, start) => {
    // A value of an extension must be named as such before a path may begin in it.
    const entered = way
      .slice(0, start)
      .every(
        (step, at) =>
          !isValue(step) ||
          paths.some((one) => way.some((__, from) => from <= at && follows(one, way, from, at - from + 1))),
      )
    if (!entered) return false
    const last = way[start + length - 1] as Step
    if (length === 0)
      return lineage(way[start]?.owner ?? '').includes(path) && way.slice(start).every(comesAlong)
    if (!follows(path, way, start, length)) return false
    if (isValue(last) && path.endsWith('.value') && !plain.test(last.type)) return false
    return way.slice(start + length).every(comesAlong)
  })
}

/** Paths that have their places in this resource. */
function pathsIn(ways: readonly (readonly Step[])[], pick: Pick): string[] {
  const paths = Array.from({ length: 1 + pick(4) }, () => {
    const way = ways[pick(ways.length)] ?? []
    const start = pick(way.length)
    const steps = way.slice(start, start + pick(4))
    return [way[start]?.owner, ...steps.map(({ name, member }) => (pick(3) === 0 ? member : name))].join('.')
  })
  return paths.filter((path) => /^[A-Z][A-Za-z]+(\.[a-z]|$)/.test(path) && fieldIssue(path) === undefined)
}

/** Numbers out of a seed (mulberry32), so that a counterexample is one number. */
function chance(seed: number): Pick {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return below === 0 ? 0 : ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

function wordsIn(value: Json): Set<string> {
  return new Set(JSON.stringify(value).match(/leaf\d+x/g))
}

verifies(
  'minimum:fhir-paths',
  'whatever the resource and the paths: what they name leaves, and nothing else',
  () => {
    let checked = 0
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const pick = chance(seed)
        const { resource, leaves } = grown(pick)
        const paths = pathsIn([...leaves.values()], pick)
        const allowed = [...leaves].filter(([, way]) => paths.some((path) => permits(path, paths, way)))
        const framing = [...leaves].filter(([, way]) => frame(way)).map(([word]) => word)
        const { shown } = projected({ records: [resource] }, paths, { text: 'Keep' })
        const out = wordsIn(shown)

        for (const word of framing) out.delete(word)
        expect([...out].toSorted()).toEqual(
          allowed
            .map(([word]) => word)
            .filter((word) => !framing.includes(word))
            .toSorted(),
        )
        checked += out.size
      }),
      { numRuns: 100 },
    )

    expect(checked).toBeGreaterThan(300)
  },
)
