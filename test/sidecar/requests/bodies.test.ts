// What a sidecar holds of bodies: nothing of a caller whom the head does not prove, and of all others so much at a time.

import { createServer } from 'node:http'
import { type AddressInfo, connect as plain } from 'node:net'
import { connect, type TLSSocket } from 'node:tls'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { bodies } from '../../../sidecar/bodies.ts'
import { discard } from '../../../sidecar/discard.ts'
import { aCall } from '../../support/message.ts'
import { issuerUrl } from '../../support/policy.ts'
import { aScene, caller, type Scene } from '../../support/scene.ts'
import { now } from '../../support/tokens.ts'
import { verifies } from '../../verifies.ts'

let scene: Scene
const sockets: TLSSocket[] = []
beforeEach(async () => {
  scene = await aScene()
})
afterEach(async () => {
  for (const one of sockets.splice(0)) one.destroy()
  await scene.end()
  expect(scene.faults).toEqual([])
})

type Sending = { socket: TLSSocket; answer: Promise<string>; closed: Promise<void> }

/** Sends the head of a message, and of its body only what a test sends itself. */
async function head(
  token: string | null,
  length: 'chunked' | number,
  { name = 'agent', scheme = 'Bearer', more = [] as string[] } = {},
): Promise<Sending> {
  const socket = connect({
    host: '127.0.0.1',
    port: scene.port,
    servername: 'localhost',
    ca: scene.serversCa.cert,
    ...(await caller(name)),
  })
  sockets.push(socket)
  socket.on('error', () => undefined)
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  const answer = new Promise<string>((resolve) => socket.once('data', (data) => resolve(String(data))))
  const lines = [
    'POST /mcp HTTP/1.1',
    'host: localhost',
    'content-type: application/json',
    'accept: application/json, text/event-stream',
    'mcp-protocol-version: 2025-11-25',
    ...(token === null ? [] : [`authorization: ${scheme} ${token}`]),
    ...more,
    length === 'chunked' ? 'transfer-encoding: chunked' : `content-length: ${length}`,
  ]
  socket.write(`${lines.join('\r\n')}\r\n\r\n`)
  return { socket, answer, closed }
}

/** A good call whose last byte has not come; `finish` sends it. */
async function unfinished(): Promise<Sending & { finish: () => void }> {
  const { body } = aCall()
  const { orders } = scene
  const standing = orders.standing.bind(orders)
  const arrived = Promise.withResolvers<void>()
  orders.standing = () => {
    arrived.resolve()
    return standing()
  }
  const sending = await head(await scene.token(), Buffer.byteLength(body))
  sending.socket.write(body.slice(0, -1))
  await arrived.promise
  orders.standing = standing
  return { ...sending, finish: () => void sending.socket.write(body.slice(-1)) }
}

const mebibyte = 1024 * 1024

const bad: { when: string; token: () => Promise<string> | null; reason: string; status?: number }[] = [
  { when: 'there is none', token: () => null, reason: 'token-missing' },
  {
    when: 'its signature is wrong',
    token: async () => `${(await scene.token()).slice(0, -8)}AAAAAAAA`,
    reason: 'token-signature',
  },
  {
    when: 'it is from another issuer',
    token: async () => await scene.token({ iss: 'https://elsewhere.example' }),
    reason: 'token-issuer',
  },
  {
    when: 'it is for another audience',
    token: async () => await scene.token({ aud: 'https://elsewhere.example' }),
    reason: 'token-audience',
  },
  {
    when: 'it has expired',
    token: async () => await scene.token({ exp: now() - 90 }),
    reason: 'token-expired',
  },
  {
    when: 'it is bound to another certificate',
    token: async () => await scene.token({}, await caller('another')),
    reason: 'token-unbound',
  },
  {
    when: 'its login had one factor',
    token: async () => await scene.token({ acr: 'bronze' }),
    reason: 'mfa-missing',
  },
  {
    when: 'its person’s access was ended',
    token: async () => {
      scene.orders.revocations.set([{ kind: 'person', value: `${issuerUrl} nurse-7` }])
      return await scene.token()
    },
    reason: 'person-revoked',
    status: 403,
  },
]
for (const { when, token, reason, status = 401 } of bad)
  verifies('transmission:bodies', `a token is refused before the body comes: ${when}`, async () => {
    const { answer } = await head(await token(), mebibyte)

    const text = await answer
    expect(text).toContain(`HTTP/1.1 ${status} `)
    expect(text).toContain(`"reason":"${reason}"`)
    expect(scene.log).toEqual([`refusal ${reason}`])
    expect(scene.trail.of('refusal')).toMatchObject([{ stage: 'authenticate', peer: '127.0.0.1' }])
  })

