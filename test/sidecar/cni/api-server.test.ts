// What an API server may answer to the network plugin, beside objects.

import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { read } from '../../../sidecar/cni/api-server.ts'
import { authority } from '../../sample/certificates.ts'

const upgrades = (_: IncomingMessage, response: ServerResponse): void =>
  void response.writeHead(101, { connection: 'upgrade', upgrade: 'x' }).end()

test('an answer that changes the protocol is none, and keeps nobody waiting', async () => {
  const ca = await authority('cluster')
  const api = createServer(await ca.issue('api', ['127.0.0.1']), upgrades).listen(0, '127.0.0.1')
  await once(api, 'listening')
  const server = `https://127.0.0.1:${(api.address() as AddressInfo).port}`

  try {
    await expect(read({ server, ca: ca.cert, token: 'secret' }, '/')).rejects.toThrow('does not answer')
  } finally {
    api.closeAllConnections()
    api.close()
  }
})
