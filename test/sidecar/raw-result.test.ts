import fc from 'fast-check'
import { expect, test } from 'vitest'
import { rawResult } from '../../sidecar/raw-result.ts'

test.each([
  ['{"jsonrpc":"2.0","id":1,"result":{"a":1.0,"b":1e2}}', '{"a":1.0,"b":1e2}'],
  ['{ "result" : { "a" : [ 1 , "}" ] } , "id" : 1 }', '{ "a" : [ 1 , "}" ] }'],
  ['{"id":"result\\":","result":{"x":"\\\\"},"jsonrpc":"2.0"}', '{"x":"\\\\"}'],
  ['{"r\\u0065sult":{"a":9007199254740993}}', '{"a":9007199254740993}'],
  ['{"id":7 ,"result":{}}', '{}'],
])('of %s', (message, result) => {
  expect(rawResult(message)?.text).toBe(result)
})

test('a result that stands twice has no text of its own', () => {
  expect(rawResult('{"result":{"a":1},"id":1,"result":{"b":2}}')).toBeUndefined()
})

test('members of a result count as often as they stand there', () => {
  expect(rawResult('{"id":1,"result":{ "a":{"b":1}, "a":[] } }')).toMatchObject({ members: 2 })
})

test('whatever stands around it, it is the text that was put there', () => {
  fc.assert(
    fc.property(
      fc.json(),
      fc.json(),
      fc.dictionary(fc.string(), fc.jsonValue()),
      fc.nat(3),
      (before, after, value, indent) => {
        const result = JSON.stringify(value, null, indent)
        expect(rawResult(`{"a":${before},"result":${result},"z":${after}}`)).toEqual({
          text: result,
          members: Object.keys(value).length,
        })
      },
    ),
  )
})