verifies('transmission:bodies', 'a proof that is missing is asked for before the body comes', async () => {
  await scene.end()
  scene = await aScene({ policy: { binding: 'DPoP' } })
  const token = await scene.token({ cnf: { jkt: 'a-key' } })
  const { socket, answer } = await head(null, 'chunked')
  expect(await answer).toContain('"reason":"token-missing"')
  socket.destroy()

  const proofless = await head(token, 'chunked', { scheme: 'DPoP' })

  expect(await proofless.answer).toContain('"reason":"proof-missing"')
})

verifies(
  'transmission:bodies',
  'who asks before sending a body is told to, when somebody reads it',
  async () => {
    const more = ['expect: 100-continue']
    const refused = await head(null, mebibyte, { more })
    expect(await refused.answer).toMatch(/^HTTP\/1\.1 401 /)
    await refused.closed

    const { body } = aCall()
    const welcome = await head(await scene.token(), Buffer.byteLength(body), { more })
    expect(await welcome.answer).toMatch(/^HTTP\/1\.1 100 /)
    const answer = new Promise<string>((resolve) =>
      welcome.socket.once('data', (data) => resolve(String(data))),
    )
    welcome.socket.write(body)
    expect(await answer).toContain('HTTP/1.1 200 OK')
  },
)

verifies(
  'transmission:bodies',
  'a call runs under the policy that is in force when its body is here',
  async () => {
    const { answer, finish } = await unfinished()
    const { inForce } = scene.orders.standing()
    if (inForce === undefined) throw new Error('nothing is in force')
    scene.orders.set({ inForce: { ...inForce, hash: 'another' } })
    finish()

    expect(await answer).toContain('"reason":"policy-changed"')
    expect(scene.log).toEqual(['refusal policy-changed'])
  },
)

verifies(
  'authentication:issuers',
  'a call whose body comes while keys are replaced is served: they are no other policy',
  async () => {
    const { answer, finish } = await unfinished()
    const { inForce } = scene.orders.standing()
    if (inForce === undefined) throw new Error('nothing is in force')
    scene.orders.set({ inForce: { ...inForce, jwks: { ...inForce.jwks } } })
    finish()

    expect(await answer).toContain('HTTP/1.1 200 ')
  },
)

/** From now on a refusal's record takes so long, milliseconds. */
function slowRefusals(milliseconds: number): void {
  const { trail } = scene
  const refuse = trail.refuse.bind(trail)
  trail.refuse = async (entry) => {
    await new Promise((resolve) => setTimeout(resolve, milliseconds))
    await refuse(entry)
  }
}

