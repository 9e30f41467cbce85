// What stands where the API server stands: answers what a test tells it to, over TLS, behind a kubeconfig.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { authority } from '../sample/certificates.ts'

type Asked = {
  method: string
  path: string
  type: string | undefined
  accept: string | undefined
  body: unknown
}

export type ApiServer = {
  kubeconfig: string
  folder: string
  asked: Asked[]
  /** Answer of each call in its order; the last one stays. */
  answers: { status: number; body: object }[]
  /** Instead of them, by path; undefined: 404. What is posted was created. */
  answer?: (path: string, asked: Asked) => object | undefined | Promise<object>
  end(): void
}

export async function anApiServer(): Promise<ApiServer> {
  const ca = await authority('cluster')
  const { key, cert } = await ca.issue('api', ['localhost', '127.0.0.1'])
  const folder = mkdtempSync(join(tmpdir(), 'hipaa-mcp-cli-'))
  const api: ApiServer = {
    kubeconfig: join(folder, 'kubeconfig'),
    folder,
    asked: [],
    answers: [],
    end: () => {
      server.closeAllConnections()
      server.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
  const server = createServer({ key, cert }, (request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString('utf8')
      const asked = {
        method: request.method ?? '',
        path: request.url ?? '',
        type: request.headers['content-type'],
        accept: request.headers.accept,
        body: text === '' ? undefined : (JSON.parse(text) as unknown),
      }
      api.asked.push(asked)
      if (api.answer !== undefined) {
        void Promise.resolve(api.answer(asked.path, asked)).then((found) => {
          const status = asked.method === 'POST' ? 201 : 200
          response.writeHead(found === undefined ? 404 : status, { 'content-type': 'application/json' })
          response.end(JSON.stringify(found ?? {}))
        })
        return
      }
      const { status, body } = (api.answers.length > 1 ? api.answers.shift() : api.answers[0]) ?? {
        status: 500,
        body: {},
      }
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const data = Buffer.from(ca.cert).toString('base64')
  writeFileSync(
    api.kubeconfig,
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [
        {
          name: 'c',
          cluster: { server: `https://127.0.0.1:${port}`, 'certificate-authority-data': data },
        },
      ],
      users: [{ name: 'u', user: { token: 'a-token' } }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'x',
    }),
  )
  return api
}
