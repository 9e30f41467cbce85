// Starting a sidecar as a pod runs it, with the collector that keeps its records.

import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from 'node:tls'
import { strippedEnvironment } from '../../config/image/strip.ts'
import { memoryFlags } from '../../operator/admission/sidecar-spec.ts'
import { cores, start } from './process.ts'
import type { Work } from './work.ts'

export type Acknowledge = 'Local' | 'Stream'

export type Running = {
  /** Absent where nothing stands between. */
  pid?: number
  origin: string
  stop: () => Promise<void>
}

export type SidecarOptions = {
  /** Checkout of the collector. */
  root: string
  /** Sources of the sidecar as the image holds them. */
  image: string
  folder: string
  /** The work, and as a file. */
  work: Work
  file: string
  port: number
  upstreamPort: number
  acknowledge: Acknowledge
  /** Flags of Node; as in a pod unless told otherwise. */
  flags?: readonly string[]
}

/** A sidecar that takes calls, on the core of what is measured, and its collector on the other. */
export async function startSidecar(options: SidecarOptions): Promise<Running & { pid: number }> {
  const { root, image, folder, work, file, port, upstreamPort, acknowledge, flags = memoryFlags } = options
  const store = await mkdtemp(join(folder, 'store-'))
  const collector = start(cores.others, process.execPath, [
    join(root, 'test', 'bench', 'collector-main.ts'),
    file,
    store,
  ])
  const { port: collectorPort } = JSON.parse(await collector.line()) as { port: number }
  const trail = await mkdtemp(join(folder, 'trail-'))
  const run = start(
    cores.measured,
    process.execPath,
    [
      ...flags,
      join(image, 'test', 'bench', 'sidecar-main.ts'),
      file,
      ...[port, upstreamPort, collectorPort, acknowledge, trail].map(String),
    ],
    strippedEnvironment(image),
  )
  await run.line()
  await listening(port, work)
  const stop = async (): Promise<void> => {
    await run.stop()
    await collector.stop()
  }
  return { pid: run.pid, origin: `https://127.0.0.1:${port}`, stop }
}

/** Until a handshake on the port succeeds. */
export async function listening(port: number, { callersCa, client }: Work): Promise<void> {
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
