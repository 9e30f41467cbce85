import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decryptChunks, encryptChunks, encryptedBytes } from '../../../core/sealed/chunked.ts'
import made from './cobblestone-256.json' with { type: 'json' }
import { inPieces, together } from './streams.ts'

const key = createHash('sha256').update('a key').digest()
const salt = Buffer.alloc(24, 5)
const context = Buffer.from('context')
const messageOf = (bytes: number, step = 0): Buffer =>
  Buffer.from(Uint8Array.from({ length: bytes }, (_, i) => (i * 7 + step) % 251))
const encrypted = async (message: Buffer): Promise<Buffer> =>
  await together(encryptChunks(inPieces(message), { key, salt, context }))
const opened = async (bytes: Buffer, other: { key?: Buffer; context?: Buffer } = {}): Promise<Buffer> =>
  await together(decryptChunks(inPieces(bytes), { key, context, ...other }))

test.each(made.vectors)(
  'what another implementation encrypted is what we encrypt: $messageBytes bytes',
  async (vector) => {
    const keys = {
      key: Buffer.from(vector.key, 'hex'),
      salt: Buffer.from(vector.salt, 'hex'),
      context: Buffer.from(vector.context, 'hex'),
    }
    const message = messageOf(vector.messageBytes, vector.messageStep)

    const ours = await together(encryptChunks(inPieces(message), keys))

    expect(ours).toHaveLength(vector.encryptedBytes)
    expect(encryptedBytes(message.length)).toBe(vector.encryptedBytes)
    expect(ours.subarray(0, 72).toString('hex')).toBe(vector.head)
    expect(createHash('sha256').update(ours).digest('hex')).toBe(vector.sha256)
    expect(await together(decryptChunks(inPieces(ours), keys))).toEqual(message)
  },
)

test('a message opens however the stream is cut into pieces', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(40_000), fc.integer({ min: 1, max: 20_000 }), async (bytes, size) => {
      const message = messageOf(bytes)
      const whole = await together(encryptChunks(inPieces(message, size), { key, salt, context }))
      expect(await together(decryptChunks(inPieces(whole, size), { key, context }))).toEqual(message)
    }),
    { numRuns: 20 },
  )
})

test('any byte that changes is found', async () => {
  const whole = await encrypted(messageOf(100))
  for (let at = 0; at < whole.length; at++) {
    const changed = Buffer.from(whole)
    changed[at] = (changed[at] as number) ^ 1
    await expect(opened(changed), `byte ${at}`).rejects.toMatchObject({
      fault: at < 56 ? 'wrong-key' : 'chunk-changed',
    })
  }
})

test.each([
  0,
  23,
  55,
  56,
  56 + 15,
  56 + 16,
  56 + 16_400 - 1,
  56 + 16_400,
  56 + 16_400 + 15,
  56 + 2 * 16_400,
  56 + 2 * 16_400 + 15,
])('a message of two full chunks and an empty one that is cut at byte %i is found', async (length) => {
  const whole = await encrypted(messageOf(32_768))
  expect(whole).toHaveLength(56 + 2 * 16_400 + 16)

  await expect(opened(whole.subarray(0, length))).rejects.toThrow()
})

test('chunks that are swapped, doubled or left out, and bytes behind the end, are found', async () => {
  const whole = await encrypted(messageOf(40_000))
  const head = whole.subarray(0, 56)
  const [first, second, last] = [0, 1, 2].map((i) => whole.subarray(56 + i * 16_400, 56 + (i + 1) * 16_400))
  const parts = [
    [second, first, last],
    [first, first, second, last],
    [first, last],
    [first, second],
    [first, second, last, last],
    [first, second, last, Buffer.from('x')],
  ]
  for (const chunks of parts)
    await expect(opened(Buffer.concat([head, ...(chunks as Buffer[])]))).rejects.toThrow()
})

test('another key, and another context, open nothing', async () => {
  const whole = await encrypted(messageOf(10))

  await expect(opened(whole, { key: Buffer.alloc(32, 1) })).rejects.toMatchObject({ fault: 'wrong-key' })
  await expect(opened(whole, { context: Buffer.from('else') })).rejects.toMatchObject({ fault: 'wrong-key' })
})
