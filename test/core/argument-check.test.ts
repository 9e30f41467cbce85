// "Closed at every level": where a schema can hide a level. Simpler shapes: test/sidecar/controls/minimize.test.ts.

import { expect, test } from 'vitest'
import { argumentCheck, schemaIssue } from '../../core/argument-check.ts'
import type { Json } from '../../core/canonical.ts'
import { verifies } from '../verifies.ts'

type JsonObject = { [member: string]: Json }

const text = { type: 'string' }
/** Names a, and says nothing of what is in it. */
const holder = { type: 'object', properties: { a: { type: 'object' } } }
const one = { type: 'object', properties: { name: text } }
const anything = { ssn: 'x' }
/** Arguments with one member, v. */
const v = (schema: Json, beside: JsonObject = {}): JsonObject => ({ properties: { v: schema }, ...beside })

const checkOf = (schema: JsonObject) => argumentCheck({ arguments: { type: 'object', ...schema }, with: {} })

/** What a caller may still say (good), and what nobody thought of (bad). */
const levels: { at: string; schema: JsonObject; good: JsonObject[]; bad: JsonObject[] }[] = [
  {
    at: 'definitions at the root',
    schema: v({ $ref: '#/definitions/p' }, { definitions: { p: holder } }),
    good: [{ v: { a: {} } }],
    bad: [{ v: { a: anything } }, { v: anything }],
  },
  {
    at: '$defs below the root',
    schema: v({ $ref: '#/properties/v/$defs/p', $defs: { p: holder } }),
    good: [{ v: { a: {} } }],
    bad: [{ v: { a: anything } }, { v: anything }],
  },
  {
    at: 'definitions within $defs',
    schema: v({ $ref: '#/$defs/p/definitions/q' }, { $defs: { p: { definitions: { q: holder } } } }),
    good: [{ v: { a: {} } }],
    bad: [{ v: { a: anything } }, { v: anything }],
  },
  {
    at: 'an $anchor in nested $defs',
    schema: v({ $ref: '#q' }, { $defs: { p: { $defs: { q: { $anchor: 'q', ...holder } } } } }),
    good: [{ v: { a: {} } }],
    bad: [{ v: { a: anything } }],
  },
  {
    at: 'a definition with an $id of its own',
    schema: v({ $ref: 'urn:example:p' }, { $defs: { p: { $id: 'urn:example:p', ...holder } } }),
    good: [{ v: { a: {} } }],
    bad: [{ v: { a: anything } }],
  },
  {
    at: 'a definition that is true',
    schema: v({ $ref: '#/$defs/any' }, { $defs: { any: true } }),
    good: [{ v: 'x' }, { v: ['x'] }],
    bad: [{ v: anything }, { v: [anything] }],
  },
  {
    at: 'a schema that only propertyNames or contentSchema holds',
    schema: {
      properties: {
        v: { $ref: '#/propertyNames' },
        w: { $ref: '#/properties/doc/contentSchema' },
        doc: { ...text, contentSchema: holder },
      },
      propertyNames: { properties: { a: { type: 'object' } } },
    },
    good: [{ v: { a: {} }, w: { a: {} } }],
    bad: [{ v: { a: anything } }, { w: { a: anything } }],
  },
  {
    at: 'a definition of itself',
    schema: v(
      { $ref: '#/$defs/tree' },
      {
        $defs: {
          tree: {
            type: 'object',
            properties: { name: text, all: { type: 'array', items: { $ref: '#/$defs/tree' } } },
          },
        },
      },
    ),
    good: [{ v: { name: 'a', all: [{ name: 'b', all: [] }] } }],
    bad: [{ v: { all: [{ all: [anything] }] } }],
  },
  {
    at: '$dynamicRef',
    schema: v(
      { $dynamicRef: '#p' },
      {
        $defs: { p: { $dynamicAnchor: 'p', ...holder } },
        properties: { w: { $ref: '#/$defs/p' }, v: { $dynamicRef: '#p' } },
      },
    ),
    good: [],
    bad: [{ v: { a: anything } }, { v: anything }, { w: { a: anything } }],
  },
  {
    at: '$ref beside siblings',
    schema: v({ $ref: '#/$defs/list', minItems: 1 }, { $defs: { list: { type: 'array' } } }),
    good: [{ v: ['x'] }],
    bad: [{ v: [anything] }, { v: [['x']] }],
  },
  {
    at: 'lists behind allOf',
    schema: v({ type: 'array', allOf: [{ minItems: 1 }] }),
    good: [{ v: ['x', 1, null] }],
    bad: [{ v: [anything] }, { v: [['x']] }],
  },
  {
    at: 'lists in a branch of anyOf',
    schema: v({ anyOf: [text, { type: 'array' }] }),
    good: [{ v: 'x' }, { v: ['x', 1] }],
    bad: [{ v: [anything] }, { v: [['x']] }],
  },
  {
    at: 'lists in a branch of oneOf',
    schema: v({ oneOf: [text, { type: 'array', items: one }] }),
    good: [{ v: 'x' }, { v: [{ name: 'a' }] }],
    bad: [{ v: [anything] }, { v: ['x'] }],
  },
  {
    at: 'a branch that is true or {}',
    schema: v({ anyOf: [true, {}, one] }),
    good: [{ v: 'x' }, { v: { name: 'a' } }],
    bad: [{ v: anything }, { v: [anything] }],
  },
  {
    at: 'lists in then and else',
    schema: v({
      type: ['array', 'object'],
      if: { maxItems: 1 },
      // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema
      then: { type: 'array' },
      else: { items: one },
    }),
    good: [{ v: ['x'] }, { v: [{ name: 'a' }, { name: 'b' }] }],
    bad: [{ v: [anything] }, { v: [{ name: 'a' }, anything] }],
  },
  {
    at: 'dependentSchemas',
    schema: {
      properties: { a: text },
      dependentSchemas: { a: { properties: { b: { type: 'object' }, c: true } } },
    },
    good: [{ a: 'x', b: {}, c: 'y' }],
    bad: [{ a: 'x', b: anything }, { a: 'x', c: anything }, { b: {} }, { a: 'x', d: 1 }],
  },
  {
    at: 'dependencies, the old keyword',
    schema: {
      properties: { a: text },
      dependencies: { a: { properties: { b: { type: 'object' } } }, b: ['a'] },
    },
    good: [{ a: 'x', b: {} }],
    bad: [{ a: 'x', b: anything }, { b: {} }, { a: 'x', d: 1 }],
  },
  {
    at: 'prefixItems without items',
    schema: v({ type: 'array', prefixItems: [text] }),
    good: [{ v: ['ok'] }, { v: [] }],
    bad: [{ v: ['ok', anything] }, { v: ['ok', ['x']] }, { v: ['ok', 'more'] }],
  },
  {
    at: 'prefixItems behind a reference',
    schema: v({ $ref: '#/$defs/pair' }, { $defs: { pair: { type: 'array', prefixItems: [text, one] } } }),
    good: [{ v: ['ok', { name: 'a' }] }],
    bad: [{ v: ['ok', anything] }, { v: ['ok', { name: 'a' }, anything] }],
  },
  {
    at: 'prefixItems that are true',
    schema: v({ type: 'array', prefixItems: [true], items: true }),
    good: [{ v: ['ok', 'more', ['x']] }],
    bad: [{ v: [anything] }, { v: ['ok', anything] }],
  },
  {
    at: 'contains',
    schema: v({ type: 'array', contains: text }),
    good: [{ v: ['ok', 1] }],
    bad: [{ v: ['ok', anything] }, { v: ['ok', ['x']] }, { v: [1] }],
  },
  {
    at: 'contains, of objects',
    schema: v({ type: 'array', contains: one, maxContains: 2 }),
    good: [{ v: [{ name: 'a' }, 'x'] }],
    bad: [{ v: [{ name: 'a' }, anything] }, { v: ['x'] }, { v: [{}, {}, {}] }],
  },
  {
    at: 'contains beside items',
    schema: v({ type: 'array', items: one, contains: { required: ['name'] } }),
    good: [{ v: [{ name: 'a' }, {}] }],
    bad: [{ v: [{ name: 'a' }, anything] }, { v: [{}] }],
  },
  {
    at: 'contains in a branch or behind a reference',
    schema: v(
      { anyOf: [{ $ref: '#/$defs/some' }, { type: 'array', contains: { const: 7 } }] },
      { $defs: { some: { type: 'array', contains: text } } },
    ),
    good: [{ v: ['ok', 1] }, { v: [7] }],
    bad: [{ v: ['ok', anything] }, { v: [7, anything] }],
  },
  {
    at: 'unevaluatedItems: true',
    schema: v({ type: 'array', prefixItems: [text], unevaluatedItems: true }),
    good: [{ v: ['ok', 1] }],
    bad: [{ v: ['ok', anything] }],
  },
  {
    at: 'unevaluatedItems with a schema',
    schema: v({ allOf: [{ prefixItems: [text] }], type: 'array', unevaluatedItems: one }),
    good: [{ v: ['ok', { name: 'a' }] }],
    bad: [{ v: ['ok', anything] }],
  },
  {
    at: 'a property that is true',
    schema: v(true),
    good: [{ v: 'x' }, { v: ['x', 1] }, { v: {} }],
    bad: [{ v: anything }, { v: [anything] }],
  },
  {
    at: 'items that are true',
    schema: v({ type: 'array', items: true }),
    good: [{ v: ['x', ['y']] }],
    bad: [{ v: [anything] }, { v: [[anything]] }],
  },
  {
    at: 'a list of types',
    schema: v({ type: ['string', 'array', 'object'] }),
    good: [{ v: 'x' }, { v: ['x'] }, { v: {} }],
    bad: [{ v: anything }, { v: [anything] }],
  },
  {
    at: 'patternProperties with {} or true',
    schema: { patternProperties: { '^x-': {}, '^y-': true } },
    good: [{ 'x-a': 'b', 'y-a': ['b'] }],
    bad: [{ 'x-a': anything }, { 'y-a': anything }, { 'y-a': [anything] }],
  },
  {
    at: 'additionalProperties with {}: any name, no depth',
    schema: v({ type: 'object', additionalProperties: {} }),
    good: [{ v: { x: 'y', z: ['y'] } }],
    bad: [{ v: { x: anything } }, { v: { x: [anything] } }],
  },
  {
    at: 'additionalProperties and unevaluatedProperties with true: the schema says that it is open',
    schema: {
      properties: {
        v: { type: 'object', additionalProperties: true },
        w: { anyOf: [one], unevaluatedProperties: true },
      },
    },
    good: [{ v: { x: { y: [{ z: 1 }] } }, w: { x: { y: 1 } } }],
    bad: [{ x: 1 }],
  },
  {
    at: 'unevaluatedProperties with {}: any name, no depth',
    schema: v({ type: 'object', allOf: [one], unevaluatedProperties: {} }),
    good: [{ v: { name: 'a', x: 'y' } }],
    bad: [{ v: { x: anything } }],
  },
  {
    at: 'lists of which only some branches describe items',
    schema: v({
      type: 'array',
      anyOf: [{ minItems: 2, items: one }, { prefixItems: [text], maxItems: 1 }, { maxItems: 3 }],
    }),
    good: [{ v: [{ name: 'a' }, { name: 'b' }, {}] }, { v: ['x', 'y', 'z'] }, { v: [] }],
    bad: [{ v: [anything, anything] }, { v: [['x'], 'y'] }, { v: [anything] }],
  },
  {
    at: 'unevaluatedItems: false, where no branch that holds describes items',
    schema: v({
      type: 'array',
      anyOf: [{ items: one, maxItems: 0 }, { minItems: 1 }],
      unevaluatedItems: false,
    }),
    good: [{ v: [] }],
    bad: [{ v: [anything] }, { v: ['x'] }],
  },
  {
    at: 'names that every object inherits',
    schema: v({ anyOf: [one, { properties: { other: text } }] }),
    good: [{ v: { name: 'a', other: 'b' } }],
    bad: ['constructor', 'toString', 'valueOf', '__proto__'].map((name) => ({
      v: JSON.parse(`{"${name}":{"ssn":"x"}}`) as JsonObject,
    })),
  },
  {
    at: 'an argument that is called like a keyword',
    schema: {
      properties: { definitions: { type: 'object', properties: { contains: one } }, properties: true },
    },
    good: [{ definitions: { contains: { name: 'a' } }, properties: 'x' }],
    bad: [{ definitions: { contains: anything } }, { definitions: anything }, { properties: anything }],
  },
]

