// A port that must be known before anybody listens on it.

import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'

// Ports that the kernel gives to outgoing connections begin here: one of them may be in use again a moment later.
const outgoing = Number(readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').split(/\s/)[0])
const lowest = 10_240

/** A port of 127.0.0.1 that was free a moment ago, and is given to no outgoing connection. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(Math.min(lowest, outgoing - 1), outgoing)
    const server = createServer().listen(port, '127.0.0.1')
    try {
      await once(server, 'listening')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
      continue
    }
    server.close()
    await once(server, 'close')
    return port
  }
}
