// Keyed hashes are those of RFC 2104, whatever is hashed, and in whatever order.

import { createHmac, createSecretKey, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { hmac } from '../../core/hmac.ts'

/** RFC 4231 section 4, whose keys are shorter and longer than a block. */
const published = [
  {
    key: Buffer.alloc(20, 0x0b),
    text: 'Hi There',
    code: 'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7',
  },
  {
    key: Buffer.from('Jefe'),
    text: 'what do ya want for nothing?',
    code: '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
  },
  {
    key: Buffer.alloc(131, 0xaa),
    text: 'Test Using Larger Than Block-Size Key - Hash Key First',
    code: '60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54',
  },
]

for (const { key, text, code } of published)
  test(`RFC 4231: a key of ${key.length} bytes`, () => {
    expect(hmac(text, createSecretKey(key))).toBe(code)
  })

test('any text under any key, one after the other, hashes as by createHmac', () => {
  const keys = [1, 32, 64, 65, 200].map((length) => createSecretKey(randomBytes(length)))
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    // What has no UTF-8 is replaced by both alike.
    fc.constantFrom('', '\ud800', 'a\udfffb', '…'.repeat(21_845), '…'.repeat(21_846)),
  )
  fc.assert(
    fc.property(fc.array(fc.tuple(text, fc.constantFrom(...keys)), { maxLength: 4 }), (all) => {
      for (const [each, key] of all)
        expect(hmac(each, key)).toBe(createHmac('sha256', key).update(each).digest('hex'))
    }),
  )
})
