// The arguments of a narrow tool, out of those of the server's: which one is the patient, which stay and in what form, and
// which a caller has no need of.

import { schemaIssue } from '../../core/argument-check.ts'
import type { Json } from '../../core/canonical.ts'
import { isObject } from '../../core/is-object.ts'
import { survey } from '../../core/redaction/survey.ts'
import { identifies } from '../../core/redaction/text.ts'
import { words } from '../../core/words.ts'
import type { Schema } from './catalogue.ts'
import { identifierIn, namesPatient } from './identifying.ts'

type Argument = { readonly name: string; readonly schema: { [keyword: string]: Json }; readonly why: string }

export type Narrowed = {
  readonly kept: readonly Argument[]
  readonly required: readonly string[]
  readonly left: readonly { readonly name: string; readonly why: string }[]
  /** Name of the argument that names the patient. */
  readonly patient?: string
}

/** Names of arguments that stand in a manifest as they are. */
const plainName = /^[A-Za-z_][A-Za-z0-9_.-]{0,63}$/
/** An identifier of one patient: no sentence, no list, no wildcard. */
const identifierPattern = '^[A-Za-z0-9._-]{1,64}$'
/** A code, with its system where that is told (FHIR R4 search.html#token). */
const codePattern = '^[A-Za-z0-9|:/._-]{1,128}$'
const dayPattern = '^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$'

/**
 * Undefined where the schema cannot be read, or the server demands an argument that a narrow tool must not have. `constant`:
 * arguments that the policy sets.
 */
export function narrowed(
  input: Schema,
  constant: readonly string[],
  about: string,
): Narrowed | { readonly refused: string } {
  const { properties, required } = input
  if (['$ref', 'allOf', 'anyOf', 'oneOf'].some((keyword) => keyword in input))
    return { refused: 'its arguments are composed of several schemas: write them out' }
  const members = isObject(properties) ? Object.entries(properties) : []
  const needed = new Set(Array.isArray(required) ? required.filter((one) => typeof one === 'string') : [])
  const patient = patientArgument(members, about)
  const kept: Argument[] = []
  const left: { name: string; why: string }[] = []
  for (const [name, schema] of members) {
    if (constant.includes(name)) continue
    const judged = name === patient ? patientOf(schema) : argumentOf(name, isObject(schema) ? schema : {})
    if ('left' in judged) left.push({ name, why: judged.left })
    else kept.push({ name, ...judged })
  }
  const missing = left.find(({ name }) => needed.has(name))
  if (missing !== undefined) return { refused: `the server demands ${shown(missing.name)}: ${missing.why}` }
  const names = kept.map(({ name }) => name).filter((name) => needed.has(name) || name === patient)
  const result = { kept, required: names, left, ...(patient === undefined ? {} : { patient }) }
  return schemaIssue(schemaOf(result)) === undefined
    ? result
    : { refused: 'its arguments cannot be checked as they are: write them out' }
}

/** As it stands in a manifest. */
export function schemaOf({ kept, required }: Pick<Narrowed, 'kept' | 'required'>): {
  [keyword: string]: Json
} {
  return {
    type: 'object',
    properties: Object.fromEntries(kept.map(({ name, schema }) => [name, schema])),
    ...(required.length === 0 ? {} : { required: [...required] }),
  }
}

/** By its name; `id` where the tool itself is about a patient; else by what its description says. */
function patientArgument(
  members: readonly (readonly [string, unknown])[],
  about: string,
): string | undefined {
  const plain = members.filter(([name]) => plainName.test(name) && isCleanName(name))
  const named = plain.find(([name]) => namesPatient(name))
  if (named !== undefined) return named[0]
  const described = plain.find(([name, schema]) => {
    const says = isObject(schema) ? schema['description'] : undefined
    return (
      typeof says === 'string' &&
      /\bpatient\b/i.test(says) &&
      /\b(?:id|identifier|mrn|record number|reference)\b/i.test(says) &&
      identifierIn(name) !== undefined
    )
  })
  if (described !== undefined) return described[0]
  return /\bpatient\b/i.test(about) ? members.find(([name]) => name.toLowerCase() === 'id')?.[0] : undefined
}

function patientOf(schema: unknown): Omit<Argument, 'name'> | { left: string } {
  const given = isObject(schema) ? schema : {}
  if (given['type'] === 'integer')
    return {
      schema: { type: 'integer', ...said(given) },
      why: 'the patient: recorded, limited, and judged by Bound and Panel',
    }
  const form =
    typeof given['pattern'] === 'string' && isClean(given['pattern'])
      ? { pattern: given['pattern'] }
      : { pattern: identifierPattern }
  return {
    schema: { type: 'string', ...form, ...said(given) },
    why: 'one patient, by identifier: no list, no wildcard',
  }
}

