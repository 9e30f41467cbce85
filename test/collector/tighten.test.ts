import fc from 'fast-check'
import { expect, test } from 'vitest'
import { pack, unpack } from '../../collector/commit/pack.ts'
import { loosen, tighten } from '../../collector/commit/tighten.ts'

const hex = (least: number) =>
  fc.uint8Array({ minLength: least, maxLength: 300 }).map((bytes) => Buffer.from(bytes).toString('hex'))
const base64 = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes).toString('base64url'))
/** What runs of letters are cut out of, and what looks like them and is none. */
const piece = fc.oneof(
  fc.uuid(),
  fc.uuid().map((uuid) => uuid.toUpperCase()),
  hex(0),
  hex(16).map((digits) => digits.slice(1)),
  base64,
  fc.string({ unit: fc.constantFrom('a', 'f', '0', '-', '_', 'Z', '=', '+'), maxLength: 60 }),
  fc.string({ unit: 'binary' }),
  fc.constantFrom('"', ':', ',', '\n', ' ', 'é'),
)

test('what was made tight reads back letter by letter', () => {
  fc.assert(
    fc.property(fc.array(piece), (pieces) => {
      const text = Buffer.from(pieces.join(''))
      const tight = tighten(text) as Buffer

      expect(tight.length).toBeLessThanOrEqual(text.length)
      expect(loosen(tight)).toEqual(text)
      const { form, bytes } = pack(text)
      expect(unpack(form, bytes)).toEqual(text)
    }),
    { numRuns: 500 },
  )
})

test('bytes that are no UTF-8 could be mistaken, and stay as they are', () => {
  for (const byte of [0xf8, 0xf9, 0xfa, 0xff]) {
    const text = Buffer.concat([Buffer.from([byte]), Buffer.alloc(100, 'a')])

    expect(tighten(text)).toBeUndefined()
    const { form, bytes } = pack(text)
    expect(unpack(form, bytes)).toEqual(text)
  }
})

test('hashes, tokens and UUIDs stand as the bytes that they spell', () => {
  const [digest, token, call] = ['ab'.repeat(32), 'Zm9v'.repeat(11), '0b1f4c7e-5d7a-4a0c-9d5a-1f0e5a3c9b21']

  const tight = tighten(Buffer.from(`"${digest}" "${token}" "${call}" "list_of_observations_1"`))

  expect(tight?.toString('latin1')).toBe(
    `"\xf8\x20${'\xab'.repeat(32)}" "\xf9\x21${'foo'.repeat(11)}" "\xfa\x0b\x1f\x4c\x7e\x5d\x7a\x4a\x0c\x9d\x5a\x1f\x0e\x5a\x3c\x9b\x21" "list_of_observations_1"`,
  )
})

test('what nobody made tight is no text', () => {
  for (const bytes of [[0xf8], [0xf8, 2, 0], [0xfa, ...Array(15).fill(0)], [0xfb, 1, 0], [0xff]])
    expect(() => loosen(Buffer.from(bytes as number[]))).toThrow(RangeError)
})
