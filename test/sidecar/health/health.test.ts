// Port 15021: why it is not ready, who may drain it, and how the app is.

import { once } from 'node:events'
import { createServer as createHttp, type RequestListener, type Server } from 'node:http'
import { createServer as createHttp2, type ServerHttp2Stream } from 'node:http2'
import { type AddressInfo, createServer as createTcp } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import type { Probe } from '../../../sidecar/config.ts'
import { type HealthOptions, healthServer } from '../../../sidecar/health.ts'
import { verifies } from '../../verifies.ts'

type Closing = { close(): unknown; closeAllConnections?: () => void }
const open: Closing[] = []
afterEach(() => {
  for (const one of open.splice(0)) {
    one.closeAllConnections?.()
    one.close()
  }
})

type Listening = Closing & { listen(port: number, host: string): unknown; address(): unknown }

async function listening(server: Listening): Promise<number> {
  open.push(server)
  server.listen(0, '127.0.0.1')
  await once(server as unknown as Server, 'listening')
  return (server.address() as AddressInfo).port
}

async function health(changes: Partial<HealthOptions> = {}): Promise<{
  server: Server
  ask: (path: string, method?: string) => Promise<{ status: number; body: unknown }>
}> {
  const server = healthServer({
    reasons: () => [],
    locked: () => undefined,
    metrics: (_request, response) => response.end('metrics'),
    appMetrics: (response) => response.end('app-metrics'),
    drain: async () => await Promise.resolve(),
    probes: new Map(),
    podIp: '10.1.2.3',
    ...changes,
  })
  const port = await listening(server)
  return {
    server,
    ask: async (path, method = 'GET') => {
      const response = await fetch(`http://127.0.0.1:${port}${path}`, { method })
      const text = await response.text()
      return { status: response.status, body: text.startsWith('{') ? JSON.parse(text) : text }
    },
  }
}

test('it is ready when nothing stands against it', async () => {
  const { ask } = await health()
  expect(await ask('/readyz')).toEqual({ status: 200, body: { ready: true, reasons: [] } })
  expect(await ask('/livez')).toEqual({ status: 200, body: { live: true } })
  expect(await ask('/metrics')).toEqual({ status: 200, body: 'metrics' })
})

verifies('audit:no-record-no-service', '/readyz says why it says no', async () => {
  const { ask } = await health({ reasons: () => ['collector-unreachable'] })
  expect(await ask('/readyz')).toEqual({
    status: 503,
    body: { ready: false, reasons: ['collector-unreachable'] },
  })
  expect((await ask('/livez')).status).toBe(200)
})

test('a locked server is ready, so that callers hear the reason', async () => {
  const { ask } = await health({ locked: () => 'lockdown' })
  expect(await ask('/readyz')).toEqual({
    status: 200,
    body: { ready: true, reasons: [], locked: 'lockdown' },
  })
})

test.each([
  ['/', 'GET', 404],
  ['/probe/app/livez', 'GET', 404],
  ['/constructor', 'GET', 404],
  ['/drain', 'POST', 405],
])('%s by %s is %i', async (path, method, status) => {
  const { ask } = await health()
  expect((await ask(path, method)).status).toBe(status)
})

describe('draining', () => {
  verifies('transmission:drain', 'the pod itself may ask, and is answered when it is done', async () => {
    const drained = Promise.withResolvers<void>()
    const { ask } = await health({ drain: async () => await drained.promise })
    let answered = false
    const asked = ask('/drain').then((answer) => {
      answered = true
      return answer
    })
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(answered).toBe(false)

    drained.resolve()
    expect(await asked).toEqual({ status: 200, body: { drained: true } })
  })

  test.each(['10.1.2.3', '::ffff:10.1.2.3', 'fe80::1', ''])('nobody at %j may', async (remoteAddress) => {
    let drains = 0
    const { server } = await health({
      drain: async () => {
        drains += 1
        await Promise.resolve()
      },
    })
    const heads: number[] = []
    const response = {
      destroyed: false,
      writeHead: (status: number) => heads.push(status),
      end: () => undefined,
    }

    server.emit('request', { method: 'GET', url: '/drain', socket: { remoteAddress } }, response)

    expect(heads).toEqual([403])
    expect(drains).toBe(0)
  })
})

async function asked(probe: Probe, changes: Partial<HealthOptions> = {}): Promise<number> {
  const { ask } = await health({ probes: new Map([['app/livez', probe]]), ...changes })
  const { status, body } = await ask('/probe/app/livez')
  expect(body).toEqual({ well: status === 200 })
  return status
}

const http = async (listener: RequestListener): Promise<number> => await listening(createHttp(listener))

