// Which handshakes are in progress, at sockets whose ends are heard late.

import { EventEmitter } from 'node:events'
import { expect } from 'vitest'
import { boundHandshakes } from '../../core/handshakes.ts'
import { verifies } from '../verifies.ts'

class Peer extends EventEmitter {
  readonly remoteAddress = '203.0.113.7'
  readonly remotePort: number
  constructor(port: number) {
    super()
    this.remotePort = port
  }
  destroy(): void {
    this.emit('close')
  }
}

verifies('transit:handshakes', 'a port that comes again before its end was heard is counted once', () => {
  const server = new EventEmitter()
  const refused: string[] = []
  const limits = { each: 2, all: 8, undisturbed: 1_000, now: () => 0 }
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
