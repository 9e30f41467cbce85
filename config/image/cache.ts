// The user's cache folder: what is expensive to make stands here under a name that holds a hash of what it was made from.

import { createHash, randomUUID } from 'node:crypto'
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** `$XDG_CACHE_HOME/hipaa-mcp`, by default `~/.cache/hipaa-mcp`. */
export const cacheFolder = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'hipaa-mcp')

/** SHA-256 in hex over parts whose borders count, so that ["ab", "c"] is not ["a", "bc"]. */
export function hashOf(parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash('sha256')
  for (const part of parts) {
    const bytes = typeof part === 'string' ? Buffer.from(part) : part
    hash.update(`${bytes.length}:`)
    hash.update(bytes)
  }
  return hash.digest('hex')
}

/** Whether something stands at this path. */
export async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  )
}

/**
 * The file or folder at `path`, made by `make` if it is not there. `make` writes to another path, which takes its place
 * by one rename: a killed run never leaves a half-made entry under the final name. Two runs at once make it once.
 */
export async function cached(path: string, make: (draft: string) => Promise<void>): Promise<string> {
  if (await exists(path)) return path
  await mkdir(dirname(path), { recursive: true })
  return await withLock(`${path}.lock`, async () => {
    if (await exists(path)) return path
    const draft = `${path}.${randomUUID()}`
    try {
      await make(draft)
      await rename(draft, path)
    } finally {
      await rm(draft, { recursive: true, force: true })
    }
    return path
  })
}

/** Field 22 of /proc/PID/stat: with it a process id names one process even after the number is used again. */
export async function startTime(pid: number): Promise<string | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  return text.slice(text.lastIndexOf(')') + 2).split(' ')[19]
}

/** Runs `work` while no other process on this machine holds the lock file `path`; a dead holder's lock is taken over. */
export async function withLock<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
  await mkdir(dirname(path), { recursive: true })
  const mine = `${process.pid} ${(await startTime(process.pid)) ?? ''} ${randomUUID()}`
  for (;;) {
    const taken = await writeFile(path, mine, { flag: 'wx' }).then(
      () => true,
      (error: NodeJS.ErrnoException) => {
        if (error.code !== 'EEXIST') throw error
        return false
      },
    )
    if (taken) break
    await removeStale(path)
    await sleep(100)
  }
  try {
    return await work()
  } finally {
    await rm(path, { force: true })
  }
}

async function removeStale(path: string): Promise<void> {
  const held = await readFile(path, 'utf8').catch(() => undefined)
  if (held === undefined) return
  const [pid, started] = held.split(' ')
  if (pid && started && (await startTime(Number(pid))) === started) return
  if (
    held === '' &&
    Date.now() -
      (await stat(path).then(
        (s) => s.mtimeMs,
        () => Date.now(),
      )) <
      1_000
  )
    return
  // By a rename, which one of several waiters wins, and only if it is still the lock that was read above.
  const aside = `${path}.${randomUUID()}`
  await rename(path, aside).catch(() => undefined)
  const moved = await readFile(aside, 'utf8').catch(() => held)
  if (moved !== held) await writeFile(path, moved, { flag: 'wx' }).catch(() => undefined)
  await rm(aside, { force: true })
}
