// What reaches the server: arguments that keep to the schema, constants of the policy, nothing else.

import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { argumentCheck } from '../../../core/argument-check.ts'
import type { JsonObject } from '../../../core/canonical.ts'
import { rulesOf } from '../../../sidecar/rules.ts'
import { aCall } from '../../support/message.ts'
import { aPolicy, aTool } from '../../support/policy.ts'
import { aScene, type Scene } from '../../support/scene.ts'
import { verifies } from '../../verifies.ts'

let scene: Scene
beforeAll(async () => {
  scene = await aScene()
})
afterAll(async () => await scene.end())
afterEach(() => {
  scene.forget()
})

verifies('minimum:arguments', 'the caller learns name and rule, and never gets a value back', async () => {
  const reply = await scene.ask(aCall({ patient_id: `Fluegel${'x'.repeat(80)}` }))

  expect(reply.json['error']).toMatchObject({
    code: -32602,
    data: {
      reason: 'argument-refused',
      argument: 'patient_id',
      rule: 'must NOT have more than 64 characters',
    },
  })
  expect(reply.text).not.toContain('Fluegel')
  expect(scene.upstream.asked).toEqual([])
})

verifies('minimum:arguments', 'a name that only the caller knows is not repeated', async () => {
  const reply = await scene.ask(aCall({ patient_id: 'p', 'ssn-of-Fluegel': 1 }))

  expect(reply.json['error']).toMatchObject({
    data: { argument: 'an argument that the schema does not name' },
  })
  expect(reply.text + JSON.stringify(scene.trail.entries)).not.toContain('Fluegel')
})

verifies('minimum:narrow-tools', 'the broad tool is called with the policy’s constants', async () => {
  await scene.ask(aCall({ patient_id: 'p-1' }))

  expect(scene.upstream.asked[0]?.body['params']).toEqual({
    name: 'get_patient_record',
    arguments: { patient_id: 'p-1', sections: ['conditions'] },
  })
})

verifies('minimum:narrow-tools', 'a constant cannot be set by the caller', async () => {
  const reply = await scene.ask(aCall({ patient_id: 'p-1', sections: ['notes'] }))

  expect(reply.json['error']).toMatchObject({
    data: { argument: 'sections', rule: 'is set by the policy, never by the caller' },
  })
  expect(scene.upstream.asked).toEqual([])
})

verifies('minimum:narrow-tools', 'a constant cannot be set where the schema is open either', () => {
  const check = argumentCheck({
    arguments: { type: 'object', additionalProperties: true },
    with: { sections: ['conditions'] },
  })

  expect(check({ sections: ['notes'] })).toMatchObject({ argument: 'sections' })
  expect(check({ other: 1 })).toBeUndefined()
})

verifies('minimum:arguments', 'arguments that are no object', async () => {
  const call = JSON.parse(aCall().body.toString()) as { params: { arguments: unknown } }
  for (const args of [['p-1'], 'p-1', 7]) {
    call.params.arguments = args
    const reply = await scene.ask({ ...aCall(), body: JSON.stringify(call) })
    expect(reply.json['error']).toMatchObject({ code: -32602, data: { argument: 'arguments' } })
  }
})

verifies('minimum:arguments', 'a member called __proto__ is one that the schema does not name', () => {
  // None comes this far (bad-json.test.ts): the check holds by itself.
  const check = argumentCheck({ arguments: aTool().arguments, with: {} })

  expect(
    check(JSON.parse('{"__proto__":{"sections":["notes"]},"patient_id":"p"}') as JsonObject),
  ).toMatchObject({
    argument: 'an argument that the schema does not name',
  })
})

