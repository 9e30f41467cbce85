// JSON read where it lies: what is taken is what JSON.parse takes, as JSON.parse takes it.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseText } from '../../core/json.ts'
import { nameOf } from '../../core/json-names.ts'
import {
  kindOf,
  listKind,
  nameNumberOf,
  nextOf,
  objectKind,
  scan,
  stride,
  type Tape,
} from '../../core/json-scan.ts'
import { numberAt, textAt, valueAt } from '../../core/redaction/tape-values.ts'

/** The value at an entry, out of its entries alone. */
function built(tape: Tape, entry: number): unknown {
  const kind = kindOf(tape, entry)
  if (kind === 3) return textAt(tape, entry)
  if (kind === 4) return numberAt(tape, entry)
  if (kind > listKind) return valueAt(tape, entry)
  const items: [string, unknown][] = []
  for (let inner = entry + stride; inner < nextOf(tape, entry); inner = nextOf(tape, inner)) {
    const number = nameNumberOf(tape, inner)
    items.push([number < 0 ? '' : nameOf(number), built(tape, inner)])
  }
  return kind === objectKind ? Object.fromEntries(items) : items.map(([, item]) => item)
}

/** What the entries say, and what JSON.parse does; undefined where it is left to that. */
function read(text: string): { ours: unknown; theirs: unknown } | undefined {
  const tape = scan(Buffer.from(text))
  if (tape === undefined) return undefined
  const parsed = parseText(text)
  if ('fault' in parsed) throw new Error(`Taken where JSON.parse does not: ${text}`)
  return { ours: built(tape, 0), theirs: parsed.value }
}

test('every document that JSON.stringify writes is read as JSON.parse reads it', () => {
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: 'grapheme' }), fc.constantFrom(0, 1, '\t'), (value, indent) => {
      const text = JSON.stringify(value, null, indent)
      const one = read(text)
      if (one !== undefined) expect(one.ours).toEqual(one.theirs)
      // Of what is written so, only a name with an escape, minus zero and what is not exact are left to JSON.parse.
      else expect(text).toMatch(/\\[^:]*":|e[+-]|\d{16}|-0/)
    }),
    { numRuns: 2_000 },
  )
})

test('nothing is taken that JSON.parse refuses, or takes otherwise, however a document is broken', () => {
  const characters = '{}[]",:\\u0123456789abcdefDE-+.truefalsn \n\r\t\u0000\u00a0é'.split('')
  const seeds = [
    '{"a":[1,2.5,-3,{"b":"x"}],"c":null}',
    '[true,false,null,"\\ud83d\\ude00\\n",{"é":[[]]},{}]',
    ' { "a" : 1e2 , "b" : [ ] } ',
  ]
  fc.assert(
    fc.property(
      fc.constantFrom(...seeds),
      fc.array(fc.tuple(fc.nat(60), fc.nat(3), fc.array(fc.constantFrom(...characters), { maxLength: 3 })), {
        minLength: 1,
        maxLength: 3,
      }),
      (seed, changes) => {
        let text = seed
        for (const [at, gone, more] of changes)
          text = text.slice(0, at) + more.join('') + text.slice(at + gone)
        const one = read(text)
        if (one !== undefined) expect(one.ours).toEqual(one.theirs)
      },
    ),
    { numRuns: 20_000 },
  )
})

const left: { when: string; text: string }[] = [
  { when: 'a member that stands twice', text: '{"a":{"a":1},"b":2,"a":3}' },
  { when: 'the same, its name spelt in another way', text: '{"a":1,"\\u0061":2}' },
  { when: 'an integer beyond 2^53', text: '[9007199254740993]' },
  { when: 'an integer beyond all doubles', text: '[1e999]' },
  { when: 'minus zero', text: '[-0]' },
  { when: 'half a surrogate pair', text: '["\\ud83d"]' },
  { when: 'the other half', text: '["\\ude00\\ud83d"]' },
  { when: 'a byte order mark', text: '\ufeff{}' },
  { when: 'white space that JSON does not know', text: '\u00a0{}' },
  { when: 'nesting of 65 levels', text: `${'['.repeat(65)}${']'.repeat(65)}` },
  { when: 'brackets of two kinds', text: '{"a":[1}]' },
  { when: 'a text without an end', text: '{"a":"' },
  { when: 'nothing', text: ' ' },
  { when: 'two values', text: '{}{}' },
  { when: 'a comma at the end', text: '[1,]' },
  { when: 'a line feed in a text', text: '["a\nb"]' },
]
for (const { when, text } of left)
  test(`${when} is left to JSON.parse`, () => {
    expect(scan(Buffer.from(text))).toBeUndefined()
  })

test('nesting of 64 levels is taken', () => {
  expect(read(`${'['.repeat(64)}${']'.repeat(64)}`)).toBeDefined()
})

test('what stands behind the end of a document in the same bytes is no part of it', () => {
  for (const text of ['{"a":"x"}', '[1', '{"a":"x', '[tru', '{"a', '1.'])
    for (const behind of ['"}', ']', '3]', 'e]', '":1}', '34']) {
      const bytes = Buffer.from(text + behind)
      if (scan(Buffer.from(text)) === undefined)
        expect(scan(bytes, 0, Buffer.byteLength(text))).toBeUndefined()
    }
})

test('more names than are remembered are read, a document after another', () => {
  for (let round = 0; round < 20; round += 1) {
    const names = Array.from({ length: 900 }, (_, at) => [`patient-${round}-${at}`, at])
    const one = read(JSON.stringify(Object.fromEntries(names)))

    expect(one?.ours).toEqual(one?.theirs)
    expect(one).toBeDefined()
  }
})
