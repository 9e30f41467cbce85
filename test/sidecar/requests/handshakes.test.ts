// Sockets that begin a handshake and never go on.

import { connect, type Socket } from 'node:net'
import { afterEach, expect } from 'vitest'
import { aScene, type Scene } from '../../support/scene.ts'
import { verifies } from '../../verifies.ts'

let scene: Scene
const idlers: Socket[] = []
afterEach(async () => {
  for (const one of idlers.splice(0)) one.destroy()
  if (!ended) await scene.end()
  ended = false
})
let ended = false
/** Counts are recorded once a minute, and when the server drains. */
async function drained(): Promise<void> {
  ended = true
  for (const one of idlers.splice(0)) one.destroy()
  await scene.end()
}
const counts = (): string[] =>
  scene.trail.of('counted').map(({ source, reason, count }) => `${source} ${reason} ${count}`)

type Idler = { socket: Socket; closed: Promise<number> }

/** Connects and says nothing. `from`: an address of this host. */
async function idler(from = '127.0.0.1'): Promise<Idler> {
  const since = performance.now()
  const socket = connect({ host: '127.0.0.1', port: scene.port, localAddress: from })
  idlers.push(socket)
  socket.on('error', () => undefined).resume()
  const closed = new Promise<number>((resolve) =>
    socket.once('close', () => resolve(performance.now() - since)),
  )
  await new Promise((resolve) => socket.once('connect', resolve))
  return { socket, closed }
}
const idle = async (many: number, from?: string): Promise<Idler[]> =>
  await Promise.all(Array.from({ length: many }, async () => await idler(from)))
/** How many are closed within some milliseconds. */
async function closedOf(all: readonly Idler[], within = 300): Promise<number> {
  const late = new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), within))
  const ends = await Promise.all(all.map(async ({ closed }) => await Promise.race([closed, late])))
  return ends.filter((end) => end !== undefined).length
}
/** Connects anew: no connection is kept from before. */
const asks = async (): Promise<number> => {
  const { status } = await scene.ask({ agent: await scene.agent() })
  return status
}

verifies('transit:handshakes', 'one address begins only so many at a time', async () => {
  scene = await aScene({ handshakes: { each: 8, all: 100, undisturbed: 60_000 } })
  const begun = await idle(20, '127.0.0.2')

  expect(await closedOf(begun)).toBe(12)
  // Not that address's: it is served.
  expect(await asks()).toBe(200)
  await expect(asks()).resolves.toBe(200)
})

verifies('transit:handshakes', 'all addresses together begin only so many at a time', async () => {
  scene = await aScene({ handshakes: { each: 8, all: 20, undisturbed: 60_000 } })
  const begun = await Promise.all(
    ['127.0.0.2', '127.0.0.3', '127.0.0.4'].map(async (from) => await idle(8, from)),
  )

  expect(await closedOf(begun.flat())).toBe(4)
  await expect(asks()).rejects.toThrow()
  for (const { socket } of begun[0] ?? []) socket.destroy()
  await expect.poll(asks).toBe(200)
})

verifies('transit:handshakes', 'who takes long gives way to whoever comes', async () => {
  scene = await aScene({ handshakes: { each: 8, all: 16, undisturbed: 200 } })
  const begun = [...(await idle(8, '127.0.0.2')), ...(await idle(8, '127.0.0.3'))]
  await new Promise((resolve) => setTimeout(resolve, 250))

  const own = await idler('127.0.0.3')
  expect(await closedOf([own])).toBe(0)
  expect(await closedOf(begun)).toBe(1)
  expect(await asks()).toBe(200)
  expect(await closedOf(begun)).toBe(2)

  await drained()
  expect(counts()).toContain('127.0.0.3 gave-way 1')
  expect(counts()).toContain('127.0.0.2 gave-way 1')
})

verifies('transit:handshakes', 'what is refused is counted by its address, and once', async () => {
  scene = await aScene({ handshakes: { each: 2, all: 100, undisturbed: 60_000 } })
  expect(await closedOf(await idle(5, '127.0.0.2'))).toBe(3)

  await drained()
  expect(counts().filter((one) => !one.includes('broken-off'))).toEqual(['127.0.0.2 too-many-handshakes 3'])
})

verifies(
  'transit:handshakes',
  'one that does not end is ended after five seconds',
  async () => {
    scene = await aScene()
    const { closed } = await idler()

    const lasted = await closed
    expect(lasted).toBeGreaterThan(4_500)
    expect(lasted).toBeLessThan(8_000)
  },
  15_000,
)
