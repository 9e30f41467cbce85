import fc from 'fast-check'
import { expect, test } from 'vitest'
import { cell, csvHead, csvOf } from '../../../core/export/csv.ts'
import { verifies } from '../../verifies.ts'
import { named, someTold } from './some-told.ts'

/** Reads one line of RFC 4180. */
function cellsIn(line: string): string[] {
  const cells: string[] = []
  const one = /(?:"((?:[^"]|"")*)"|([^",]*))(,|$)/y
  for (let more = ','; more === ','; ) {
    const [, quoted, plain = '', end = ''] = one.exec(line) ?? []
    cells.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'))
    more = end
  }
  return cells
}

verifies('audit:exports', 'CSV: no cell is a formula to a spreadsheet, whatever a record holds', () => {
  for (const text of ['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', ' =1', '|cmd', '%1', '＝1', '\n=1'])
    expect(cellsIn(cell(text))[0]).toBe(`'${text}`)
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(cellsIn(cell(text))[0]).not.toMatch(/^\s*[=+\-@|%]/)
    }),
  )
})

verifies('audit:exports', 'CSV: every text is read back as it was, but for the apostrophe', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: fc.constantFrom(...Array.from('a0 ",;\r\n\t\'=+-@é😀')) }), {
        minLength: 1,
      }),
      (texts) => {
        const read = cellsIn(texts.map(cell).join(','))
        expect(read.map((text, at) => (texts[at]?.startsWith("'") ? text : text.replace(/^'/, '')))).toEqual(
          texts,
        )
      },
    ),
  )
})

test('a row has a cell for each heading, and a holder of the key reads the patients', () => {
  const heads = cellsIn(csvHead)
  const rows = someTold().map((told) => cellsIn(csvOf(told, named)))

  for (const row of rows) expect(row).toHaveLength(heads.length)
  const row = rows.find((each) => each.includes('c-3')) ?? []
  expect(row[heads.indexOf('patients')]).toBe('p-100 p-200')
  expect(row[heads.indexOf('purpose')]).toBe('HRESCH')
})
