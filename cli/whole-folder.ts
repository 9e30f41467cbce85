// A new folder that gets its name last: what was cut off never looks complete.

import { randomBytes } from 'node:crypto'
import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { CannotError } from './command.ts'

/**
 * Resolves when `fill` did and the folder is there. Rejects as `fill` does, and leaves nothing of it; with `CannotError` where
 * there is something already. `folder`: as the person named it.
 */
export async function wholeFolder<T>(folder: string, fill: (partial: string) => Promise<T>): Promise<T> {
  const target = resolve(folder)
  if (!(await isFree(target))) throw new CannotError(`${folder} is not empty: name a new folder`)
  await mkdir(dirname(target), { recursive: true })
  // A name of our own: whatever else lies there is somebody's.
  const partial = `${target}.${randomBytes(6).toString('hex')}.partial`
  await mkdir(partial)
  try {
    const made = await fill(partial)
    await rm(target, { recursive: true, force: true })
    await rename(partial, target)
    return made
  } catch (error) {
    await rm(partial, { recursive: true, force: true })
    throw error
  }
}

/** Whether nothing is lost when it is replaced: an empty folder, or nothing at all. A file, or what cannot be read, is something. */
async function isFree(target: string): Promise<boolean> {
  try {
    return (await readdir(target)).length === 0
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT'
  }
}
