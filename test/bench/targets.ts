// What is measured: the server alone, nginx in front of it, the sidecar in front of it.

import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from 'node:tls'
import { strippedEnvironment } from '../../config/image/strip.ts'
import { memoryFlags } from '../../operator/admission/sidecar-spec.ts'
import { nginxArguments } from './nginx.ts'
import { start } from './process.ts'
import { direct, yardstick } from './report.ts'
import type { Work } from './work.ts'

type Running = {
  /** Absent where nothing stands between. */ pid?: number
  origin: string
  stop: () => Promise<void>
}
export type Target = { name: string; start: () => Promise<Running> }
export type Place = {
  folder: string
  /** The work as a file. */
  file: string
  work: Work
  upstreamPort: number
  cores: { measured: number; others: number }
  /** Sources as the image holds them. */
  image: string
}

const program = (name: string): string => join(import.meta.dirname, name)

export function targets(place: Place): Target[] {
  const { folder, work, upstreamPort, cores } = place
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
      (mode): Target => ({
        name: `hipaa-mcp, every control, ${mode}`,
        start: async () => {
          const store = await mkdtemp(join(folder, 'store-'))
          const collector = start(cores.others, process.execPath, [
            program('collector-main.ts'),
            place.file,
            store,
          ])
          const { port: collectorPort } = JSON.parse(await collector.line()) as { port: number }
          const trail = await mkdtemp(join(folder, 'trail-'))
          const run = start(
            cores.measured,
            process.execPath,
            [
              ...memoryFlags,
              join(place.image, 'test', 'bench', 'sidecar-main.ts'),
              place.file,
              ...[port, upstreamPort, collectorPort, mode, trail].map(String),
            ],
            strippedEnvironment(place.image),
          )
          await run.line()
          await listening(port, work)
          const stop = async (): Promise<void> => {
            await run.stop()
            await collector.stop()
          }
          return { pid: run.pid, origin, stop }
        },
      }),
    ),
  ]
}

/** Until a handshake on the port succeeds. */
async function listening(port: number, { callersCa, client }: Work): Promise<void> {
  const deadline = performance.now() + 15_000
  for (;;) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(
        { port, host: '127.0.0.1', ca: callersCa, ...client, servername: 'localhost' },
        () => {
          socket.destroy()
          resolve(true)
        },
      )
      socket.on('error', () => resolve(false))
    })
    if (open) return
    if (performance.now() > deadline) throw new Error(`Nothing answers TLS on port ${port} after 15 s`)
    await sleep(100)
  }
}
