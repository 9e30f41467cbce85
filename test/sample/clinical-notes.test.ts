import { expect, test } from 'vitest'
import { findIdentifiers } from '../../core/text/find.ts'
import { score } from '../eval/score.ts'
import { labelledNotes } from './clinical-notes.ts'

const notes = labelledNotes(7, 300)

test('notes are the same for the same seed, and others for another', () => {
  expect(labelledNotes(7, 20)).toEqual(notes.slice(0, 20))
  expect(labelledNotes(8, 20)).not.toEqual(notes.slice(0, 20))
})

test('labels stand in order where their identifiers are, and some notes hold none', () => {
  for (const { text, spans } of notes) {
    let last = 0
    for (const { start, end } of spans) {
      expect(start).toBeGreaterThanOrEqual(last)
      expect(text.slice(start, end)).toMatch(/^\S(?:[^{}]*\S)?$/)
      last = end
    }
    expect(text).not.toMatch(/[{}]/)
  }
  const clean = notes.filter(({ spans }) => spans.length === 0).length
  expect(clean / notes.length).toBeCloseTo(0.2)
})

test('identifiers that have a form are nearly all found in notes that detection has never seen', () => {
  const findings = new Map(notes.map(({ id, text }) => [id, findIdentifiers(text)]))
  const { types } = score(notes, findings)

  for (const type of ['SOCIAL_SECURITY_NUMBER', 'EMAIL_ADDRESS', 'IP_ADDRESS', 'URL', 'PHONE_NUMBER']) {
    const { labels, found } = types.get(type) ?? { labels: 0, found: 0 }
    expect(labels, type).toBeGreaterThan(5)
    expect(found / labels, type).toBeGreaterThan(0.95)
  }
})
