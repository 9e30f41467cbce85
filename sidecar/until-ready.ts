// Waiting until a sidecar says that it is ready.

import { request } from 'node:http'
import { pause } from './pause.ts'

/** Milliseconds between two questions. */
const again = 20

/** Asks `/readyz` on this port of the pod until it says yes, for `patience` milliseconds at most. Whether it did. */
export async function untilReady(port: number, patience: number): Promise<boolean> {
  const signal = AbortSignal.timeout(patience)
  while (!signal.aborted) {
    if (await saysYes(port, signal)) return true
    await pause(again)
  }
  return false
}

async function saysYes(port: number, signal: AbortSignal): Promise<boolean> {
  return await new Promise((resolve) => {
    const asked = request({ host: '127.0.0.1', port, path: '/readyz', signal })
    asked.once('response', (response) => {
      response.resume()
      resolve(response.statusCode === 200)
    })
    // Also after the answer's head: it may break off, or time may be over.
    asked.on('error', () => resolve(false))
    asked.end()
  })
}
