// An object against the schema of its kind, as the API server judges it: fields that there are none of, types, bounds,
// lists with one entry twice; then the rules of the kind (CEL), over the object with its defaults.

import { Environment } from '@marcbachmann/cel-js'
import { Ajv, type AnySchema, type ErrorObject } from 'ajv'
import formats from 'ajv-formats'
import { RE2JS } from 're2js'
import { isObject } from '../../core/is-object.ts'
import { at, some } from '../../core/lint/finding.ts'
import { segmentsOf } from '../../core/pointer.ts'

export type Schema = { readonly [keyword: string]: unknown }
type StructureRule = 'unknown-field' | 'missing-field' | 'wrong-value' | 'contradiction'
export type Flaw = { rule: StructureRule; place: string; found: string; write: string }

type Validate = { (value: unknown): boolean; errors?: ErrorObject[] | null }

/** Judges objects of one kind. */
export function structureJudge(schema: Schema): (object: object) => Flaw[] {
  const validate = compiled(schema)
  return (object) => {
    // Defaults are written into it.
    const whole: unknown = structuredClone(object)
    if (!validate(whole)) return (validate.errors ?? []).flatMap(flawOf)
    return rulesOver(schema, whole, '')
  }
}

function compiled(schema: Schema): Validate {
  const ajv = new Ajv({
    allErrors: true,
    verbose: true,
    useDefaults: true,
    strict: false,
    // The API server's patterns are Go's, which RE2 is.
    code: { regExp: Object.assign((pattern: string) => linear(pattern), { code: 'linear' }) },
  })
  formats.default(ajv, ['date-time'])
  for (const width of ['int32', 'int64']) ajv.addFormat(width, true)
  return ajv.compile(closed(schema) as AnySchema) as Validate
}

function linear(pattern: string): { test(text: string): boolean; toString(): string } {
  const expression = RE2JS.compile(pattern)
  return { test: (text) => expression.test(text), toString: () => pattern }
}

/** Says aloud what the API server does in silence: it takes away every field that the schema does not name. */
function closed(schema: unknown, inMap = false): unknown {
  if (Array.isArray(schema)) return schema.map((one) => closed(one))
  if (!isObject(schema)) return schema
  const out = Object.fromEntries(
    Object.entries(schema).map(([keyword, value]) => [
      keyword,
      keyword === 'default' && !inMap ? value : closed(value, keyword === 'properties' && !inMap),
    ]),
  )
  if (inMap) return out
  const open = schema['x-kubernetes-preserve-unknown-fields'] === true || 'additionalProperties' in schema
  return isObject(schema['properties']) && !open ? { ...out, additionalProperties: false } : out
}

function flawOf(error: ErrorObject): Flaw[] {
  const { keyword, instancePath, params, message = 'is not as it must be', parentSchema } = error
  const where = pathOf(instancePath)
  const properties = (isObject(parentSchema) ? parentSchema['properties'] : undefined) as
    | { readonly [name: string]: { description?: string } }
    | undefined
  if (keyword === 'additionalProperties') {
    const { additionalProperty } = params as { additionalProperty: string }
    return [
      {
        rule: 'unknown-field',
        place: `${instancePath}${at(additionalProperty)}`,
        found: `${where} has no field ${additionalProperty}`,
        write: `one of ${Object.keys(properties ?? {}).join(', ')}`,
      },
    ]
  }
  if (keyword === 'required') {
    const { missingProperty } = params as { missingProperty: string }
    return [
      {
        rule: 'missing-field',
        place: instancePath,
        found: `${where} lacks ${missingProperty}`,
        write: `${missingProperty}: ${firstSentence(properties?.[missingProperty]?.description)}`,
      },
    ]
  }
  // Says nothing that the errors inside of it do not say.
  if (keyword === 'if') return []
  const { allowedValues } = params as { allowedValues?: unknown[] }
  const description = firstSentence(isObject(parentSchema) ? parentSchema['description'] : undefined)
  return [
    {
      rule: 'wrong-value',
      place: instancePath,
      found: `${where} ${message}`,
      write: allowedValues === undefined ? description : `one of ${allowedValues.join(', ')}`,
    },
  ]
}

