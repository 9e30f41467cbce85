// Files that others read at any moment: whole and new, or as they were.

import { chmodSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** Writes unless it stands there just so. `mode`: that of the file before, where there is one, unless given. */
export function writeWhole(path: string, text: string, mode?: number): void {
  const before = modeOf(path)
  const wanted = mode ?? before ?? 0o644
  if (before === wanted && readFileSync(path, 'utf8') === text) return
  // No ending that a container runtime takes for a network configuration.
  const draft = join(dirname(path), `.hipaa-mcp-${process.pid}.draft`)
  rmSync(draft, { force: true })
  writeFileSync(draft, text, { mode: wanted, flush: true })
  chmodSync(draft, wanted)
  renameSync(draft, path)
}

function modeOf(path: string): number | undefined {
  const found = statSync(path, { throwIfNoEntry: false })
  return found === undefined ? undefined : found.mode & 0o777
}
