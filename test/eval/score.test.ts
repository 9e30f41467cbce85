import { expect, test } from 'vitest'
import { labelled } from './corpora.ts'
import { type Span, score } from './score.ts'
import { between } from './section.ts'

const text = 'Seen: Ada Quill in Ulm.'
const name: Span = { start: 6, end: 15, type: 'NAME' }
const place: Span = { start: 19, end: 22, type: 'GEOGRAPHIC_LOCATION' }

const scored = (...findings: Span[]) =>
  score([{ id: 'a', text, spans: [name, place] }], new Map([['a', findings]]))

test('a label is found when nine tenths of its letters are covered, by whatever type', () => {
  expect(scored(name).all).toMatchObject({ labels: 2, found: 1, foundAsType: 1, findings: 1, right: 1 })
  expect(scored({ ...name, type: 'DATE' }).types.get('NAME')).toMatchObject({ found: 1, foundAsType: 0 })
  expect(scored({ ...name, end: 14 }).all.found).toBe(0)
  // Spaces and signs are nobody's letters: two findings around one are as good as one over it.
  expect(scored({ ...name, end: 9 }, { ...name, start: 10 }).all.found).toBe(1)
})

test('letters outside of labels that are removed count against it, and findings there are wrong', () => {
  const { outside, removed, all } = scored({ start: 0, end: text.length, type: 'NAME' })

  expect({ outside, removed }).toEqual({ outside: 6, removed: 6 })
  expect(all).toMatchObject({ labels: 2, found: 2, findings: 1, right: 1 })
  expect(scored({ start: 0, end: 4, type: 'NAME' }).all).toMatchObject({ findings: 1, right: 0 })
})

const clean = (...findings: Span[]) => score([{ id: 'a', text, spans: [] }], new Map([['a', findings]]))

test('a text without labels that is changed is counted', () => {
  expect(clean()).toMatchObject({ clean: 1, changed: 0 })
  expect(clean(name)).toMatchObject({ clean: 1, changed: 1 })
})

test('letters beyond the first plane count once', () => {
  const { outside } = score([{ id: 'a', text: '𝒜b', spans: [] }], new Map())

  expect(outside).toBe(2)
})

test('a generated part of a document is put between its marks, and nowhere else', () => {
  const document = 'a\n<!-- x writes from here -->\nold\n<!-- to here: x -->\nb\n'

  const once = between(document, 'x', 'new')

  expect(once).toBe('a\n<!-- x writes from here -->\n\nnew\n\n<!-- to here: x -->\nb\n')
  expect(between(once, 'x', 'new')).toBe(once)
  expect(() => between('a', 'x', 'new')).toThrow(/no place/)
})

test('a line with its labels in it is a text, and where they stand', () => {
  expect(labelled('a', 'Seen: [[NAME:Ada Quill]] in [[GEOGRAPHIC_LOCATION:Ulm]].')).toEqual({
    id: 'a',
    text,
    spans: [name, place],
  })
})
