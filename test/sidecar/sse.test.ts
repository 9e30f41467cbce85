// Server-Sent Events: what an event says of where its stream can be taken up again.

import { expect, test } from 'vitest'
import { eventParser, type SentEvent } from '../../sidecar/sse.ts'

function parsed(text: string): SentEvent[] {
  const events: SentEvent[] = []
  const take = eventParser((event) => events.push(event), 1_000)
  // Byte by byte: nothing may depend on how it arrives.
  for (const byte of Buffer.from(text)) take(Uint8Array.of(byte))
  return events
}

test('an event holds the id and the retry time that it names, and no other’s', () => {
  expect(parsed('id: 7\nretry: 100\ndata: a\n\ndata: b\n\n')).toEqual([
    { event: 'message', data: 'a', id: '7', retry: 100 },
    { event: 'message', data: 'b' },
  ])
})

test('an id or a retry time alone is an event without data', () => {
  expect(parsed('id: 7\ndata: \n\nid: 8\n\nretry: 5\n\nid\n\n')).toEqual([
    { event: 'message', data: '', id: '7' },
    { event: 'message', data: '', id: '8' },
    { event: 'message', data: '', retry: 5 },
    { event: 'message', data: '', id: '' },
  ])
})

test('what is no id and no time is passed over', () => {
  expect(parsed('id: a\0b\nretry: 5s\nretry: 99999999999\ndata: a\n\n: \n\nevent: x\n\n')).toEqual([
    { event: 'message', data: 'a' },
  ])
})