const dates = /date|since|until|from|to$|start|end|after|before|period/i
const codes =
  words(`status category code codes type class system loinc snomed icd rxnorm kind severity priority intent
  clinicalstatus sort order`)
const counts = /^_?(?:count|limit|page_?size|per_?page|max_?results|rows|top)$/i

function argumentOf(name: string, schema: Schema): Omit<Argument, 'name'> | { left: string } {
  const { type, enum: values, minimum, maximum } = schema
  if (!plainName.test(name)) return { left: 'its name is no plain word' }
  if (!isCleanName(name)) return { left: 'its name may name somebody' }
  if (Array.isArray(values)) {
    const plain = values.every(isPlainValue)
    return plain
      ? { schema: { enum: values as Json[], ...said(schema) }, why: 'one of these words' }
      : { left: 'its values may name somebody' }
  }
  if (type === 'boolean') return { schema: { type: 'boolean', ...said(schema) }, why: 'yes or no' }
  if (type === 'integer' || type === 'number') {
    const most = counts.test(name)
      ? { minimum: 1, maximum: 100 }
      : { ...number({ minimum }), ...number({ maximum }) }
    return {
      schema: { type, ...most, ...said(schema) },
      why: counts.test(name) ? 'at most 100 records at a time' : 'a number',
    }
  }
  if (type === 'array') {
    const items = isObject(schema['items']) ? schema['items']['enum'] : undefined
    return Array.isArray(items) && items.every(isPlainValue)
      ? {
          schema: { type: 'array', items: { enum: items as Json[] }, ...said(schema) },
          why: 'some of these words',
        }
      : { left: 'a list without fixed values' }
  }
  if (type !== 'string') return { left: 'it takes more than one plain value' }
  const why = identifierIn(name)
  if (dates.test(name))
    return { schema: { type: 'string', pattern: dayPattern, ...said(schema) }, why: 'a year, month or day' }
  if (codes.has(name.toLowerCase().replaceAll(/[_-]/g, '')))
    return {
      schema: { type: 'string', pattern: codePattern, ...said(schema) },
      why: 'a code, and no sentence',
    }
  if (/(?:^|_)id$|Id$|^id$/.test(name))
    return {
      schema: { type: 'string', pattern: identifierPattern, ...said(schema) },
      why: 'one identifier, no wildcard',
    }
  const format = why === undefined ? formats.get(schema['format']) : undefined
  if (format !== undefined)
    return { schema: { type: 'string', format: format.name, ...said(schema) }, why: format.why }
  return { left: why ?? 'it takes any text' }
}

/** Formats of JSON Schema that say what may stand there. */
const formats: ReadonlyMap<unknown, { readonly name: string; readonly why: string }> = new Map(
  [
    { name: 'date', why: 'a day' },
    { name: 'date-time', why: 'a moment' },
    { name: 'time', why: 'a time of day' },
    { name: 'duration', why: 'how long' },
    { name: 'uuid', why: 'one identifier, no wildcard' },
  ].map((one) => [one.name, one]),
)

function number(member: { [keyword: string]: unknown }): { [keyword: string]: number } {
  return Object.fromEntries(
    Object.entries(member).filter((entry): entry is [string, number] => typeof entry[1] === 'number'),
  )
}

function isPlainValue(value: unknown): boolean {
  return (
    (typeof value === 'string' &&
      /^[A-Za-z0-9][A-Za-z0-9 ._:|/-]{0,63}$/.test(value) &&
      isClean(value) &&
      isCleanName(value)) ||
    typeof value === 'number' ||
    typeof value === 'boolean' ||
    value === null
  )
}

/** The server's description of an argument, where it holds nothing that identifies. Defaults and examples never go along. */
function said({ description }: Schema): { description?: string } {
  return typeof description === 'string' &&
    description !== '' &&
    description.length <= 200 &&
    isClean(description)
    ? { description }
    : {}
}

/** Whether no identifier is found in a text of the server's. */
export function isClean(text: string): boolean {
  return !identifies(text, survey())
}

/** The same of a name, whose words stand together: `Mary_Smith_MRN_778812`. */
export function isCleanName(name: string): boolean {
  const apart = name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replaceAll(/[^A-Za-z0-9]+/g, ' ')
    .trim()
  // A number is read as somebody's where a word before it says so.
  return [name, apart, `Patient ${apart}`].every(isClean)
}

/** A name that a server gave, where it is plain. */
export function shown(name: string): string {
  return plainName.test(name) && isCleanName(name) ? name : 'an argument'
}