const person = { type: 'object', properties: { name: { type: 'string' } } }
const shapes: { when: string; schema: JsonObject; good: JsonObject; bad: JsonObject; argument?: string }[] = [
  {
    when: 'a nested object',
    schema: { properties: { who: person } },
    good: { who: { name: 'a' } },
    bad: { who: { name: 'a', x: 1 } },
    argument: 'an argument that the schema does not name, in who',
  },
  {
    when: 'objects in a list',
    schema: { properties: { all: { type: 'array', items: person } } },
    good: { all: [{ name: 'a' }] },
    bad: { all: [{ x: 1 }] },
    argument: 'an argument that the schema does not name, in all.0',
  },
  {
    when: 'a value of any type',
    schema: { properties: { any: {} } },
    good: { any: 'text' },
    bad: { any: { x: 1 } },
  },
  {
    when: 'a list of anything',
    schema: { properties: { all: { type: 'array' } } },
    good: { all: ['a', 1, null] },
    bad: { all: [{ x: 1 }] },
  },
  {
    when: 'lists in a list of anything',
    schema: { properties: { all: { type: 'array' } } },
    good: { all: [] },
    bad: { all: [['a']] },
  },
  {
    when: 'allOf',
    schema: { allOf: [{ properties: { a: { type: 'string' } } }, { properties: { b: { type: 'string' } } }] },
    good: { a: 'x', b: 'y' },
    bad: { a: 'x', c: 'z' },
  },
  {
    when: 'anyOf',
    schema: {
      anyOf: [
        { properties: { a: { type: 'string' } }, required: ['a'] },
        { properties: { b: { type: 'string' } }, required: ['b'] },
      ],
    },
    good: { b: 'y' },
    bad: { b: 'y', c: 1 },
  },
  {
    when: '$ref',
    schema: { properties: { who: { $ref: '#/$defs/person' } }, $defs: { person } },
    good: { who: { name: 'a' } },
    bad: { who: { name: 'a', x: 1 } },
  },
  {
    when: '$ref to an $anchor',
    schema: {
      properties: { who: { $ref: '#person' } },
      $defs: { someone: { $anchor: 'person', ...person } },
    },
    good: { who: { name: 'a' } },
    bad: { who: { name: 'a', x: 1 } },
  },
  {
    when: 'if and then',
    schema: {
      properties: { a: { type: 'string' } },
      if: { required: ['a'] },
      // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema
      then: { properties: { b: { type: 'string' } } },
    },
    good: { a: 'x', b: 'y' },
    bad: { b: 'y' },
  },
  {
    when: 'patternProperties',
    schema: { patternProperties: { '^x-': { type: 'string' } } },
    good: { 'x-a': 'b' },
    bad: { 'y-a': 'b' },
  },
  {
    when: 'prefixItems',
    schema: {
      properties: { pair: { type: 'array', prefixItems: [person, { type: 'string' }], items: false } },
    },
    good: { pair: [{ name: 'a' }, 'b'] },
    bad: { pair: [{ x: 1 }, 'b'] },
  },
]
for (const { when, schema, good, bad, argument } of shapes)
  verifies('minimum:arguments', `closed at every level: ${when}`, () => {
    const check = argumentCheck({ arguments: { type: 'object', ...schema }, with: {} })

    expect(check(good)).toBeUndefined()
    expect(check(bad)).toMatchObject(argument === undefined ? { argument: expect.any(String) } : { argument })
  })

verifies('minimum:arguments', 'no violation ever repeats what only the caller wrote', () => {
  const check = argumentCheck({
    with: {},
    arguments: {
      type: 'object',
      properties: {
        id: { type: 'string', pattern: '^p-[0-9]+$' },
        on: { type: 'string', format: 'date' },
        kind: { enum: ['a', 'b'] },
        deep: { type: 'object', additionalProperties: { type: 'integer' } },
        list: { type: 'array', items: { const: 'x' }, uniqueItems: true, maxItems: 2 },
      },
      patternProperties: { '^z': { type: 'null' } },
    },
  })
  const word = fc.string({ minLength: 1, maxLength: 5 }).map((text) => `§${text}§`)
  const name = fc.oneof(
    word,
    fc.constantFrom('id', 'on', 'kind', 'deep', 'list'),
    word.map((text) => `z${text}`),
  )
  const value = fc.oneof(word, fc.array(word), fc.dictionary(word, word))
  fc.assert(
    fc.property(fc.dictionary(name, value), (args) => {
      expect(JSON.stringify(check(args) ?? {})).not.toContain('§')
    }),
    { numRuns: 300 },
  )
})

verifies('minimum:arguments', 'each pattern is its own rule', () => {
  const properties = { a: { type: 'string', pattern: '^a+$' }, b: { type: 'string', pattern: '^b+$' } }
  const check = argumentCheck({ with: {}, arguments: { type: 'object', properties } })

  expect([check({ a: 'aa', b: 'bb' }), check({ a: 'b' })?.argument, check({ b: 'a' })?.argument]).toEqual([
    undefined,
    'a',
    'b',
  ])
})

verifies('minimum:arguments', 'a pattern that makes other engines hang is decided at once', () => {
  const check = argumentCheck({
    with: {},
    arguments: { type: 'object', properties: { id: { type: 'string', pattern: '^(a+)+$' } } },
  })
  const began = performance.now()

  expect(check({ id: `${'a'.repeat(50_000)}!` })).toMatchObject({ argument: 'id' })
  expect(performance.now() - began).toBeLessThan(1000)
})

for (const [when, schema] of [
  ['an unknown keyword', { type: 'object', 'x-mcp-header': 'Patient' }],
  ['a reference to elsewhere', { type: 'object', properties: { a: { $ref: 'https://example.org/schema' } } }],
  [
    'a format that has no linear check',
    { type: 'object', properties: { a: { type: 'string', format: 'regex' } } },
  ],
  [
    'a pattern with a look-ahead',
    { type: 'object', properties: { a: { type: 'string', pattern: '(?=a)' } } },
  ],
] as const)
  test(`a policy whose schema holds ${when} cannot be enforced`, () => {
    expect(() => rulesOf(aPolicy({ tools: [aTool({ arguments: schema })] }))).toThrow()
  })

test('a policy is compiled once', () => {
  const policy = aPolicy()

  expect(rulesOf(policy)).toBe(rulesOf(policy))
})
