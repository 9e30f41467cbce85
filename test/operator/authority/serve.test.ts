import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { Agent, request } from 'node:https'
import { connect, type Socket } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { authoritySecrets } from '../../../core/identifiers.ts'
import { makeAuthority } from '../../../operator/authority/ca.ts'
import { type Listener, serve } from '../../../operator/authority/serve.ts'
import { verifies } from '../../verifies.ts'

const authority = await makeAuthority(authoritySecrets.own, Date.now())
let listener: Listener

beforeEach(async () => {
  listener = await serve({
    authority,
    names: ['localhost'],
    seconds: 3_600,
    port: 0,
    reason: 'not-listening',
    tls: { minVersion: 'TLSv1.3' },
    respond: (_, response) => response.end('served'),
  })
})
afterEach(async () => await listener.close(0))

async function ask(agent: Agent | false): Promise<IncomingMessage> {
  const asked = request({
    host: '127.0.0.1',
    port: listener.port,
    ca: authority.pem,
    servername: 'localhost',
    agent,
  }).end()
  const [response] = (await once(asked, 'response')) as [IncomingMessage]
  return response.resume()
}

test('the API server, which keeps idle connections for 90 seconds, closes them before the operator does', async () => {
  const agent = new Agent({ keepAlive: true })

  const { headers } = await ask(agent)

  const [, seconds] = /timeout=(\d+)/.exec(String(headers['keep-alive'])) ?? []
  expect(Number(seconds)).toBeGreaterThan(90)
  agent.destroy()
})

verifies('transit:handshakes', 'the operator’s own ports keep room for whoever goes on', async () => {
  const { port } = listener
  const closed: Socket[] = []
  const sockets = Array.from({ length: 100 }, () =>
    connect({ host: '127.0.0.1', port, localAddress: '127.0.0.2' }),
  )
  for (const one of sockets)
    one
      .on('error', () => undefined)
      .resume()
      .once('close', () => closed.push(one))

  await expect.poll(() => closed.length, { timeout: 4_000 }).toBe(36)

  expect((await ask(false)).statusCode).toBe(200)
  for (const one of sockets) one.destroy()
})