for (const { at, schema, good, bad } of levels)
  verifies('minimum:arguments', `closed where a schema can hide a level: ${at}`, () => {
    const check = checkOf(schema)

    for (const args of good) expect(check(args), JSON.stringify(args)).toBeUndefined()
    for (const args of bad) expect(check(args), JSON.stringify(args)).toBeDefined()
  })

/** Whatever closing does to these, what the policy forbids stays forbidden. */
const forbidden: [string, JsonObject, JsonObject][] = [
  [
    'not, of an open object',
    {
      properties: { v: { type: 'object', additionalProperties: true } },
      not: { properties: { v: { required: ['secret'] } }, required: ['v'] },
    },
    { v: { secret: 1 } },
  ],
  [
    'oneOf, where two hold',
    {
      properties: { v: { type: 'object', additionalProperties: true } },
      oneOf: [
        { properties: { v: { required: ['a'] } } },
        { properties: { v: { additionalProperties: true } } },
      ],
    },
    { v: { a: 1 } },
  ],
  [
    'then, behind an if of an open object',
    {
      properties: { v: { type: 'object', additionalProperties: true }, w: text },
      if: { properties: { v: { required: ['a'] } }, required: ['v'] },
      // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema
      then: { required: ['w'] },
    },
    { v: { a: 1 } },
  ],
]
for (const [rule, schema, args] of forbidden)
  verifies('minimum:arguments', `closing a schema loosens none of its rules: ${rule}`, () => {
    expect(checkOf(schema)(args)).toBeDefined()
  })

