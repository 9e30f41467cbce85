// A sample business associate: a clearing house that tells over HTTPS whether a patient is covered.
//
//   TLS_DIR=/tls [PORT=8443] node test/sample/vendor.ts
//
// TLS_DIR holds tls.crt and tls.key.

import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'

/** Listens on every address. POST /coverage answers for any patient; GET /healthz tells that it lives. */
export async function serveVendor(options: {
  tls: { cert: string; key: string }
  port: number
}): Promise<{ server: Server; port: number }> {
  const server = createServer(options.tls, (request, response) => {
    request.resume()
    request.once('end', () => {
      if (request.method === 'POST' && request.url === '/coverage') {
        response.writeHead(200, { 'content-type': 'application/json' })
        response.end(JSON.stringify({ payer: 'Harbourlight Mutual', status: 'active', plan: 'Silver 2500' }))
      } else response.writeHead(request.url === '/healthz' ? 200 : 404).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(options.port, resolve))
  return { server, port: (server.address() as AddressInfo).port }
}

if (import.meta.main) {
  const { TLS_DIR, PORT = '8443' } = process.env
  if (!TLS_DIR) throw new Error('TLS_DIR is missing: name the folder of tls.crt and tls.key')
  const [cert, key] = ['tls.crt', 'tls.key'].map((name) => readFileSync(join(TLS_DIR, name), 'utf8'))
  const { server, port } = await serveVendor({
    tls: { cert: cert as string, key: key as string },
    port: Number(PORT),
  })
  console.log(`vendor on port ${port}`)
  process.once('SIGTERM', () => server.close())
}
