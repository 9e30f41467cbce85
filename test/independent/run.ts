// Builds and runs the independent verifier, a Go program.

import { spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'

// Beside the test's own folders, but it outlives single tests.
const program = join(import.meta.dirname, '../../out/independent')

/** Throws a line that says what to do where it cannot be built. */
export function buildIndependent(): void {
  mkdirSync(dirname(program), { recursive: true })
  const { status, stderr, error } = spawnSync('nice', ['-n', '5', 'go', 'build', '-o', program, '.'], {
    cwd: import.meta.dirname,
    encoding: 'utf8',
  })
  if (status !== 0)
    throw new Error(
      `The independent verifier needs Go 1.25 or newer (https://go.dev/dl) and its module proxy: ${stderr || error?.message}`,
    )
}

/** What it exits with, and all that it says. */
export function independent(...args: string[]): { status: number | null; out: string } {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' })
  return { status, out: stdout + stderr }
}
