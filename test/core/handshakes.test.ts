// Which handshakes are in progress, at sockets whose ends are heard late.

import { EventEmitter } from 'node:events'
import { expect } from 'vitest'
import { boundHandshakes } from '../../core/handshakes.ts'
import { verifies } from '../verifies.ts'

class Peer extends EventEmitter {
  readonly remoteAddress: string
  readonly remotePort: number
  constructor(port: number, address = '203.0.113.7') {
    super()
    this.remotePort = port
    this.remoteAddress = address
  }
  destroy(): void {
    this.emit('close')
  }
}

verifies('transit:handshakes', 'a port that comes again before its end was heard is counted once', () => {
  const server = new EventEmitter()
  const refused: string[] = []
  const limits = { each: 2, network: 4, all: 8, undisturbed: 1_000, now: () => 0 }
  boundHandshakes(server, limits, (address) => refused.push(address))

  for (let round = 0; round < 10; round += 1) {
    const [first, again] = [new Peer(4_000), new Peer(4_000)]
    server.emit('connection', first)
    server.emit('connection', again)
    first.emit('close')
    again.emit('close')
  }
  server.emit('connection', new Peer(4_001))
  server.emit('connection', new Peer(4_002))
  expect(refused).toEqual([])

  server.emit('connection', new Peer(4_003))
  expect(refused).toEqual(['203.0.113.7'])
})

verifies('transit:handshakes', 'who has a /64 of IPv6 begins no more for each of its addresses', () => {
  const server = new EventEmitter()
  const refused: string[] = []
  let now = 0
  boundHandshakes(server, { each: 2, network: 4, all: 100, undisturbed: 1_000, now: () => now }, (address) =>
    refused.push(address),
  )

  const begun = Array.from({ length: 50 }, (_, i) => new Peer(5_000, `2001:db8:0:7::${(i + 1).toString(16)}`))
  for (const one of begun) server.emit('connection', one)
  expect(refused).toHaveLength(46)

  // Nobody else lacks anything: not another /64, nor an address of IPv4 over a socket of IPv6.
  for (const address of ['2001:db8:0:8::1', '2001:db8::7:0:0:1', '::ffff:203.0.113.7'])
    server.emit('connection', new Peer(5_000, address))
  expect(refused).toHaveLength(46)

  // Its own oldest gives way, once it has had its time.
  now = 1_000
  server.emit('connection', new Peer(5_001, '2001:db8:0:7:ffff::1'))
  expect(refused).toHaveLength(46)
  for (const one of begun) one.emit('close')
  server.emit('connection', new Peer(5_002, '2001:db8:0:7::5'))
  expect(refused).toHaveLength(46)
})

verifies('transit:handshakes', 'an address that came over a socket of IPv6 is told as what it is', () => {
  const server = new EventEmitter()
  const refused: string[] = []
  const limits = { each: 1, network: 1, all: 8, undisturbed: 1_000, now: () => 0 }
  boundHandshakes(server, limits, (address) => refused.push(address))
  for (const port of [1, 2]) server.emit('connection', new Peer(port, '::ffff:203.0.113.7'))
  expect(refused).toEqual(['203.0.113.7'])
})