describe('the app’s probes', () => {
  for (const [status, seen] of [
    [200, 200],
    [204, 200],
    [302, 200],
    [400, 503],
    [500, 503],
  ] as const)
    verifies(
      'injection:probes',
      `an app that answers ${status} is told as ${seen}, without what it says`,
      async () => {
        const port = await http((_request, response) =>
          response.writeHead(status, { location: '/x', 'x-name': 'Ada' }).end('Ada Example, SSN'),
        )
        expect(await asked({ httpGet: { port, path: '/up' } })).toBe(seen)
      },
    )

  verifies('injection:probes', 'path, headers and host are what the kubelet would have sent', async () => {
    const seen: unknown[] = []
    const port = await http((request, response) => {
      seen.push({ url: request.url, host: request.headers.host, probe: request.headers['x-probe'] })
      response.end()
    })
    await asked({ httpGet: { port, path: '/up?deep=1', httpHeaders: [{ name: 'X-Probe', value: 'yes' }] } })
    await asked({ httpGet: { port, httpHeaders: [{ name: 'Host', value: 'ehr.local' }] } })
    await asked({ httpGet: { port } }, { podIp: 'fd00:10::5' })

    expect(seen).toEqual([
      { url: '/up?deep=1', host: `10.1.2.3:${port}`, probe: 'yes' },
      { url: '/', host: 'ehr.local', probe: undefined },
      { url: '/', host: `[fd00:10::5]:${port}`, probe: undefined },
    ])
  })

  verifies('injection:probes', 'an app that is not there is not well', async () => {
    const server = createTcp()
    const port = await listening(server)
    await new Promise((resolve) => server.close(resolve))
    open.length = 0

    expect(await asked({ httpGet: { port } })).toBe(503)
    expect(await asked({ tcpSocket: { port } })).toBe(503)
    expect(await asked({ grpc: { port } })).toBe(503)
  })

  verifies(
    'injection:probes',
    'an app that speaks neither HTTP nor gRPC is not well, and ends nothing here',
    async () => {
      const settings = '000000040000000000'
      for (const said of [
        Buffer.from('HTTP/1.1 500 x\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\nAda'),
        Buffer.from('HTTP/1.1 101 x\r\nupgrade: x\r\nconnection: upgrade\r\n\r\nAda'),
        Buffer.from('HTTP/1.1 103 x\r\n\r\n'.repeat(500)),
        Buffer.from('ff'.repeat(200), 'hex'),
        // HTTP/2: it goes away with an error; headers that nobody can read; a promise to push; an answer that is reset.
        Buffer.from(`${settings}0000080700000000000000000000000002`, 'hex'),
        Buffer.from(`${settings}000004010400000001ffffffff`, 'hex'),
        Buffer.from(`${settings}0000050504000000010000000288`, 'hex'),
        Buffer.from(`${settings}0000010104000000018800000403000000000100000002`, 'hex'),
      ]) {
        const port = await listening(
          createTcp(
            (socket) => void socket.on('error', () => undefined).once('data', () => socket.end(said)),
          ),
        )
        for (const probe of [
          { httpGet: { port } },
          { httpGet: { port, scheme: 'HTTPS' as const } },
          { grpc: { port } },
        ])
          expect(await asked(probe), said.toString('latin1', 0, 20)).toBe(503)
      }
    },
  )

  verifies('injection:probes', 'a port that is open is well', async () => {
    const port = await listening(createTcp((socket) => socket.destroy()))
    expect(await asked({ tcpSocket: { port } })).toBe(200)
  })

  test('an app that hangs is asked no longer than the kubelet waits', async () => {
    let gone = false
    const port = await http((request) => request.once('close', () => (gone = true)))
    const { server } = await health({ probes: new Map([['app/livez', { httpGet: { port } }]]) })
    const { port: at } = server.address() as AddressInfo

    await expect(
      fetch(`http://127.0.0.1:${at}/probe/app/livez`, { signal: AbortSignal.timeout(100) }),
    ).rejects.toThrow()

    await expect.poll(() => gone).toBe(true)
  })

  for (const [serving, seen] of [
    [1, 200],
    [2, 503],
  ] as const)
    verifies(
      'injection:probes',
      `a gRPC health service that says ${serving} is told as ${seen}`,
      async () => {
        const bodies: Buffer[] = []
        const server = createHttp2()
        server.on('stream', (stream: ServerHttp2Stream, headers) => {
          stream.on('data', (chunk: Buffer) => bodies.push(chunk))
          stream.on('end', () => {
            const ok = headers[':path'] === '/grpc.health.v1.Health/Check'
            stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
            stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
            stream.end(ok ? Buffer.from([0, 0, 0, 0, 2, 0x08, serving]) : undefined)
          })
        })
        const port = await listening(server)

        expect(await asked({ grpc: { port, service: 'ehr' } })).toBe(seen)
        expect(Buffer.concat(bodies)).toEqual(Buffer.from([0, 0, 0, 0, 5, 0x0a, 3, ...Buffer.from('ehr')]))
      },
    )
})
