import { expect, test } from 'vitest'
import { eventCounter } from './event-counter.ts'

test('events are counted wherever chunks part them', () => {
  const stream = Buffer.from('event: message\ndata: 1\n\nid: 2\ndata: 2\n\ndata: 3\n\n')

  for (let at = 1; at < stream.length; at++) {
    const count = eventCounter()
    count(stream.subarray(0, at))
    expect(count(stream.subarray(at))).toBe(3)
  }
})

test('an event that has not ended is none', () => {
  expect(eventCounter()(Buffer.from('data: 1\n\ndata: 2\n'))).toBe(1)
})
