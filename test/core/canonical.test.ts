import fc from 'fast-check'
import { expect, test } from 'vitest'
import { canonical, type Json } from '../../core/canonical.ts'

test('the examples of RFC 8785 3.2.2 and 3.2.3 come out as written there', () => {
  const literals: Json = JSON.parse(`{
    "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
    "string": "\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c\\\\\\"\\/",
    "literals": [null, true, false]
  }`) as Json
  const names: Json = {
    '€': 'Euro Sign',
    '\r': 'Carriage Return',
    '\ufb33': 'Hebrew Letter Dalet With Dagesh',
    '1': 'One',
    '😀': 'Emoji: Grinning Face',
    '\u0080': 'Control',
    ö: 'Latin Small Letter O With Diaeresis',
  }

  expect(canonical(literals)).toBe(
    String.raw`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`,
  )
  expect([...canonical(names).matchAll(/:"([^"]+)"/g)].map((match) => match[1])).toEqual([
    'Carriage Return',
    'One',
    'Control',
    'Latin Small Letter O With Diaeresis',
    'Euro Sign',
    'Emoji: Grinning Face',
    'Hebrew Letter Dalet With Dagesh',
  ])
})

test('a value and the value read back from its text have the same text', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = canonical(value)
      expect(canonical(JSON.parse(text) as Json)).toBe(text)
      expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)))
    }),
  )
})

// Any UTF-16 code units, lone surrogates among them.
const codeUnits = fc
  .array(fc.nat({ max: 0xffff }), { maxLength: 6 })
  .map((units) => String.fromCharCode(...units))

test('the order in which members were written does not matter', () => {
  fc.assert(
    fc.property(fc.dictionary(codeUnits, fc.integer(), { maxKeys: 12 }), (members) => {
      const turned = Object.fromEntries(Object.entries(members).toReversed())
      const wellFormed = Object.keys(members).every((name) => name.isWellFormed())
      if (wellFormed) expect(canonical(turned)).toBe(canonical(members))
      else expect(() => canonical(members)).toThrow(TypeError)
    }),
    { numRuns: 40 },
  )
})

test('undefined members are left out; what has no canonical form throws', () => {
  expect(canonical({ a: undefined, b: 1, c: -0 })).toBe('{"b":1,"c":0}')
  expect(() => canonical(Number.NaN)).toThrow(TypeError)
  expect(() => canonical([Number.POSITIVE_INFINITY])).toThrow(TypeError)
  expect(() => canonical({ a: '\ud800' })).toThrow(TypeError)
  expect(() => canonical({ '\udfff': 1 })).toThrow(TypeError)
})

test('an object inside whose order is another, and names like numbers, are put in order as well', () => {
  expect(canonical({ a: [{ d: 1, c: 2 }], b: 3 })).toBe('{"a":[{"c":2,"d":1}],"b":3}')
  // Objects keep 9 before 10; as text 10 comes first.
  expect(canonical({ 9: 'a', 10: 'b' })).toBe('{"10":"b","9":"a"}')
  expect(() => canonical({ a: { b: ['\ud800'] } })).toThrow(TypeError)
  expect(() => canonical({ a: [{ b: Number.NaN }] })).toThrow(TypeError)
})
