import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Agent } from 'undici'
import { expect, onTestFinished, test } from 'vitest'
import { type Sent, whole } from '../../../operator/cluster/exchange.ts'

async function answering(answer: RequestListener) {
  const seen: string[] = []
  const connections = { count: 0 }
  const server = createServer((request, response) => {
    seen.push(`${request.method} ${request.url}`)
    answer(request, response)
  })
  server.on('connection', () => (connections.count += 1))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const dispatcher = new Agent({ connections: 1 })
  onTestFinished(async () => {
    await dispatcher.destroy()
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  const sent: Sent = { server: `http://127.0.0.1:${port}`, method: 'GET', path: '/api', headers: {} }
  return { seen, sent, dispatcher, connections }
}

test('the API server’s own path comes before what is asked, with its query', async () => {
  const { seen, sent, dispatcher } = await answering((_, response) => response.writeHead(201).end('né'))

  const answer = await whole(1_000)(dispatcher, {
    ...sent,
    server: `${sent.server}/k8s/clusters/c-1`,
    path: '/api/v1/pods?limit=1',
  })

  expect(answer).toEqual({ status: 201, text: 'né' })
  expect(seen).toEqual(['GET /k8s/clusters/c-1/api/v1/pods?limit=1'])
})

test('what waits longer than its deadline for a connection is never sent, and costs no connection', async () => {
  const { seen, sent, dispatcher, connections } = await answering(
    (_, response) => void setTimeout(() => response.end(), 200),
  )
  const first = whole(1_000)(dispatcher, sent)
  const late = Array.from({ length: 20 }, async () => {
    await whole(50)(dispatcher, { ...sent, method: 'PATCH', path: '/late', body: '{}' })
  })

  for (const one of late) await expect(one).rejects.toMatchObject({ name: 'TimeoutError' })

  await first
  await whole(1_000)(dispatcher, sent)
  expect(seen).toEqual(['GET /api', 'GET /api'])
  expect(connections.count).toBe(1)
})

test('an address that is none is said at once', async () => {
  const { sent, dispatcher } = await answering((_, response) => void response.end())

  await expect(whole(1_000)(dispatcher, { ...sent, server: 'none' })).rejects.toThrow('Invalid URL')
})

test('the deadline is of the whole answer, and ends its connection', async () => {
  let closed = false
  const { sent, dispatcher } = await answering((_, response) => {
    const timer = setInterval(() => response.write('x'), 10)
    response.once('close', () => {
      closed = true
      clearInterval(timer)
    })
  })

  await expect(whole(100)(dispatcher, sent)).rejects.toMatchObject({ name: 'TimeoutError' })

  await expect.poll(() => closed).toBe(true)
})

test('an answer that is cut off is none', async () => {
  const { sent, dispatcher } = await answering((request, response) => {
    response.writeHead(200, { 'content-length': 10 }).write('{}')
    setTimeout(() => request.socket.destroy(), 20)
  })

  await expect(whole(1_000)(dispatcher, sent)).rejects.toThrow('other side closed')
})
