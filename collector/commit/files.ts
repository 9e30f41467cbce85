// The few file operations that durability hangs on, each with what it guarantees.

import { type FileHandle, open, rename, rm, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Opens a file. A test gives one that fails. */
export type Open = (path: string, flags: string | number, mode?: number) => Promise<FileHandle>

/**
 * Writes every byte. Node returns less than it was given, without an error, when the disk fills up in the middle; only
 * the next call throws.
 */
export async function writeAll(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done)
    if (bytesWritten === 0) throw Object.assign(new Error('Nothing was written'), { code: 'ENOSPC' })
    done += bytesWritten
  }
}

/**
 * Makes what stands in a file, its length included, survive power loss. When another file's sync finds the journal given up
 * at the same moment, ext4 has nothing left to wait for and says that all is well: the bytes are there, the length is not.
 * Whatever needs the journal is refused from then on, a change of a file's times as well.
 */
export async function syncAll(file: FileHandle, sync: 'sync' | 'datasync' = 'sync'): Promise<void> {
  await file[sync]()
  await askJournal(file)
}

/** As `writeAll`, to a file that is open with O_DSYNC, and then as `syncAll`: in fewer turns of a thread. */
export async function writeDurably(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  await writeAll(file, bytes, position)
  await askJournal(file)
}

async function askJournal(file: FileHandle): Promise<void> {
  const now = new Date()
  await file.utimes(now, now)
}

/** There is no room. Nothing else is the matter with the disk. */
export function isFull(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT'].includes((error as NodeJS.ErrnoException).code ?? '')
}

/** Makes the names in a folder survive power loss. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await syncAll(folder).catch(async (error: unknown) => {
      // A mounted volume’s own folder is root’s, and ours by its group: we may write in it, and not set its times.
      if ((error as NodeJS.ErrnoException).code !== 'EPERM') throw error
      const file = await open(`${path}/.synced`, 'w', 0o600)
      await file.close()
      // Somebody else who syncs the same folder may have been faster.
      await rm(`${path}/.synced`, { force: true })
    })
  } finally {
    await folder.close()
  }
}

/** Replaces a file as a whole: after power loss it is the old or the new one. Durable when it resolves. */
export async function replaceFile(path: string, text: string, openFile: Open, mode = 0o600): Promise<void> {
  const next = `${path}.next`
  const file = await openFile(next, 'w', mode)
  try {
    await writeAll(file, Buffer.from(text), 0)
    await syncAll(file)
  } catch (error) {
    await file.close()
    await unlink(next)
    throw error
  }
  await file.close()
  await rename(next, path)
  await syncFolder(dirname(path))
}