/** `spec.tools[0].returns`, as the API server writes it. */
function pathOf(pointer: string): string {
  const segments = segmentsOf(pointer) ?? []
  return segments.length === 0
    ? 'the object'
    : segments
        .map((segment, index) =>
          /^\d+$/.test(segment) ? `[${segment}]` : `${index === 0 ? '' : '.'}${segment}`,
        )
        .join('')
}

function firstSentence(description: unknown): string {
  const text = typeof description === 'string' ? description.replaceAll(/\s+/g, ' ') : ''
  return /^.*?[.](?= |$)/.exec(text)?.[0] ?? (text === '' ? 'what the kind asks for' : text)
}

const environment = new Environment({ unlistedVariablesAreDyn: true })
const parsed = new Map<string, (context: { self: unknown }) => unknown>()

/** The rules of the kind, at every value that one stands at. */
function rulesOver(schema: unknown, value: unknown, place: string): Flaw[] {
  if (!isObject(schema) || value === undefined) return []
  const own = [...celFlaws(schema, value, place), ...twice(schema, value, place)]
  if (Array.isArray(value))
    return [
      ...own,
      ...value.flatMap((item, index) => rulesOver(schema['items'], item, `${place}${at(index)}`)),
    ]
  if (!isObject(value)) return own
  const properties = isObject(schema['properties']) ? schema['properties'] : {}
  return [
    ...own,
    ...Object.entries(value).flatMap(([name, member]) =>
      rulesOver(properties[name] ?? schema['additionalProperties'], member, `${place}${at(name)}`),
    ),
  ]
}

function celFlaws(schema: Schema, value: unknown, place: string): Flaw[] {
  const rules = (schema['x-kubernetes-validations'] ?? []) as { rule: string; message: string }[]
  return (
    rules
      // What compares with the object before is no matter of a file.
      .filter(({ rule }) => !/\boldSelf\b/.test(rule))
      .filter(({ rule }) => holds(rule, value) === false)
      .map(({ message }) => {
        const [found = message, ...rest] = message.split(': ')
        return {
          rule: 'contradiction',
          place,
          found: place === '' ? found : `${pathOf(place)}: ${found}`,
          write: rest.length === 0 ? 'what the sentence says' : rest.join(': '),
        }
      })
  )
}

/** Undefined where this evaluator cannot tell: the API server will. */
function holds(rule: string, self: unknown): boolean | undefined {
  try {
    let judge = parsed.get(rule)
    if (judge === undefined) {
      judge = environment.parse(rule) as (context: { self: unknown }) => unknown
      parsed.set(rule, judge)
    }
    const judged = judge({ self })
    return typeof judged === 'boolean' ? judged : undefined
  } catch {
    return undefined
  }
}

/** Lists that are maps by some members, or sets. */
function twice(schema: Schema, value: unknown, place: string): Flaw[] {
  const type = schema['x-kubernetes-list-type']
  if (!Array.isArray(value) || (type !== 'map' && type !== 'set')) return []
  const keys = (schema['x-kubernetes-list-map-keys'] ?? []) as string[]
  const names = value.map((item: unknown) =>
    JSON.stringify(type === 'set' ? item : keys.map((key) => (isObject(item) ? item[key] : undefined))),
  )
  return names.flatMap((name, index): Flaw[] =>
    names.indexOf(name) === index
      ? []
      : [
          {
            rule: 'wrong-value',
            place: `${place}${at(index)}`,
            found: `${pathOf(place)} has this ${type === 'set' ? 'value' : some(keys)} twice`,
            write: 'one of the two',
          },
        ],
  )
}
