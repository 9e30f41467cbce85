// The shape of a result: names and types of members, types of FHIR resources. No value of it is kept.

import type { Json, JsonObject } from '../../core/canonical.ts'
import { isObject } from '../../core/is-object.ts'
import { parseText } from '../../core/json.ts'
import { patternTree } from '../../core/pointer.ts'
import { toolResult } from '../../core/redaction/results.ts'
import { look, type Survey, survey } from '../../core/redaction/survey.ts'
import { identifies } from '../../core/redaction/text.ts'
import type { Schema } from './catalogue.ts'

/** Members of one object; more are a table whose keys are data. */
const mostMembers = 80

/** As a schema of the result's document; undefined where the result holds none that is JSON. */
export function shapeOf(result: JsonObject): Schema | undefined {
  const parts = toolResult.apart(result)
  const document =
    parts?.structured ?? parts?.blocks.flatMap((block) => ('json' in block ? [block.json] : []))[0]
  if (document === undefined) return undefined
  const known = survey()
  look(document, patternTree([]), known)
  return schemaOf(document, known)
}

function schemaOf(value: Json, known: Survey): Schema {
  if (Array.isArray(value)) {
    const items = (value as readonly Json[]).map((item) => schemaOf(item, known))
    return { type: 'array', ...(items.length === 0 ? {} : { items: joined(items) }) }
  }
  if (isObject(value)) return objectOf(value, known)
  if (typeof value === 'string' && /^\s*[[{]/.test(value)) {
    // JSON within JSON is not looked into by fields.
    return {
      type: 'string',
      ...('value' in parseText(value) ? { contentMediaType: 'application/json' } : {}),
    }
  }
  return { type: value === null ? 'null' : typeof value }
}

function objectOf(value: JsonObject, known: Survey): Schema {
  const { resourceType } = value
  // A word of the standard, and no value of the patient's.
  if (
    typeof resourceType === 'string' &&
    /^[A-Z][A-Za-z]{2,40}$/.test(resourceType) &&
    resourceType !== 'Bundle'
  )
    return { type: 'object', properties: { resourceType: { const: resourceType } } }
  const members = Object.entries(value).filter((entry): entry is [string, Json] => entry[1] !== undefined)
  const names = members.map(([name]) => name)
  const keyed = names.length > mostMembers || names.some((name) => !isPlain(name, known))
  if (keyed) {
    const all = members.map(([, member]) => schemaOf(member, known))
    return { type: 'object', ...(all.length === 0 ? {} : { additionalProperties: joined(all) }) }
  }
  return {
    type: 'object',
    properties: Object.fromEntries(members.map(([name, member]) => [name, schemaOf(member, known)])),
  }
}

/** Whether a member's name is one of a program, and none of a person. */
function isPlain(name: string, known: Survey): boolean {
  return /^[A-Za-z_$@][\w$@.-]{0,63}$/.test(name) && !identifies(name, known)
}

/** Several items as one: alike ones once. */
function joined(items: readonly Schema[]): Schema {
  const objects = items.filter((item) => isObject(item['properties']) && !isResource(item))
  const others = new Map(
    items.filter((item) => !objects.includes(item)).map((item) => [JSON.stringify(item), item]),
  )
  const properties = new Map<string, Schema[]>()
  for (const item of objects)
    for (const [name, member] of Object.entries(item['properties'] as { [name: string]: Schema }))
      properties.set(name, [...(properties.get(name) ?? []), member])
  const one: Schema[] =
    objects.length === 0
      ? []
      : [
          {
            type: 'object',
            properties: Object.fromEntries([...properties].map(([name, all]) => [name, joined(all)])),
          },
        ]
  const all = [...one, ...others.values()]
  return all.length === 1 ? (all[0] as Schema) : { anyOf: all }
}

function isResource({ properties }: Schema): boolean {
  return isObject(properties) && isObject(properties['resourceType']) && 'const' in properties['resourceType']
}
