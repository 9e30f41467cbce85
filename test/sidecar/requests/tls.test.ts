// Who gets a byte at all: mutual TLS, its version, its renewal.

import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { authority } from '../../sample/certificates.ts'
import { aCall } from '../../support/message.ts'
import { aScene, caller, type Scene, thumbprint } from '../../support/scene.ts'
import { verifies } from '../../verifies.ts'

let scene: Scene
beforeEach(async () => {
  scene = await aScene()
})
afterEach(async () => await scene.end())

/** What a client gets that sends a request as soon as it may: all bytes until the connection ends, or its failure. */
async function bytesFor(options: ConnectionOptions): Promise<{ bytes: string; failure: string }> {
  const socket = connect({
    host: '127.0.0.1',
    port: scene.port,
    ca: scene.serversCa.cert,
    servername: 'localhost',
    ...options,
  })
  let bytes = ''
  let failure = ''
  socket.on('data', (chunk: Buffer) => (bytes += chunk.toString()))
  socket.on('error', (error: Error & { code?: string }) => (failure = error.code ?? error.message))
  socket.on('secureConnect', () =>
    socket.write('GET /mcp HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n'),
  )
  await new Promise((resolve) => socket.on('close', resolve))
  return { bytes, failure }
}

verifies('transit:mutual-tls', 'no certificate', async () => {
  expect(await bytesFor({})).toEqual({ bytes: '', failure: expect.stringMatching(/^E/) })
})

verifies('transit:mutual-tls', 'a certificate of another CA', async () => {
  expect((await bytesFor(await caller('agent', 'strangers'))).bytes).toBe('')
})

verifies('transit:mutual-tls', 'a certificate of the CA that signed the server itself', async () => {
  expect((await bytesFor(await scene.serversCa.issue('impostor'))).bytes).toBe('')
})

verifies('transit:mutual-tls', 'no certificate, after a renewal', async () => {
  scene.calls.setCertificate({ ...scene.serverPair, ca: scene.callersCa.cert, minVersion: 'TLSv1.3' })

  expect((await bytesFor({})).bytes).toBe('')
  expect((await bytesFor(await caller('agent', 'strangers'))).bytes).toBe('')
})

verifies('transit:mutual-tls', 'a certificate of the client CA gets an answer', async () => {
  expect((await bytesFor(await caller())).bytes).toContain('HTTP/1.1 405')
})

verifies('transit:tls-floor', 'TLS 1.2 where the policy says 1.3', async () => {
  const { bytes, failure } = await bytesFor({ ...(await caller()), maxVersion: 'TLSv1.2' })

  expect({ bytes, failure }).toEqual({ bytes: '', failure: expect.stringContaining('PROTOCOL_VERSION') })
})

verifies('transit:tls-floor', 'TLS 1.1 where the policy says 1.2', async () => {
  scene.calls.setCertificate({ ...scene.serverPair, ca: scene.callersCa.cert, minVersion: 'TLSv1.2' })

  const lower = await bytesFor({
    ...(await caller()),
    minVersion: 'TLSv1',
    maxVersion: 'TLSv1.1',
    ciphers: 'DEFAULT@SECLEVEL=0',
  })
  const floor = await bytesFor({ ...(await caller()), maxVersion: 'TLSv1.2' })

  expect(lower.bytes).toBe('')
  expect(floor.bytes).toContain('HTTP/1.1 405')
})

/** How a handshake of TLS 1.2 ends, which begins anew inside itself where `again`: its suite, or the failure. */
async function agreed(options: ConnectionOptions, again = false): Promise<string> {
  const socket = connect({
    host: '127.0.0.1',
    port: scene.port,
    ca: scene.serversCa.cert,
    servername: 'localhost',
    ...(await caller()),
    ...options,
    maxVersion: 'TLSv1.2',
  })
  return await new Promise<string>((resolve) => {
    socket.once('error', (error: Error & { code?: string }) => resolve(error.code ?? error.message))
    socket.once('secureConnect', () => {
      if (!again) resolve(socket.getCipher().name)
      // Whoever says nothing to that closes in the end.
      else socket.renegotiate({}, (error) => resolve(error === null ? 'began anew' : 'refused'))
    })
    socket.once('close', () => resolve('closed'))
  }).finally(() => socket.destroy())
}

