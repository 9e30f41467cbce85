import { once } from 'node:events'
import { request } from 'node:https'
import { connect, type Socket } from 'node:net'
import { expect } from 'vitest'
import { authoritySecrets, makeAuthority } from '../../../operator/authority/ca.ts'
import { serve } from '../../../operator/authority/serve.ts'
import { verifies } from '../../verifies.ts'

verifies('transit:handshakes', 'the operator’s own ports keep room for whoever goes on', async () => {
  const authority = await makeAuthority(authoritySecrets.own, Date.now())
  const listener = await serve({
    authority,
    names: ['localhost'],
    seconds: 3_600,
    port: 0,
    reason: 'not-listening',
    tls: { minVersion: 'TLSv1.3' },
    respond: (_, response) => response.end('served'),
  })
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
  const asked = request({
    host: '127.0.0.1',
    port,
    ca: authority.pem,
    servername: 'localhost',
    agent: false,
  }).end()
  const [response] = (await once(asked, 'response')) as [{ statusCode: number; resume: () => void }]
  response.resume()

  expect(response.statusCode).toBe(200)
  for (const one of sockets) one.destroy()
  await listener.close(0)
})
