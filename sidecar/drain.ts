// preStop of the sidecar's container: `node drain.ts`. Asks the running sidecar to finish its calls, and returns when it
// has, so that the server behind it is told to stop only then.

import { request } from 'node:http'
import { ports } from '../core/identifiers.ts'

/** Within the pod's grace period; the sidecar finishes by itself after SIGTERM in any case. Milliseconds. */
const patience = 45_000

const asked = request({
  host: '127.0.0.1',
  port: ports.health,
  path: '/drain',
  signal: AbortSignal.timeout(patience),
})
asked.once('response', (response) => {
  response.resume()
  process.exitCode = response.statusCode === 200 ? 0 : 1
})
asked.once('error', () => {
  process.exitCode = 1
})
asked.end()