for (const [when, milliseconds] of [
  ['its refusal was answered', 0],
  ['its refusal is being recorded', 200],
] as const)
  verifies(
    'transmission:bodies',
    `a late request does not go on when its last byte comes and ${when}`,
    async () => {
      const { server } = scene.calls
      slowRefusals(milliseconds)
      const open: TLSSocket[] = []
      server.on('secureConnection', (one: TLSSocket) => open.push(one))
      const { answer, closed, finish } = await unfinished()
      const late = Object.assign(new Error('late'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' })
      for (const one of open) server.emit('clientError', late, one)

      if (milliseconds === 0) expect(await answer).toContain('HTTP/1.1 408 ')
      finish()
      await closed
      await new Promise((resolve) => setTimeout(resolve, milliseconds))
      expect(scene.log).toEqual(['refusal request-late'])
    },
  )

verifies(
  'transmission:bodies',
  'a call that came whole is answered itself, whatever comes behind it',
  async () => {
    for (const behind of ['GARBAGE\r\n\r\n', 'CONNECT a:1 HTTP/1.1\r\nhost: a:1\r\n\r\n']) {
      scene.log.splice(0)
      const { body } = aCall()
      const { socket, answer, closed } = await head(await scene.token(), Buffer.byteLength(body))
      let all = ''
      socket.on('data', (data) => (all += String(data)))
      socket.write(Buffer.concat([Buffer.from(body), Buffer.from(behind)]))

      expect(await answer, behind).toContain('HTTP/1.1 200 OK')
      await closed
      expect(all.match(/HTTP\/1\.1 /g), behind).toHaveLength(1)
      expect(scene.log.toSorted(), behind).toEqual([
        'intent',
        behind.startsWith('C') ? 'refusal method-not-allowed' : 'refusal http-malformed',
        'result ok',
        'upstream',
      ])
    }
  },
)

verifies(
  'transmission:bodies',
  'a broken request is refused and recorded once, however much of it comes',
  async () => {
    slowRefusals(100)
    const other = connect({
      host: '127.0.0.1',
      port: scene.port,
      servername: 'localhost',
      ca: scene.serversCa.cert,
      ...(await caller('agent')),
    })
    sockets.push(other)
    const over = new Promise<void>((resolve) => other.once('close', () => resolve()))
    other.on('error', () => undefined).resume()
    other.write(`POST /mcp HTTP/1.1\r\nx: ${'a'.repeat(300_000)}\r\n\r\n`)
    await over
    await new Promise((resolve) => setTimeout(resolve, 200))

    expect(scene.log).toEqual(['refusal headers-too-large'])
  },
)

verifies('transmission:bodies', 'what is refused is answered once, and its connection is over', async () => {
  const { socket, answer, closed } = await head(null, 'chunked')
  let all = await answer
  socket.on('data', (data) => (all += String(data)))
  socket.write('no chunk\r\n')
  await closed

  expect(all.match(/HTTP\/1\.1 /g)).toHaveLength(1)
  expect(scene.log).toEqual(['refusal token-missing'])

  const tunnel = connect({
    host: '127.0.0.1',
    port: scene.port,
    servername: 'localhost',
    ca: scene.serversCa.cert,
    ...(await caller('agent')),
  })
  sockets.push(tunnel)
  const over = new Promise<void>((resolve) => tunnel.once('close', () => resolve()))
  tunnel.on('error', () => undefined).resume()
  tunnel.write('CONNECT localhost:1 HTTP/1.1\r\nhost: localhost:1\r\n\r\n')
  tunnel.write(Buffer.alloc(1_024, 32))
  await over
})

verifies('transmission:bodies', 'a locked server refuses before the body comes', async () => {
  const { inForce } = scene.orders.standing()
  scene.orders.set({ locked: 'lockdown', ...(inForce === undefined ? {} : { inForce }) })

  const { answer } = await head(await scene.token(), mebibyte)

  expect(await answer).toContain('"reason":"locked"')
})

verifies(
  'transmission:bodies',
  'a caller who is refused while sending goes on over the connection',
  async () => {
    const { socket, answer } = await head(null, 200_000)
    expect(await answer).toContain('"reason":"token-missing"')
    socket.write(Buffer.alloc(200_000, 32))

    const { body, headers } = aCall()
    const again = new Promise<string>((resolve) => socket.once('data', (data) => resolve(String(data))))
    const all = Object.entries({
      host: 'localhost',
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      authorization: `Bearer ${await scene.token()}`,
      'content-length': String(body.length),
      ...headers,
    })
    socket.write(
      `POST /mcp HTTP/1.1\r\n${all.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${String(body)}`,
    )

    expect(await again).toContain('HTTP/1.1 200 OK')
  },
)

verifies('transmission:bodies', 'a body without end that nobody reads ends the connection', async () => {
  const { socket, answer, closed } = await head(null, 'chunked')
  await answer
  const chunk = `10000\r\n${' '.repeat(0x10000)}\r\n`
  let sent = 0
  const send = (): void => {
    while (!socket.destroyed && socket.write(chunk)) sent += 0x10000
    sent += 0x10000
  }
  socket.on('drain', send)
  send()
  await closed

  // What lies in the buffers of both ends counts as sent.
  expect(sent).toBeLessThan(64 * mebibyte)
})

test('a body that is thrown away is waited for only so long', async () => {
  const server = createServer((request, response) => {
    void discard(request, { most: mebibyte, patience: 50 })
    response.end('refused')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const socket = plain(port, '127.0.0.1')
  socket.on('error', () => undefined).resume()
  socket.write('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\n')

  await new Promise((resolve) => socket.once('close', resolve))
  server.close()
})

verifies(
  'transmission:bodies',
  'one person’s unfinished bodies are bounded, and keep nobody else out',
  async () => {
    const token = await scene.token()
    const held = await Promise.all(
      Array.from({ length: 8 }, async () => {
        const one = await head(token, mebibyte)
        one.socket.write(Buffer.alloc(mebibyte - 1, 32))
        return one
      }),
    )
    const another = await scene.token({ sub: 'nurse-8' })
    let own = await scene.ask()
    for (let tries = 0; own.status === 200 && tries < 100; tries += 1) {
      await new Promise((resolve) => setTimeout(resolve, 20))
      own = await scene.ask({ token })
    }

    expect([own.status, own.json['error']]).toMatchObject([429, { data: { reason: 'bodies-over-limit' } }])
    expect(own.headers['retry-after']).toBe('1')
    expect(scene.trail.of('refusal').at(-1)).toMatchObject({ who: { sub: 'nurse-7' }, stage: 'transport' })
    expect((await scene.ask({ token: another })).status).toBe(200)

    for (const { socket } of held) socket.write('{')
    await Promise.all(held.map(async ({ answer }) => await answer))
    expect((await scene.ask({ token })).status).toBe(200)
  },
)

const who = (sub: string) => ({ iss: issuerUrl, sub }) as Parameters<ReturnType<typeof bodies>['room']>[0]

verifies('transmission:bodies', 'all bodies together are bounded, and what is read makes room', () => {
  const all = bodies({ each: 10, all: 25 })
  const first = all.room(who('a'))
  first.take(10)
  const second = all.room(who('b'))
  second.take(10)
  const third = all.room(who('c'))

  expect(() => first.take(1)).toThrow('bodies-over-limit')
  third.take(5)
  expect(() => third.take(1)).toThrow('bodies-full')
  first.free()
  third.take(1)
  first.take(4)
})
