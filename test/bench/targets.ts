// What is measured: the server alone, nginx in front of it, the sidecar in front of it.

import { checkout } from '../../config/image/base.ts'
import { nginxArguments } from './nginx.ts'
import type { Place } from './place.ts'
import { cores, start } from './process.ts'
import { direct, own, yardstick } from './report.ts'
import { listening, type Running, startSidecar } from './sidecar.ts'

export type Target = { name: string; start: () => Promise<Running> }

export function targets(place: Place): Target[] {
  const { folder, work, upstreamPort } = place
  const port = upstreamPort + 1
  const origin = `https://127.0.0.1:${port}`
  return [
    {
      name: direct,
      start: async () =>
        await Promise.resolve({ origin: `http://127.0.0.1:${upstreamPort}`, stop: async () => undefined }),
    },
    {
      name: yardstick,
      start: async () => {
        const run = start(cores.measured, 'nginx', await nginxArguments(folder, work, port, upstreamPort))
        await listening(port, work)
        return { pid: run.pid, origin, stop: run.stop }
      },
    },
    ...(['Local', 'Stream'] as const).map(
      (acknowledge): Target => ({
        name: own[acknowledge],
        start: async () => await startSidecar({ ...place, root: checkout, port, acknowledge }),
      }),
    ),
  ]
}
