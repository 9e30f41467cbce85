// Fields: what the policy does not name does not leave.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Json } from '../../../core/canonical.ts'
import { segmentsOf } from '../../../core/pointer.ts'
import { blocks, projected } from '../../support/redaction.ts'
import { verifies } from '../../verifies.ts'

const record = {
  conditions: [{ code: 'E11.9', note: 'secret' }, { code: 'I10' }],
  patient: { name: [{ family: 'Fluegel' }], id: 'p-1' },
  total: 2,
}
const cases: { when: string; document: Json; fields: string[]; shown: Json }[] = [
  {
    when: 'a member of every element',
    document: record,
    fields: ['/conditions/*/code'],
    shown: { conditions: [{ code: 'E11.9' }, { code: 'I10' }] },
  },
  {
    when: 'a whole subtree',
    document: record,
    fields: ['/conditions'],
    shown: { conditions: [{ code: 'E11.9', note: 'secret' }, { code: 'I10' }] },
  },
  {
    when: 'one element',
    document: record,
    fields: ['/conditions/1/code'],
    shown: { conditions: [{ code: 'I10' }] },
  },
  {
    when: 'numbers and booleans',
    document: { a: 1, b: true, c: null, d: 'x' },
    fields: ['/a', '/b', '/c'],
    shown: { a: 1, b: true, c: null },
  },
  { when: 'nothing named', document: record, fields: [], shown: {} },
  { when: 'a name that is not there', document: record, fields: ['/nothing'], shown: {} },
  { when: 'nothing in a list', document: record, fields: ['/conditions/*/x'], shown: { conditions: [] } },
  { when: 'a list at the top', document: [{ a: 'x', b: 'y' }], fields: ['/*/a'], shown: [{ a: 'x' }] },
  { when: 'everything', document: { a: ['x'] }, fields: [''], shown: { a: ['x'] } },
  {
    when: 'a place and its neighbours by *',
    document: { a: { x: 'one', y: 'two' }, b: { x: 'three' } },
    fields: ['/a/y', '/*/x'],
    shown: { a: { x: 'one', y: 'two' }, b: { x: 'three' } },
  },
  {
    when: 'escaped names',
    document: { 'a/b': { '~': 'x' }, a: 'y' },
    fields: ['/a~1b/~0'],
    shown: { 'a/b': { '~': 'x' } },
  },
  {
    when: 'a text where an object was expected',
    document: { conditions: 'Fluegel' },
    fields: ['/conditions/*/code'],
    shown: {},
  },
  { when: 'a scalar where a document was expected', document: 'Fluegel', fields: ['/a'], shown: {} },
  {
    when: 'inherited names',
    document: { a: 'x' },
    fields: ['/constructor', '/toString', '/__proto__'],
    shown: {},
  },
]
for (const { when, document, fields, shown } of cases)
  verifies('minimum:fields', when, () => {
    expect(projected(document, fields).shown).toEqual(shown)
  })

verifies('minimum:fields', 'a member called __proto__ is a member like any other', () => {
  const document = JSON.parse(
    '{"__proto__":{"code":"E11.9"},"a":{"__proto__":{"x":"secret"},"b":"y"}}',
  ) as Json

  expect(JSON.stringify(projected(document, ['/a/b']).shown)).toBe('{"a":{"b":"y"}}')
  expect(JSON.stringify(projected(document, ['/__proto__/code']).shown)).toBe(
    '{"__proto__":{"code":"E11.9"}}',
  )
})

verifies('minimum:fields', 'what changes nothing is as it came, and what came is never changed', () => {
  const document = JSON.parse(
    '{"a":{"__proto__":{"x":1},"on":"2020-01-02","all":[{"b":"c"},{"on":"2020-01-02","d":[1,"2021-02-03"]}]}}',
  ) as Json
  const before = JSON.stringify(document)

  expect(JSON.stringify(projected(document, ['/a']).shown)).toBe(
    '{"a":{"__proto__":{"x":1},"on":"2020","all":[{"b":"c"},{"on":"2020","d":[1,"2021"]}]}}',
  )
  expect(JSON.stringify(document)).toBe(before)
})

verifies('minimum:fields', 'what was kept and dropped is counted by rule, without values', () => {
  const { account } = projected(record, ['/conditions/*/code', '/total'])

  expect(account.kept).toEqual({ '/conditions/*/code': 2, '/total': 1 })
  expect(account.tally.dropped).toEqual({ 'not-allowed': 2 })
})

verifies('minimum:text', 'a member’s name that identifies somebody goes with its value', () => {
  const document = {
    byPatient: { Fluegel: 'E11.9', 'fluegel@example.org': 'I10', summary: 'two' },
    patient: { name: 'Anna Fluegel' },
  }

  expect(projected(document, ['/byPatient']).shown).toEqual({ byPatient: { summary: 'two' } })
})

/** Words that no detector takes for an identifier, a new one each time. */
const leaves = fc.stringMatching(/^[bcdfghjklmnpqrstvwxz]{6}$/)
const names = fc.constantFrom('a', 'b', 'c', 'conditions', 'code')
const { document } = fc.letrec<{ document: Json }>((tie) => ({
  document: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    leaves,
    fc.dictionary(names, tie('document'), { maxKeys: 4 }),
    fc.array(tie('document'), { maxLength: 3 }),
  ),
}))
const pattern = fc.array(fc.constantFrom('a', 'b', 'c', 'conditions', 'code', '0', '1', '*'), {
  minLength: 1,
  maxLength: 4,
})

