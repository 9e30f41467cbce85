// One field of a policy: a JSON Pointer pattern, or a path of FHIR elements. What it means, or what is wrong with it.

import { segmentsOf } from '../pointer.ts'
import { type Element, elementsOf, isPrimitive, isResource, isType, typeNames } from './fhir-r4.ts'

/** `Patient.name`: a type, and the elements that lead on from it. None: all of the type. */
export type FhirPath = { readonly rule: string; readonly type: string; readonly elements: readonly string[] }

/** A pointer begins with / or is empty, so nothing is both. */
export function isFhirPath(field: string): boolean {
  return /^[A-Za-z]/.test(field)
}

/** The parts of a path, of which nothing has been looked up. */
export function fhirPath(field: string, prefix = ''): FhirPath {
  const [type = '', ...elements] = field.split('.')
  return { rule: `${prefix}${field}`, type, elements: elements.map((name) => name.replace(/\[x\]$/, '')) }
}

/** Why a field names nothing; undefined when it may. A sentence that says what to write. */
export function fieldIssue(field: string): string | undefined {
  if (!isFhirPath(field))
    return segmentsOf(field) === undefined
      ? `${field} is no JSON Pointer: write for example /conditions/*/code, or a FHIR path such as Condition.code`
      : undefined
  const { type, elements } = fhirPath(field)
  if (!isType(type)) return `${field}: FHIR R4 has no type ${type}${suggestion(type, typeNames())}`
  if (elements.length === 0 && everything.has(type))
    return `${field} is what all types are made of: name the types, or write "" for the whole document`
  return elementIssue(field, type, elements)
}

/** Types that others extend and that mean nothing by themselves. */
const everything: ReadonlySet<string> = new Set(['Resource', 'DomainResource', 'Element', 'BackboneElement'])

function elementIssue(field: string, type: string, elements: readonly string[]): string | undefined {
  let at: readonly string[] = [type]
  let place = type
  for (const name of elements) {
    const known = at.flatMap(elementsFrom)
    const next = known.filter((element) => isNamed(element, name))
    if (next.length === 0) {
      const names = known.flatMap((element) => [element.name, element.member])
      return `${field}: ${place} has no element ${name}${suggestion(name, names)}`
    }
    place = `${place}.${name}`
    if (next.some((element) => isResource(element.type)))
      return `${field}: ${place} holds resources, which are kept by paths of their own types: write for example Patient.name`
    at = next.map((element) => element.type)
  }
  return at.includes('Extension')
    ? `${field}: an extension says something only by its value: write ${field}.value`
    : undefined
}

/** What stands below a place: a primitive has an id and extensions, which stand beside it. */
function elementsFrom(type: string): readonly Element[] {
  return elementsOf(isPrimitive(type) ? 'Element' : type)
}

/** By its name, or as the one member of a choice. */
export function isNamed({ name, member }: Element, asked: string | undefined): boolean {
  return name === asked || member === asked
}

/** The nearest of the names, by the letters that must change; nothing when none is near. */
function suggestion(asked: string, names: readonly string[]): string {
  if (asked.length < 3) return ''
  let nearest: string | undefined
  let least = Math.max(2, Math.floor(asked.length / 3)) + 1
  for (const name of names) {
    const far = distance(asked.toLowerCase(), name.toLowerCase())
    if (far < least) [nearest, least] = [name, far]
  }
  return nearest === undefined ? '' : `: did you mean ${nearest}?`
}

/** Levenshtein's: insertions, deletions and exchanges of one letter. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i]
    for (let j = 1; j <= b.length; j += 1)
      next.push(
        Math.min(
          (row[j] as number) + 1,
          (next[j - 1] as number) + 1,
          (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1),
        ),
      )
    row = next
  }
  return row[b.length] as number
}
