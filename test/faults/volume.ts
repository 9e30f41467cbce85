// A small ext4 of its own on a loop device, which really ends. In the command's own set of mounts (main.ts): it goes with it,
// and the device with the mount.

import { execFileSync } from 'node:child_process'
import { closeSync, fsyncSync, mkdirSync, openSync, rmSync, truncateSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { World } from './scene.ts'

export type Volume = {
  folder: string
  /** Leaves no byte. */
  fill: () => void
  /** Gives all of that back. */
  empty: () => void
  /** As a kernel does that found an error on it: read-only from now on, whoever has it open. */
  abort: () => void
  /** Mounts it anew, checked. Nobody may have it open. */
  mend: () => void
  end: () => void
}

const run = (program: string, ...args: string[]): void =>
  void execFileSync(program, args, { stdio: ['ignore', 'ignore', 'pipe'] })

export function aVolume(world: World, megabytes: number): Volume {
  const base = world.folder('volume')
  const [image, mount] = [join(base, 'image'), join(base, 'mount')]
  mkdirSync(mount)
  closeSync(openSync(image, 'w'))
  truncateSync(image, megabytes * 1024 * 1024)
  run('mkfs.ext4', '-q', '-F', '-m', '0', image)
  const up = (): void => run('mount', '-o', 'loop,errors=remount-ro', image, mount)
  up()
  const folder = join(mount, 'data')
  mkdirSync(folder)
  const ballast = join(mount, 'ballast')
  return {
    folder,
    fill: () => {
      const file = openSync(ballast, 'a')
      // Large pieces, then small ones, until not even a byte is taken.
      for (const size of [1024 * 1024, 4096, 1]) {
        const bytes = Buffer.alloc(size)
        try {
          while (writeSync(file, bytes) === size);
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
        }
      }
      fsyncSync(file)
      closeSync(file)
    },
    empty: () => rmSync(ballast, { force: true }),
    abort: () => run('mount', '-o', 'remount,abort', mount),
    mend: () => {
      run('umount', mount)
      // 1: it had something to correct, and did.
      try {
        run('e2fsck', '-f', '-p', image)
      } catch (error) {
        if ((error as { status?: number }).status !== 1) throw error
      }
      up()
    },
    end: () => run('umount', '--lazy', mount),
  }
}
