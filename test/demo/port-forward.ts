// Ports of a pod on this machine, as `kubectl port-forward` brings them here.

import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Kubectl } from './kubectl.ts'

/**
 * Forwards ports of 127.0.0.1 to ports of a pod until `close`. Rejects in kubectl's words when it ends before all are
 * there: guarded pods refuse it. `target`: `deployment/name`, `pod/name`.
 */
export async function portForward(
  kubectl: Kubectl,
  namespace: string,
  target: string,
  ports: readonly { here: number; there: number }[],
): Promise<{ close: () => Promise<void> }> {
  const from = ports.map(({ here, there }) => `${here}:${there}`)
  const child = kubectl.start(['port-forward', '-n', namespace, '--address=127.0.0.1', target, ...from])
  const ended = once(child, 'close')
  let says = ''
  child.stderr.on('data', (chunk: Buffer) => (says += chunk.toString()))
  let forwarding = 0
  const forwarded = async (): Promise<void> => {
    for await (const line of createInterface({ input: child.stdout })) {
      if (line.startsWith('Forwarding from ')) forwarding += 1
      if (forwarding === ports.length) break
    }
  }
  await Promise.race([forwarded(), ended])
  // It reports every connection, and stops for a pipe that nobody empties.
  child.stdout.resume()
  if (forwarding < ports.length) {
    await ended
    throw new Error(`kubectl port-forward to ${target} in ${namespace}: ${says.trim().slice(0, 2_000)}`)
  }
  return {
    close: async () => {
      child.kill()
      await ended
    },
  }
}
