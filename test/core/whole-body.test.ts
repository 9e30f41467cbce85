import { PassThrough, Readable } from 'node:stream'
import { expect, test } from 'vitest'
import { wholeBody } from '../../core/whole-body.ts'

/** Sends what is given, and tells what became of it. */
function sending(...texts: string[]) {
  const seen = { read: 0, ended: false }
  async function* chunks(): AsyncGenerator<Uint8Array> {
    try {
      for (const text of texts) {
        seen.read += 1
        yield await Promise.resolve(Buffer.from(text))
      }
    } finally {
      seen.ended = true
    }
  }
  return { seen, body: chunks() }
}

test('a body is read whole up to its last byte, and letters across chunks stay whole', async () => {
  const [first, second] = [Buffer.from('é').subarray(0, 1), Buffer.from('é').subarray(1)]
  async function* halves() {
    yield await Promise.resolve(first)
    yield second
  }

  expect((await wholeBody(sending('ab', '', 'cd').body, 4))?.toString()).toBe('abcd')
  expect((await wholeBody(halves(), 2))?.toString()).toBe('é')
  expect((await wholeBody(sending().body, 0))?.length).toBe(0)
})

test('one byte more is none, of which nothing is read on', async () => {
  const { seen, body } = sending('ab', 'cde', 'never')

  expect(await wholeBody(body, 4)).toBeUndefined()
  expect(seen).toEqual({ read: 2, ended: true })
})

async function* failing(): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(Buffer.from('ab'))
  throw new Error('reset')
}

test('a source that fails is not a body that ended', async () => {
  await expect(wholeBody(failing(), 100)).rejects.toThrow('reset')
})

test('a stream of Node’s is read alike', async () => {
  expect((await wholeBody(Readable.from([Buffer.from('ab'), Buffer.from('cd')]), 4))?.toString()).toBe('abcd')
  expect((await wholeBody(Readable.from([]), 0))?.length).toBe(0)
  await expect(wholeBody(Readable.from(failing()), 100)).rejects.toThrow('reset')
})

test('a stream of which more comes than may be held ends there', async () => {
  const much = Readable.from([Buffer.from('ab'), Buffer.from('cde'), Buffer.from('never')])
  const refused = Readable.from([Buffer.from('ab'), Buffer.from('never')])

  expect(await wholeBody(much, 4)).toBeUndefined()
  await expect(
    wholeBody(refused, 100, () => {
      throw new RangeError('no room')
    }),
  ).rejects.toThrow('no room')

  expect([much.destroyed, refused.destroyed]).toEqual([true, true])
})

test('a stream that is cut off, before or while it is read, is no body', async () => {
  const [during, before] = [new PassThrough(), new PassThrough()]
  during.write('ab')
  const read = wholeBody(during, 100)
  setImmediate(() => during.destroy())
  before.destroy()

  await expect(read).rejects.toThrow('cut off')
  await expect(wholeBody(before, 100)).rejects.toThrow('cut off')
})
