import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { Readable } from 'node:stream'
import { expect, test } from 'vitest'
import { groupShares, shares } from '../../../core/shares.ts'
import { bodyOf } from '../../../operator/authority/serve.ts'

test('one address never takes more than its share, and all together never more than there is', () => {
  const given = shares(4, 6)
  for (let i = 0; i < 4; i += 1) expect(given.take('10.0.0.1', 1)).toBe(true)
  expect(given.take('10.0.0.1', 1)).toBe(false)
  expect(given.take('10.0.0.2', 2)).toBe(true)
  expect(given.take('10.0.0.3', 1)).toBe(false)
  given.give('10.0.0.1', 4)
  expect(given.take('10.0.0.3', 4)).toBe(true)
})

test('a neighbour who sends many bodies and never ends them is cut off at its share, which comes back when it goes', async () => {
  const memory = groupShares({ each: 10_000, group: 20_000, all: 20_000 })
  const outcomes: string[] = []
  const read = (request: IncomingMessage): void => {
    bodyOf(request, 100_000, memory).then(
      () => outcomes.push('whole'),
      (error: unknown) => outcomes.push(error instanceof RangeError ? 'refused' : 'gone'),
    )
  }
  const server = createServer(read).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const sockets = [1, 2, 3].map(() => {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => undefined)
    socket.write(`POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 50000\r\n\r\n${'x'.repeat(4_000)}`)
    return socket
  })
  await expect.poll(() => outcomes).toEqual(['refused'])
  for (const socket of sockets) socket.destroy()
  await expect.poll(() => outcomes.toSorted()).toEqual(['gone', 'gone', 'refused'])
  expect(memory.take('127.0.0.1', '127.0.0.1', 10_000)).toBe(true)
  server.close()
})

/** A body of so many bytes that never ends, or that is all. */
const sent = (remoteAddress: string, bytes: number, more: 'never ends' | 'is all'): IncomingMessage => {
  const body = new Readable({ read: () => undefined })
  body.push(Buffer.alloc(bytes))
  if (more === 'is all') body.push(null)
  return Object.assign(body, { socket: { remoteAddress } }) as unknown as IncomingMessage
}

test('addresses of one /64 have one share together, and leave the others theirs', async () => {
  const memory = groupShares({ each: 16, group: 32, all: 64 })
  for (const address of ['fd66::1', 'fd66::2', 'fd66::3', 'fd66::4', 'fd66::5'])
    bodyOf(sent(address, 16, 'never ends'), 16, memory).catch(() => undefined)

  expect(await bodyOf(sent('10.0.0.1', 16, 'is all'), 16, memory)).toHaveLength(16)
  await expect(bodyOf(sent('fd66::6', 16, 'is all'), 16, memory)).rejects.toThrow(RangeError)
})
