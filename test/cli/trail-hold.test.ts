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
  ['a time that is none', ['a'], { server: 'c/e', why: 'x', through: 'yesterday' }, /--through wants a date/],
  ['a part that is taken off', ['a'], { off: true, why: 'x', server: 'c/e' }, /as a whole/],
]

test.each(wrong)('with %s the command line says what it wants', (_, operands, values, says) => {
  expect(() => requestOf(operands, values)).toThrow(says)
})
