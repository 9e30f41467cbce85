import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Line, lineReader } from '../../../sidecar/stdio/lines.ts'

function read(limit: number, chunks: readonly (string | Buffer)[]): Line[] {
  const lines: Line[] = []
  const feed = lineReader(limit, (line) => lines.push(line))
  for (const chunk of chunks) feed(Buffer.from(chunk))
  return lines
}
const texts = (lines: readonly Line[]) =>
  lines.map((line) =>
    'bytes' in line ? line.bytes.toString() : { head: line.head.toString(), tail: line.tail.toString() },
  )

test('however bytes are cut into chunks, the lines are the same', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ minLength: 1 }).map((text) => text.replaceAll(/[\r\n]/g, 'x'))),
      fc.array(fc.integer({ min: 1, max: 7 })),
      (lines, cuts) => {
        const all = Buffer.from(lines.map((line) => `${line}\n`).join(''))
        const chunks: Buffer[] = []
        let from = 0
        for (const cut of cuts) {
          chunks.push(all.subarray(from, from + cut))
          from += cut
        }
        chunks.push(all.subarray(from))

        expect(texts(read(10_000, chunks))).toEqual(lines)
      },
    ),
  )
})

test('a carriage return before the end is no part of a line, and empty lines are none', () => {
  expect(texts(read(100, ['{"a":1}\r\n', '\n\r\n', '{}\n', '{"never ended"']))).toEqual(['{"a":1}', '{}'])
})

test('of a line that is too long only its ends are kept, and the next one is whole', () => {
  const long = `${'h'.repeat(300)}${'m'.repeat(9_000)}${'t'.repeat(300)}`
  const pieces = (long.match(/.{1,97}/g) ?? []).map((piece) => piece)

  expect(texts(read(1_000, [...pieces, '\nnext\n']))).toEqual([
    { head: 'h'.repeat(256), tail: 't'.repeat(256) },
    'next',
  ])
})
