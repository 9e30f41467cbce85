import { expect, test } from 'vitest'
import type { Values } from '../../cli/command.ts'
import { requestOf } from '../../cli/trail-hold.ts'

test('a hold is asked for in the form that the collector takes', () => {
  expect(requestOf([], {})).toBe(undefined)
  expect(requestOf(['matter-7'], { server: 'clinic/ehr', why: 'subpoena', since: '2026-01-01' })).toEqual({
    hold: 'matter-7',
    state: 'on',
    server: 'clinic/ehr',
    why: 'subpoena',
    since: '2026-01-01T00:00:00.000Z',
  })
  expect(requestOf(['matter-7'], { off: true, why: 'closed' })).toEqual({
    hold: 'matter-7',
    state: 'off',
    why: 'closed',
  })
})

test('through a day is through its end', () => {
  const said = { server: 'clinic/ehr', why: 'subpoena', since: '2026-06-01', through: '2026-06-30' }
  expect(requestOf(['matter-7'], said)).toMatchObject({
    since: '2026-06-01T00:00:00.000Z',
    through: '2026-06-30T23:59:59.999Z',
  })
  const time = { ...said, through: '2026-06-30T12:00:00+02:00' }
  expect(requestOf(['matter-7'], time)).toMatchObject({ through: '2026-06-30T10:00:00.000Z' })
})

const wrong: [string, string[], Values, RegExp][] = [
  ['two names', ['a', 'b'], {}, /one name/],
  ['a reason and no name', [], { why: 'x' }, /--why goes with the name/],
  ['no reason', ['a'], { server: 'clinic/ehr' }, /a reason is wanted/],
  ['no server', ['a'], { why: 'x' }, /NAMESPACE\/NAME/],
  [
    'a time without a zone',
    ['a'],
    { server: 'c/e', why: 'x', since: '2026-01-01T00:00:00' },
    /--since wants a date/,
  ],
  ['a day that is none', ['a'], { server: 'c/e', why: 'x', since: '2026-02-30' }, /--since wants a date/],
  ['a time that is none', ['a'], { server: 'c/e', why: 'x', through: 'yesterday' }, /--through wants a date/],
  ['a part that is taken off', ['a'], { off: true, why: 'x', server: 'c/e' }, /as a whole/],
]

test.each(wrong)('with %s the command line says what it wants', (_, operands, values, says) => {
  expect(() => requestOf(operands, values)).toThrow(says)
})
