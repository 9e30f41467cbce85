// Posts and answers as frames: what breaks anywhere is put together, and what is larger than may be held is not.

import { expect, test } from 'vitest'
import { type Frame, Frames, frameHead, frameOf } from '../../core/post-frames.ts'

const text = (of: Frame | undefined): string | undefined =>
  of && `${of.id} ${of.number} ${String(of.payload)}`

test('a frame is its length, its id, its number and its payload, big endian', () => {
  expect(frameOf(0x01020304, 0x0506, [Buffer.from('ab'), Buffer.from('c')]).toString('hex')).toBe(
    '00000003010203040506616263',
  )
})

test.each([1, 2, 3, 7, 1000])('frames in chunks of %i bytes come out as they went in', (size) => {
  const bytes = Buffer.concat([
    frameOf(1, 2, [Buffer.from('first')]),
    frameOf(0xffff_ffff, 0xffff, []),
    frameOf(3, 0, [Buffer.from('third')]),
  ])
  const frames = new Frames(5)
  const seen: (string | undefined)[] = []
  for (let at = 0; at < bytes.length; at += size) {
    frames.take(bytes.subarray(at, at + size))
    for (let frame = frames.next(); frame !== undefined; frame = frames.next()) seen.push(text(frame))
  }

  expect(seen).toEqual(['1 2 first', '4294967295 65535 ', '3 0 third'])
  expect(frames.bytes).toBe(0)
})

test('what is announced to be larger than may be held is refused before it comes', () => {
  const frames = new Frames(5)
  frames.take(frameOf(1, 2, [Buffer.from('sixsix')]).subarray(0, frameHead))

  expect(() => frames.next()).toThrow(expect.objectContaining({ code: 'FRAME_TOO_LARGE' }))
})

test('what is held is known, and a frame that is given out is not', () => {
  const frames = new Frames(100)
  frames.take(Buffer.concat([frameOf(1, 2, [Buffer.from('first')]), Buffer.alloc(3)]))
  expect(frames.bytes).toBe(18)
  expect(text(frames.next())).toBe('1 2 first')
  expect(frames.next()).toBeUndefined()
  expect(frames.bytes).toBe(3)
})