/** A reference that would lead out of what is closed. */
const astray: [string, JsonObject][] = [
  [
    'a default',
    v(
      { $ref: '#/properties/w/default' },
      { properties: { v: { $ref: '#/properties/w/default' }, w: { default: holder } } },
    ),
  ],
  ['an example', v({ $ref: '#/examples/0' }, { examples: [holder] })],
  ['a constant', v({ $ref: '#/$defs/c/const' }, { $defs: { c: { const: holder } } })],
  [
    'a member that is no keyword',
    v({ $ref: '#p' }, { $defs: { c: { 'x-more': { $anchor: 'p', ...holder } } } }),
  ],
  ['a header’s name', v({ $ref: '#/x-mcp-header' }, { 'x-mcp-header': holder })],
  [
    'a default, behind a slash that is written otherwise',
    v({ $ref: '#/$defs/a%2Fproperties/default' }, { $defs: { 'a/properties': { default: holder } } }),
  ],
  ['the schema of schemas', v({ $ref: 'https://json-schema.org/draft/2020-12/schema' })],
]
for (const [where, schema] of astray)
  test(`a reference to ${where} is one that does not compile`, () => {
    expect(schemaIssue({ type: 'object', ...schema })).toEqual(expect.any(String))
  })

test.each([
  ['a length below zero', { properties: { name: { ...text, minLength: -1 } } }],
  ['a member that is required twice', { properties: { name: text }, required: ['name', 'name'] }],
  ['a definition that is a text', { $defs: { p: 'object' } }],
  ['another draft', { $schema: 'http://json-schema.org/draft-07/schema#' }],
] satisfies [string, JsonObject][])('a schema with %s does not compile', (_, schema) => {
  expect(schemaIssue({ type: 'object', ...schema })).toEqual(expect.any(String))
})

verifies(
  'minimum:arguments',
  'a schema that refers to itself means itself, whatever was compiled before it',
  () => {
    const checks = ['a', 'b', 'c'].map((name) =>
      checkOf({ properties: { [name]: { ...text, pattern: `^${name}+$` }, next: { $ref: '#' } } }),
    )

    expect(checks.map((check) => check({ b: 'bb', next: { b: 'b', next: {} } })?.argument)).toEqual([
      'an argument that the schema does not name',
      undefined,
      'an argument that the schema does not name',
    ])
    expect(checks[1]?.({ next: { b: 'c' } })?.argument).toBe('next.b')
  },
)