verifies('transit:tls-profile', 'TLS 1.2 where the policy says so', async () => {
  scene.calls.setCertificate({ ...scene.serverPair, ca: scene.callersCa.cert, minVersion: 'TLSv1.2' })

  expect(await agreed({ ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' })).toBe('ECDHE-ECDSA-AES128-GCM-SHA256')
  for (const ciphers of ['ECDHE-ECDSA-AES256-SHA384', 'ECDHE-ECDSA-AES128-SHA', 'ECDHE-ECDSA-AES128-CCM'])
    expect(await agreed({ ciphers }), ciphers).toContain('HANDSHAKE_FAILURE')
  expect(await agreed({}, true)).not.toBe('began anew')
})

test('no session is resumed: a resumed one would not look at the certificate again', async () => {
  const pair = await caller()
  const sessions: Buffer[] = []
  const reused = async (session?: Buffer): Promise<boolean> => {
    const options = session === undefined ? {} : { session }
    const socket = connect({
      host: '127.0.0.1',
      port: scene.port,
      ca: scene.serversCa.cert,
      servername: 'localhost',
      ...pair,
      ...options,
    })
    socket.on('session', (ticket) => sessions.push(ticket))
    await new Promise((resolve) => socket.on('secureConnect', resolve))
    const again = socket.isSessionReused()
    socket.write('GET /mcp HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n')
    socket.resume()
    await new Promise((resolve) => socket.on('close', resolve))
    return again
  }
  await reused()

  expect(sessions.length).toBeGreaterThan(0)
  expect(await reused(sessions[0])).toBe(false)
})

verifies(
  'transit:renewal',
  'calls of an open connection go on, and new ones see the new certificate',
  async () => {
    const agent = await scene.agent()
    const ports = new Set<number | undefined>()
    agent.on('free', (socket: TLSSocket) => ports.add(socket.localPort))
    await scene.ask({ agent })
    const renewed = await scene.serversCa.issue('ehr', ['localhost'])

    scene.calls.setCertificate({ ...renewed, ca: scene.callersCa.cert, minVersion: 'TLSv1.3' })
    const reply = await scene.ask({ agent })

    expect([reply.status, ports.size]).toEqual([200, 1])
    const socket = connect({
      host: '127.0.0.1',
      port: scene.port,
      ca: scene.serversCa.cert,
      servername: 'localhost',
      ...(await caller()),
    })
    await new Promise((resolve) => socket.on('secureConnect', resolve))
    expect(socket.getPeerX509Certificate()?.toString()).toBe(renewed.cert)
    socket.destroy()
  },
)

verifies(
  'transit:mutual-tls',
  'a connection from before the client CA changed is served no more',
  async () => {
    const agent = await scene.agent()
    scene.trail.delay = 50
    const running = scene.ask({ agent })
    while (scene.calls.inFlight() === 0) await new Promise((resolve) => setTimeout(resolve, 1))
    const other = await authority('other')

    scene.calls.setCertificate({ ...scene.serverPair, ca: other.cert, minVersion: 'TLSv1.3' })
    const reply = await running

    // The call in flight was let in under the old CA and is finished; its connection ends with it.
    expect([reply.status, reply.headers['connection']]).toEqual([200, 'close'])
    await expect(scene.ask({ agent })).rejects.toThrow()
    const pair = await other.issue('agent')
    const later = await scene.ask({ agent: await scene.agent(pair), token: await scene.token({}, pair) })
    expect(later.status).toBe(200)
  },
)

verifies(
  'transit:mutual-tls',
  'a call that comes after the client CA changed, on a busy connection',
  async () => {
    const { body, headers } = aCall()
    const token = await scene.token()
    const lines = {
      host: 'localhost',
      'content-type': 'application/json',
      accept: '*/*',
      authorization: `Bearer ${token}`,
      ...headers,
      'content-length': String(body.length),
    }
    const call = `POST /mcp HTTP/1.1\r\n${Object.entries(lines)
      .map(([name, value]) => `${name}: ${value}\r\n`)
      .join('')}\r\n${body.toString()}`
    const socket = connect({
      host: '127.0.0.1',
      port: scene.port,
      ca: scene.serversCa.cert,
      servername: 'localhost',
      ...(await caller()),
    })
    scene.trail.delay = 50
    socket.resume().write(call)
    while (scene.calls.inFlight() === 0) await new Promise((resolve) => setTimeout(resolve, 1))
    const other = await authority('other')

    scene.calls.setCertificate({ ...scene.serverPair, ca: other.cert, minVersion: 'TLSv1.3' })
    socket.write(call)
    await new Promise((resolve) => socket.on('close', resolve))
    while (scene.calls.inFlight() > 0) await new Promise((resolve) => setTimeout(resolve, 1))

    expect(scene.trail.of('intent')).toHaveLength(1)
    expect(scene.trail.of('refusal')).toMatchObject([{ reason: 'certificate-superseded' }])
  },
)

verifies('transit:mutual-tls', 'a connection whose certificate expires is served no more', async () => {
  let clock = Date.now()
  const aging = await aScene({ clock: () => clock, policy: { mfa: { maxAgeSeconds: 86_400 * 365 } } })
  clock += 86_400_000 * 31

  const reply = await aging.ask({ token: await aging.token({ exp: clock / 1000 + 600 }) })
  await aging.end()

  expect([reply.status, reply.json['error']]).toEqual([
    401,
    expect.objectContaining({ data: expect.objectContaining({ reason: 'certificate-expired' }) }),
  ])
})

verifies(
  'authentication:bound',
  'the thumbprint in the record is that of the connection’s certificate',
  async () => {
    await scene.ask()

    expect(scene.trail.of('intent')[0]?.who.certificate).toBe(thumbprint(await caller()))
  },
)
