// A tool's result that is cut where it lies is the one that is built anew.

import fc from 'fast-check'
import { expect } from 'vitest'
import type { Json, JsonObject } from '../../../core/canonical.ts'
import { scan } from '../../../core/json-scan.ts'
import { patternTree } from '../../../core/pointer.ts'
import type { TextRule } from '../../../core/policy.ts'
import { cutParts, cutTogether, surveyOfCut } from '../../../core/redaction/edit-result.ts'
import { type Projection, projection } from '../../../core/redaction/project.ts'
import { surveyOf, toolResult } from '../../../core/redaction/results.ts'
import { type ReturnRules, returnRules } from '../../../core/redaction/rules.ts'
import { verifies } from '../../verifies.ts'

const nobody = patternTree([])

type Left = { readonly shown: unknown; readonly by: Projection }

function builtAnew(text: string, returns: ReturnRules): Left {
  const result = JSON.parse(text) as JsonObject
  const parts = toolResult.apart(result)
  if (parts === undefined) throw new Error('No result of a tool')
  const by = projection(surveyOf(parts, nobody), { dates: 'Year', text: returns.text, bornFrom: 1937 })
  return { shown: JSON.parse(JSON.stringify(toolResult.together(result, parts, { by, returns }))), by }
}

function cut(text: string, returns: ReturnRules): Left | undefined {
  const tape = scan(Buffer.from(text))
  const parts = tape === undefined ? undefined : cutParts({ tape, entry: 0 })
  if (parts === undefined) return undefined
  const by = projection(surveyOfCut(parts, nobody), { dates: 'Year', text: returns.text, bornFrom: 1937 })
  return { shown: JSON.parse(`{${cutTogether(parts, { by, returns })}}`), by }
}

const record = {
  patient: { resourceType: 'Patient', id: 'p-1', name: [{ family: 'Flügel', given: ['Anna'] }] },
  conditions: [{ code: 'E11.9', on: '2019-04-01', note: 'Frau Flügel war da, Patient/p-2 auch.' }],
}
const documents = fc.constantFrom<Json>(
  record,
  { conditions: [] },
  { a: 'Anna Fluegel', conditions: 'x' },
  // What was kept of one result says nothing of the next: a year is a birth's there, and a code is a ZIP code.
  { conditions: [{ year: '1921', code: '83701', count: 1921 }] },
  { patient: { birthDate: '1921', zip: '83701' }, conditions: [{ birthDate: 1921, code: '83701' }] },
  {},
)
const indented = (value: Json): string => JSON.stringify(value, null, 2)
const blocks = (structured: Json) =>
  fc.oneof(
    fc.constant({ type: 'text', text: JSON.stringify(structured) }),
    fc.constant({ type: 'text', text: indented(structured) }),
    documents.map((value) => ({ type: 'text', text: `\ufeff ${JSON.stringify(value)}` })),
    documents.map((value) => ({
      text: JSON.stringify([value]),
      type: 'text',
      annotations: { audience: ['user'] },
    })),
    fc.constantFrom(
      { type: 'text', text: 'Anna Flügel was seen on 2020-01-02.' },
      { type: 'text', text: 'all is well' },
      { type: 'text', text: '{"a":1,}' },
      { type: 'text', text: 'Here: {"name": "Anna"}' },
      { type: 'text', text: '{"a":1,"a":2}' },
      { type: 'image', data: 'AAAA', mimeType: 'image/png' },
      { type: 'text' },
    ),
  )
const results = documents.chain((structured) =>
  fc.record(
    {
      content: fc.array(blocks(structured), { maxLength: 3 }),
      structuredContent: fc.constant(structured),
      resultType: fc.constant('complete'),
      isError: fc.boolean(),
      _meta: fc.constant({ by: 'Anna' }),
      other: fc.constant('Anna'),
    },
    { requiredKeys: ['content'] },
  ),
)
const fields = fc.constantFrom<string[]>(
  [''],
  ['/conditions'],
  ['/conditions/*/code', '/*/conditions'],
  ['Patient.name'],
  [],
)

verifies(
  'minimum:fields',
  'whatever a result holds: cut out of its bytes it is what it is built anew, in content and structuredContent',
  () => {
    let cutOnes = 0
    fc.assert(
      fc.property(
        results,
        fields,
        fc.constantFrom<TextRule>('Redact', 'Drop'),
        fc.constantFrom(0, 1),
        (result, named, text, indent) => {
          const returns = returnRules({ fields: named, patients: [], text, media: 'Drop' })
          const written = JSON.stringify(result, null, indent)
          const one = cut(written, returns)
          if (one === undefined) return
          cutOnes += 1
          const other = builtAnew(written, returns)

          expect(readable(one.shown)).toEqual(readable(other.shown))
          expect([one.by.tally, one.by.kept]).toEqual([other.by.tally, other.by.kept])
          expect([...one.by.known.patients].toSorted()).toEqual([...other.by.known.patients].toSorted())
        },
      ),
      { numRuns: 600 },
    )
    expect(cutOnes).toBeGreaterThan(150)
  },
)

/** With texts that are JSON as what they say: it may be spelt in another way. */
function readable(shown: unknown): unknown {
  const { content, ...rest } = shown as { content: { text: string }[] }
  return {
    ...rest,
    content: content.map(({ text }) => (/^(?:\{|\[[^A-Z])/.test(text) ? (JSON.parse(text) as Json) : text)),
  }
}

const left: { when: string; result: string }[] = [
  { when: 'an error', result: '{"content":[],"isError":true}' },
  { when: 'a question of the server', result: '{"content":[],"resultType":"input_required"}' },
  { when: 'a task', result: '{"content":[],"task":{}}' },
  { when: 'an image', result: '{"content":[{"type":"image","data":"AAAA","mimeType":"image/png"}]}' },
  { when: 'a text that is no JSON, and begins so', result: '{"content":[{"type":"text","text":"{"}]}' },
  { when: 'content that is no list', result: '{"content":{"type":"text","text":"x"}}' },
  { when: 'structured content that is no object', result: '{"content":[],"structuredContent":[1]}' },
]
for (const { when, result } of left)
  verifies('minimum:other-content', `${when} is not cut, but taken apart as a value`, () => {
    expect(
      cut(result, returnRules({ fields: [''], patients: [], text: 'Redact', media: 'Drop' })),
    ).toBeUndefined()
  })
