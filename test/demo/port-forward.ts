// Ports of a pod on this machine, as `kubectl port-forward` brings them here.

import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Kubectl } from './kubectl.ts'

/**
 * Forwards each port to a free one of 127.0.0.1, in the order given, until `close`. Rejects in kubectl's words when it
 * ends before all are there: guarded pods refuse it. `target`: `deployment/name`, `pod/name`.
 */
export async function portForward(
  kubectl: Kubectl,
  namespace: string,
  target: string,
  ports: readonly number[],
): Promise<{ local: number[]; close: () => Promise<void> }> {
  const from = ports.map((port) => `:${port}`)
  const child = kubectl.start(['port-forward', '-n', namespace, '--address=127.0.0.1', target, ...from])
  const ended = once(child, 'close')
  let says = ''
  child.stderr.on('data', (chunk: Buffer) => (says += chunk.toString()))
  const local = new Map<number, number>()
  const forwarded = async (): Promise<true> => {
    for await (const line of createInterface({ input: child.stdout })) {
      const [, here, there] = /^Forwarding from 127\.0\.0\.1:(\d+) -> (\d+)$/.exec(line) ?? []
      if (here !== undefined) local.set(Number(there), Number(here))
      if (local.size === ports.length) break
    }
    return true
  }
  await Promise.race([forwarded(), ended])
  // It reports every connection, and stops for a pipe that nobody empties.
  child.stdout.resume()
  if (local.size < ports.length) {
    await ended
    throw new Error(`kubectl port-forward to ${target} in ${namespace}: ${says.trim().slice(0, 2_000)}`)
  }
  return {
    local: ports.map((port) => local.get(port) as number),
    close: async () => {
      child.kill()
      await ended
    },
  }
}