/** Written without the code under test: does any pattern cover this path or a place above it? */
const covered = (path: string[], patterns: string[][]): boolean =>
  patterns.some(
    (segments) =>
      segments.length <= path.length &&
      segments.every((segment, at) => segment === '*' || segment === path[at]),
  )

function leavesOf(value: Json, path: string[] = []): [string, string[]][] {
  if (typeof value === 'string') return [[value, path]]
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, item]) => leavesOf(item as Json, [...path, name]))
}

verifies(
  'minimum:fields',
  'whatever the document and the fields: allowed values leave, no other does, in content and structuredContent',
  () => {
    fc.assert(
      fc.property(document, fc.array(pattern, { maxLength: 4 }), (value, patterns) => {
        const fields = patterns.map((segments) => `/${segments.join('/')}`)
        const shown = projected(value, fields).shown
        const text = blocks([{ type: 'text', text: JSON.stringify(value) }], fields).shown[0]?.['text'] as
          | string
          | undefined
        const all = leavesOf(value)
        const allowed = new Set(all.filter(([, path]) => covered(path, patterns)).map(([leaf]) => leaf))
        const out = new Set(leavesOf(shown).map(([leaf]) => leaf))

        expect(out).toEqual(allowed)
        for (const [leaf] of all) if (!allowed.has(leaf)) expect(JSON.stringify(shown)).not.toContain(leaf)
        // A text that is a JSON string is text, not a document; everything else is filtered alike.
        if (typeof value === 'object') expect(text).toBe(JSON.stringify(shown))
      }),
      { numRuns: 500 },
    )
  },
)

test('pointers are unescaped, and what is none is refused', () => {
  expect([segmentsOf(''), segmentsOf('/a~1b/~01'), segmentsOf('a'), segmentsOf('/a~2')]).toEqual([
    [],
    ['a/b', '~1'],
    undefined,
    undefined,
  ])
})

const others: { when: string; block: unknown; rule: string }[] = [
  {
    when: 'an image',
    block: { type: 'image', data: 'RmxlZ2Vs', mimeType: 'image/png' },
    rule: 'content-image',
  },
  { when: 'audio', block: { type: 'audio', data: 'RmxlZ2Vs', mimeType: 'audio/wav' }, rule: 'content-audio' },
  {
    when: 'a file',
    block: { type: 'resource', resource: { uri: 'file:///Fluegel', text: 'Fluegel' } },
    rule: 'content-resource',
  },
  {
    when: 'a link',
    block: { type: 'resource_link', uri: 'file:///Fluegel', name: 'Fluegel' },
    rule: 'content-resource_link',
  },
  { when: 'a kind that nobody knows', block: { type: 'Fluegel', text: 'Fluegel' }, rule: 'content-unknown' },
  { when: 'no block at all', block: 'Fluegel', rule: 'content-unknown' },
  {
    when: 'text that is no text',
    block: { type: 'text', text: { name: 'Fluegel' } },
    rule: 'content-unknown',
  },
  {
    when: 'text that begins like JSON and is none',
    block: { type: 'text', text: '{"name":"Fluegel",}' },
    rule: 'content-like-json',
  },
  {
    when: 'several JSON documents, a line each',
    block: { type: 'text', text: '{"name":"Fluegel"}\n{"name":"Fluegel"}' },
    rule: 'content-like-json',
  },
  {
    when: 'JSON in a Markdown fence',
    block: { type: 'text', text: 'Here:\n```json\n{"name": "Fluegel"}\n```' },
    rule: 'content-like-json',
  },
]
for (const { when, block, rule } of others)
  verifies('minimum:other-content', `${when} is dropped and counted`, () => {
    const { shown, account } = blocks([block, { type: 'text', text: '{"code":"E11.9"}' }], ['/code'])

    expect(shown).toEqual([{ type: 'text', text: '{"code":"E11.9"}' }])
    expect(account.tally.dropped).toEqual({ [rule]: 1 })
  })

verifies('minimum:other-content', 'annotations and _meta of a block are dropped', () => {
  const block = {
    type: 'text',
    text: 'all is well',
    annotations: { audience: ['Fluegel'] },
    _meta: { by: 'Fluegel' },
  }

  expect(blocks([block], []).shown).toEqual([{ type: 'text', text: 'all is well' }])
})

verifies('minimum:fields', 'JSON after a byte order mark or white space is filtered as JSON', () => {
  for (const before of ['\ufeff', ' \n\t', '\ufeff ']) {
    expect(blocks([{ type: 'text', text: `${before}{"code":"E11.9","name":"x"}` }], ['/code']).shown).toEqual(
      [{ type: 'text', text: '{"code":"E11.9"}' }],
    )
  }
})

verifies('minimum:text', 'text that is no JSON goes where the policy says Drop', () => {
  const { shown, account } = blocks([{ type: 'text', text: 'all is well' }], [], { text: 'Drop' })

  expect([shown, account.tally.dropped]).toEqual([[], { text: 1 }])
})

verifies('minimum:other-content', 'an encoded file in an allowed place is dropped', () => {
  const data = Buffer.alloc(300, 'Fluegel').toString('base64')

  expect(projected({ attachment: { data, title: 'scan' } }, ['/attachment']).shown).toEqual({
    attachment: { title: 'scan' },
  })
})
