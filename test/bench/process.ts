// Starting what is measured, and reading what it used: processor time and memory, as the kernel counts them.

import { type ChildProcess, spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'

/** Clock ticks of /proc/PID/stat in a second; 100 on every Linux that Debian supports. */
const ticksPerSecond = 100

/** A core for what is measured alone; load, server and collector share the other. */
export const cores = { measured: 0, others: 1 } as const

export type Started = {
  pid: number
  /** The next line on its standard output. Rejects when it ends first. */
  line: () => Promise<string>
  stop: () => Promise<void>
}

/** What was started and has not ended. */
const running = new Set<ChildProcess>()

/** Ends every program that was started. */
export async function stopAll(): Promise<void> {
  await Promise.all(Array.from(running, ended))
}

/** Starts a program on one processor core. */
export function start(
  core: number,
  command: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Started {
  const child = spawn('taskset', ['-c', String(core), command, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...env },
  })
  running.add(child)
  const lines = createInterface({ input: child.stdout })
  const waiting: { resolve: (line: string) => void; reject: (why: Error) => void }[] = []
  const held: string[] = []
  let over: Error | undefined
  lines.on('line', (line) => {
    const next = waiting.shift()
    if (next === undefined) held.push(line)
    else next.resolve(line)
  })
  child.once('exit', (code) => {
    running.delete(child)
    over = new Error(`${command} ${args.join(' ')} ended with ${code}: see its words above`)
    for (const { reject } of waiting) reject(over)
  })
  return {
    pid: child.pid as number,
    line: async () => {
      const line = held.shift()
      if (line === undefined && over !== undefined) throw over
      return line ?? (await new Promise<string>((resolve, reject) => void waiting.push({ resolve, reject })))
    },
    stop: async () => await ended(child),
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  child.kill('SIGTERM')
  const force = setTimeout(() => child.kill('SIGKILL'), 10_000)
  await exit
  clearTimeout(force)
}

/** Processor seconds (user and system) that a process and the processes it started have used. Rejects when it ended. */
export async function cpuSeconds(pid: number): Promise<number> {
  let ticks = 0
  for (const each of [pid, ...(await childrenOf(pid))]) {
    const text = await readFile(`/proc/${each}/stat`, 'utf8').catch((cause: unknown) => {
      throw new Error(`What is measured ended (process ${each}): see its words above`, { cause })
    })
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    ticks += Number(fields[11]) + Number(fields[12])
  }
  return ticks / ticksPerSecond
}

/** Resident memory of a process and the processes it started, bytes. */
export async function residentBytes(pid: number): Promise<number> {
  let kilobytes = 0
  for (const each of [pid, ...(await childrenOf(pid))]) {
    const text = await readFile(`/proc/${each}/status`, 'utf8')
    kilobytes += Number(/VmRSS:\s+(\d+)/.exec(text)?.[1] ?? 0)
  }
  return kilobytes * 1_024
}

async function childrenOf(pid: number): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '')
  return text
    .split(' ')
    .filter((each) => each !== '')
    .map(Number)
}
