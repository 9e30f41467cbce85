import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import { join, WayBack } from '../../../sidecar/egress/join.ts'

const open: { destroy: () => void }[] = []
afterEach(() => {
  for (const one of open.splice(0)) one.destroy()
})

/** A connection of the app to the outside, joined as `ways` do it: both far ends. */
async function joined(): Promise<{ app: Socket; outside: Socket }> {
  const outer = createServer({ allowHalfOpen: true, pauseOnConnect: true })
  const inner = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (near) => {
    const back = new WayBack()
    const { port } = outer.address() as AddressInfo
    const remote = connect({ port, allowHalfOpen: true, onread: back.onread })
    open.push(near, remote)
    for (const socket of [near, remote]) socket.on('error', () => undefined)
    remote.once('connect', () => join(near, remote, back))
  })
  for (const server of [outer, inner]) {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
  }
  const arrived = once(outer, 'connection') as Promise<[Socket]>
  const app = connect({ port: (inner.address() as AddressInfo).port, allowHalfOpen: true }).pause()
  const [outside] = await arrived
  open.push(app, outside, { destroy: () => inner.close() }, { destroy: () => outer.close() })
  return { app, outside }
}

async function read(socket: Socket): Promise<Buffer> {
  const got: Buffer[] = []
  socket.on('data', (chunk: Buffer) => got.push(chunk)).resume()
  await once(socket, 'end')
  return Buffer.concat(got)
}

for (const way of ['back', 'out'] as const)
  test(`${way}: what a slow reader left waiting arrives as it was sent`, async () => {
    const { app, outside } = await joined()
    const [from, to] = way === 'back' ? [outside, app] : [app, outside]
    const sent = randomBytes(16_000_000)
    from.end(sent)
    // Longer than the kernel takes to be full.
    await wait(300)

    const got = read(to)
    for (let turn = 0; turn < 20; turn += 1) {
      await wait(5)
      if (turn % 2 === 0) to.pause()
      else to.resume()
    }

    expect((await got).equals(sent)).toBe(true)
  })

test('a buffer of a connection that ended is another’s only when nothing waits in it', async () => {
  for (let round = 0; round < 3; round += 1) {
    const slow = await joined()
    const sent = randomBytes(8_000_000)
    slow.outside.end(sent)
    await wait(100)
    const others = await Promise.all(Array.from({ length: 4 }, joined))
    for (const { outside } of others) outside.end(Buffer.alloc(100_000, 'x'))
    for (const { app } of others) expect((await read(app)).every((byte) => byte === 0x78)).toBe(true)

    expect((await read(slow.app)).equals(sent)).toBe(true)
  }
})

for (const [first, second] of [
  ['app', 'outside'],
  ['outside', 'app'],
] as const)
  test(`the ${first} ends first: the other one still says what it has to say, and both are closed`, async () => {
    const ends = await joined()
    ends[first].end('asked')
    expect(String(await read(ends[second]))).toBe('asked')
    const answer = randomBytes(1_000_000)

    ends[second].end(answer)

    const closed = Promise.all([once(ends.app, 'close'), once(ends.outside, 'close')])
    expect((await read(ends[first])).equals(answer)).toBe(true)
    await closed
  })

for (const [breaks, other] of [
  ['app', 'outside'],
  ['outside', 'app'],
] as const)
  test(`the ${breaks} that breaks off takes the other one along`, async () => {
    const ends = await joined()
    ends[other].on('error', () => undefined).resume()
    const over = once(ends[other], 'end')
    // Joined by now: a byte came through.
    ends[other].write('x')
    await once(ends[breaks].resume(), 'data')

    ends[breaks].resetAndDestroy()

    await over
  })
