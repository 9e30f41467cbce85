// What of a partition counts for a chain: by the order of its messages alone.

import { expect, test } from 'vitest'
import { encodeFrame } from '../../../collector/commit/frame.ts'
import { claimed, type Tail, take } from '../../../collector/commit/kafka/chain-log.ts'

const origin = 'hipaa-mcp.dev/clinic/ehr/pod/0'

/** Records that count, of messages `[writer, first index, records]`; without records it is a claim. */
function counted(start: Partial<Tail>, messages: readonly [string, number, string[]?][]): string[] {
  let tail: Tail = { next: 0, owner: undefined, offset: 0n, ...start }
  return messages.flatMap(([writer, from, texts], i) => {
    const value =
      texts === undefined
        ? claimed
        : encodeFrame(
            from,
            texts.map((text) => Buffer.from(text)),
          )
    const took = take(origin, tail, { offset: BigInt(i), writer, value })
    ;({ tail } = took)
    expect(tail.offset).toBe(BigInt(i + 1))
    return took.records.map(String)
  })
}

test('from a claim on only its writer’s messages count, until the next claim', () => {
  expect(
    counted({ owner: 'a' }, [
      ['a', 0, ['a0']],
      ['b', 1, ['early']],
      ['b', 0],
      ['a', 1, ['late', 'later']],
      ['b', 1, ['b1']],
      ['a', 0],
      ['a', 2, ['a2']],
    ]),
  ).toEqual(['a0', 'b1', 'a2'])
})

test('of two messages for one index the first counts, also of a log from before there were claims', () => {
  expect(
    counted({}, [
      ['a', 0, ['0', '1']],
      ['b', 1, ['other', '2']],
      ['a', 0, ['0', '1']],
    ]),
  ).toEqual(['0', '1', '2'])
})

test('a record that is missing is corruption', () => {
  expect(() => counted({}, [['a', 1, ['1']]])).toThrow('Record 0 is missing')
})
