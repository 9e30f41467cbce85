import { Ajv2020 } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Json } from '../../core/canonical.ts'
import { demandSchema } from '../../core/schema-compiler.ts'

const compiled = new Ajv2020({ strict: true, logger: false })

/** What ajv itself says of it, having compiled the schema of schemas here and now. */
function said(schema: { [keyword: string]: Json }): string | undefined {
  return compiled.validateSchema(schema) === true ? undefined : `schema is invalid: ${compiled.errorsText()}`
}

function demanded(schema: { [keyword: string]: Json }): string | undefined {
  try {
    demandSchema(schema)
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

const keywords = (
  'type properties required items prefixItems enum const pattern format $defs minLength maxItems uniqueItems multipleOf allOf not if ' +
  '$ref $id $anchor dependentRequired additionalProperties unevaluatedProperties contentMediaType x-own'
).split(' ')
const value = fc.oneof(
  fc.constantFrom<Json>('object', 'string', '#/$defs/a', 'a#b', true, false, null, 0, -1, 1.5, [], {}),
  fc.constantFrom<Json>(
    ['a', 'a'],
    ['a', 'b'],
    ['string', 'string'],
    ['string', 'null'],
    { a: ['b'] },
    { a: 1 },
  ),
)
const { schema } = fc.letrec<{ schema: { [keyword: string]: Json } }>((tie) => ({
  schema: fc.dictionary(
    fc.constantFrom(...keywords),
    fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      value,
      tie('schema'),
      fc.array(tie('schema'), { maxLength: 2 }),
      fc.dictionary(fc.constantFrom('a', 'b', 'constructor'), tie('schema'), { maxKeys: 2 }),
    ) as fc.Arbitrary<Json>,
    { maxKeys: 4 },
  ),
}))

test('the check that was compiled beforehand says of schemas what ajv says, word for word', () => {
  let refused = 0
  fc.assert(
    fc.property(schema, (one) => {
      const expected = said(one)
      if (expected !== undefined) refused += 1
      expect(demanded(one)).toBe(expected)
    }),
    { numRuns: 2_000 },
  )
  // Both kinds were among them.
  expect(refused).toBeGreaterThan(200)
  expect(refused).toBeLessThan(1_800)
})

test.each([
  ['absent', {}, undefined],
  ['the dialect', { $schema: 'https://json-schema.org/draft/2020-12/schema' }, undefined],
  ['with an empty fragment', { $schema: 'https://json-schema.org/draft/2020-12/schema#' }, undefined],
  [
    'another draft',
    { $schema: 'http://json-schema.org/draft-07/schema#' },
    'no schema with key or ref "http://json-schema.org/draft-07/schema#"',
  ],
  // One vocabulary alone knows a part of the keywords.
  [
    'one vocabulary',
    { $schema: 'https://json-schema.org/draft/2020-12/meta/core' },
    'no schema with key or ref "https://json-schema.org/draft/2020-12/meta/core"',
  ],
  ['empty', { $schema: '' }, undefined],
  ['a number', { $schema: 4 }, '$schema must be a string'],
])('the dialect may be %s, or is refused', (_, one, issue) => {
  expect(demanded(one as { [keyword: string]: Json })).toBe(issue)
})
