// Initials alone are somebody where a word says so; a surname behind them is never left standing.

import { describe, expect, test } from 'vitest'
import { findIdentifiers } from '../../../core/text/find.ts'

const surnames = [
  'Smith',
  'Bell',
  'Cooper',
  'Foster',
  'Hill',
  'Young',
  'Baker',
  'Okonkwo',
  'Nguyen',
  'Whitfield',
]
const frames = [
  (name: string) => `A 54-year-old male, J.R. ${name}, presented`,
  (name: string) => `The patient, J.R. ${name}, was seen`,
  (name: string) => `Her son, J.R. ${name}, called`,
  (name: string) => `The resident, M.K. ${name}, fell`,
  (name: string) => `pt, J.R. ${name}, is better`,
  (name: string) => `the daughter, A.M. ${name} (who stays)`,
  (name: string) => `a boy, T.J. ${name}, came`,
  (name: string) => `a girl, M.K.L. ${name}, came`,
]

describe('initials before a surname', () => {
  test.each(frames.map((frame) => [frame('…'), frame] as const))('%s', (_, frame) => {
    const left = surnames.filter((name) => {
      const text = frame(name)
      const from = text.indexOf(name)
      return !findIdentifiers(text).some(({ start, end }) => start < from && end >= from + name.length)
    })

    expect(left).toEqual([])
  })
})
