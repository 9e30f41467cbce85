// A program under fault: its process, what it said, and that it is started again whenever it ends, as a kubelet does.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'

/** What stands before the command on a start, such as strace with its options. */
export type Before = (start: number) => readonly string[]

/** A kubelet waits longer; nothing of ours hangs on it. Milliseconds. */
const again = 50
const most = 64 * 1024

export class Program {
  readonly name: string
  /** Processes so far. */
  starts = 0
  /** How the ones before ended: exit code or signal. */
  readonly ends: string[] = []
  readonly #command: readonly string[]
  readonly #environment: { readonly [name: string]: string }
  readonly #before: Before
  #child: ChildProcess | undefined
  #running: Promise<void> = Promise.resolve()
  #said = ''
  #over = false
  #held: PromiseWithResolvers<void> | undefined

  constructor(
    name: string,
    command: readonly string[],
    environment: { readonly [name: string]: string },
    before: Before = () => [],
  ) {
    this.name = name
    this.#command = command
    this.#environment = environment
    this.#before = before
  }

  start(): void {
    this.#over = false
    this.#running = this.#keep()
  }

  /** The last of what it printed. */
  get said(): string {
    return this.#said
  }

  get pid(): number | undefined {
    const child = this.#child
    return child === undefined || child.exitCode !== null || child.signalCode !== null ? undefined : child.pid
  }

  /** From now on an ended process is not replaced, until `release`. */
  hold(): void {
    this.#held ??= Promise.withResolvers<void>()
  }

  release(): void {
    this.#held?.resolve()
    this.#held = undefined
  }

  /** Sends a signal; after SIGKILL it waits for the end. */
  async signal(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child
    if (child === undefined || this.pid === undefined) return
    const gone = signal === 'SIGKILL' ? once(child, 'exit') : undefined
    child.kill(signal)
    await gone
  }

  /** Asks it to end, and waits: for at most so many milliseconds, then it is killed. */
  async stop(milliseconds = 40_000): Promise<void> {
    this.#over = true
    this.release()
    if (this.pid !== undefined) {
      this.#child?.kill('SIGCONT')
      this.#child?.kill('SIGTERM')
      const kill = setTimeout(() => this.#child?.kill('SIGKILL'), milliseconds)
      await this.#running
      clearTimeout(kill)
    }
    await this.#running
  }

  async #keep(): Promise<void> {
    while (!this.#over) {
      const [program = '', ...args] = [...this.#before(this.starts), ...this.#command]
      const child = spawn(program, args, {
        env: { PATH: process.env['PATH'] ?? '', ...this.#environment },
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      this.#child = child
      this.starts += 1
      const hear = (bytes: Buffer): void => {
        this.#said = (this.#said + bytes.toString('utf8')).slice(-most)
      }
      child.stdout?.on('data', hear)
      child.stderr?.on('data', hear)
      const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null]
      this.ends.push(signal ?? String(code))
      await this.#held?.promise
      if (!this.#over) await sleep(again)
    }
  }
}
