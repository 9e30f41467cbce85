// Starting a sidecar as a pod runs it, with the collector that keeps its records.

import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from 'node:tls'
import { strippedEnvironment } from '../../config/image/strip.ts'
import { memoryFlags } from '../../operator/admission/sidecar-spec.ts'
import { cores, type Started, start } from './process.ts'
import type { Acknowledge } from './program.ts'
import type { Work } from './work.ts'

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
  const { image, folder, work, file, port, upstreamPort, acknowledge, flags = memoryFlags } = options
  const collector = await startCollector(options)
  const trail = await mkdtemp(join(folder, 'trail-'))
  const args = [file, port, upstreamPort, collector.port, acknowledge, trail].map(String)
  const run = startAsInPod(image, 'sidecar-main.ts', args, flags)
  await run.line()
  await listening(port, work)
  const stop = async (): Promise<void> => {
    await run.stop()
    await collector.stop()
  }
  return { pid: run.pid, origin: `https://127.0.0.1:${port}`, stop }
}

type Collected = { port: number; stop: () => Promise<void> }

/** A collector with an empty store, on the core of all that is not measured. */
export async function startCollector({
  root,
  folder,
  file,
}: Pick<SidecarOptions, 'root' | 'folder' | 'file'>): Promise<Collected> {
  const store = await mkdtemp(join(folder, 'store-'))
  const main = join(root, 'test', 'bench', 'collector-main.ts')
  const { line, stop } = start(cores.others, process.execPath, [main, file, store])
  const { port } = JSON.parse(await line()) as { port: number }
  return { port, stop }
}

/** A program of the bench as a pod runs a sidecar, on the core of what is measured. */
export function startAsInPod(
  image: string,
  program: string,
  args: readonly string[],
  flags: readonly string[] = memoryFlags,
): Started {
  const main = join(image, 'test', 'bench', program)
  return start(cores.measured, process.execPath, [...flags, main, ...args], strippedEnvironment(image))
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
