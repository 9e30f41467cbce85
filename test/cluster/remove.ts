// Takes a cluster away, whatever state it is in: one that runs, one whose start was killed half-way, or only its traces.

import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { exists } from '../../config/image/cache.ts'
import { run } from '../../config/image/run.ts'
import { removeCgroups } from './cgroups.ts'
import { killAll } from './processes.ts'
import { releaseSlot, type Slot } from './slot.ts'

/**
 * Removes all that bears the slot's names or lies in its state folder: processes, mounts, loop devices, control groups,
 * the network namespace with its link and routes, files; the slot itself last, so that a killed removal can be repeated.
 */
export async function removeCluster(slot: Slot): Promise<void> {
  await killAll(slot)
  await unmountBelow(slot.state)
  await detachLoops(slot.state)
  // Its routes go with it, and so does the other end inside the namespace: whose end may take the link between its look-up and
  // its deletion, which is no error where it is gone.
  await run('ip', ['link', 'del', slot.link], { accept: [1, 2] })
  if (await exists(join('/sys/class/net', slot.link))) throw new Error(`ip link del ${slot.link} left it`)
  await removeCgroups(slot.link)
  await removeFiles(slot.state)
  await releaseSlot(slot)
}

/** Mount points at or below a folder, as this process sees them, the innermost first. */
export async function mountsBelow(folder: string): Promise<string[]> {
  const lines = (await readFile('/proc/self/mountinfo', 'utf8')).trim().split('\n')
  const points = lines.map((line) => (line.split(' ')[4] ?? '').replaceAll('\\040', ' '))
  return points.filter((point) => point === folder || point.startsWith(`${folder}/`)).toReversed()
}

async function unmountBelow(folder: string): Promise<void> {
  for (const point of await mountsBelow(folder)) await run('umount', ['-l', point], { accept: [32] })
}

/** Loop devices whose file lies below a folder. */
export async function loopsBelow(folder: string): Promise<string[]> {
  const found: string[] = []
  for (const name of (await readdir('/sys/block')).filter((entry) => entry.startsWith('loop'))) {
    const file = (await readFile(`/sys/block/${name}/loop/backing_file`, 'utf8').catch(() => '')).trim()
    if (file.startsWith(`${folder}/`)) found.push(`/dev/${name}`)
  }
  return found
}

async function detachLoops(folder: string): Promise<void> {
  for (const device of await loopsBelow(folder)) await run('losetup', ['-d', device], { accept: [1] })
}

async function removeFiles(folder: string): Promise<void> {
  const mounted = await mountsBelow(folder)
  // Removing through a mount would remove what is mounted.
  if (mounted.length > 0) throw new Error(`Still mounted, unmount by hand and repeat: ${mounted.join(', ')}`)
  await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
  if (await exists(folder)) throw new Error(`${folder} could not be removed`)
}
