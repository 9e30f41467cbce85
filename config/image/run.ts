// Starting other programs and telling what went wrong with them.

import { spawn } from 'node:child_process'

export type RunOptions = {
  cwd?: string
  env?: Record<string, string | undefined>
  input?: string | Uint8Array
  /** Exit codes that are no failure. */
  accept?: readonly number[]
}

/** Runs a program to its end and gives its stdout. Rejects with its last words if it fails or is not installed. */
export async function run(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  return await new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      env: { ...process.env, ...options.env },
    })
    const out: Buffer[] = []
    const err: Buffer[] = []
    child.stdout?.on('data', (chunk: Buffer) => out.push(chunk))
    child.stderr?.on('data', (chunk: Buffer) => err.push(chunk))
    // A program that exits without reading its input closes the pipe; its exit code says whether that was a failure.
    child.stdin?.on('error', () => undefined)
    child.stdin?.end(options.input)
    child.on('error', (error: NodeJS.ErrnoException) => {
      reject(error.code === 'ENOENT' ? new Error(`${command} is not installed, or not in PATH`) : error)
    })
    child.on('close', (code, signal) => {
      if (code !== null && (code === 0 || options.accept?.includes(code))) {
        resolve(Buffer.concat(out).toString())
        return
      }
      const words = Buffer.concat([...err, ...out])
        .toString()
        .trim()
        .slice(-2_000)
      reject(new Error(`${command} ${args.join(' ')} failed (${signal ?? `exit ${code}`}): ${words}`))
    })
  })
}
