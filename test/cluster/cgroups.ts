// The control groups under which a cluster's pods run, on version 1 (one tree a controller) and version 2 (one tree).

import { mkdir, readdir, readFile, rmdir, statfs, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const root = '/sys/fs/cgroup'
const cgroup2Magic = 0x63677270

/** Whether this machine has version 2 alone. */
async function isVersion2(): Promise<boolean> {
  return (await statfs(root)).type === cgroup2Magic
}

/** Each tree's mount point; on version 1 including that of systemd's naming hierarchy, which runc uses too. */
async function trees(): Promise<string[]> {
  const lines = (await readFile('/proc/self/mountinfo', 'utf8')).trim().split('\n')
  return lines.flatMap((line) => {
    const [left = '', right = ''] = line.split(' - ')
    return /^cgroup2? /.test(right) ? [left.split(' ')[4] ?? ''] : []
  })
}

/** Makes the group `name` that the kubelet takes for its root; it refuses one that is not there. */
export async function makeCgroups(name: string): Promise<void> {
  if (await isVersion2()) {
    await enableControllers()
    await mkdir(join(root, name), { recursive: true })
    return
  }
  for (const tree of await trees()) {
    const folder = join(tree, name)
    await mkdir(folder, { recursive: true })
    // A new cpuset group is empty, and a process cannot enter it so.
    for (const file of ['cpuset.cpus', 'cpuset.mems']) {
      const above = await readFile(join(tree, file), 'utf8').catch(() => undefined)
      if (above !== undefined && above.trim() !== '') await writeFile(join(folder, file), above)
    }
  }
}

/** On version 2 a group gives controllers to its children only when told to, and only while it has no processes itself. */
async function enableControllers(): Promise<void> {
  const wanted = (await readFile(join(root, 'cgroup.controllers'), 'utf8')).trim().split(' ')
  const enable = async (): Promise<void> =>
    await writeFile(join(root, 'cgroup.subtree_control'), wanted.map((name) => `+${name}`).join(' '))
  await enable().catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EBUSY') throw error
    // In a container the root group holds its processes: they move one down, as container-in-container images do it.
    await mkdir(join(root, 'init'), { recursive: true })
    for (const pid of (await readFile(join(root, 'cgroup.procs'), 'utf8')).trim().split('\n')) {
      // One that has ended meanwhile needs no move.
      await writeFile(join(root, 'init', 'cgroup.procs'), pid).catch(() => undefined)
    }
    await enable()
  })
}

/** Every process in the group `name` or below it. */
export async function cgroupMembers(name: string): Promise<number[]> {
  const found = new Set<number>()
  for (const tree of await trees()) {
    for (const folder of await foldersBelow(join(tree, name))) {
      const text = await readFile(join(folder, 'cgroup.procs'), 'utf8').catch(() => '')
      for (const pid of text.split('\n')) if (pid !== '' && pid !== '0') found.add(Number(pid))
    }
  }
  return [...found]
}

/** Removes the group `name` with all below it. Its processes must have ended. */
export async function removeCgroups(name: string): Promise<void> {
  for (const tree of await trees()) {
    for (const folder of (await foldersBelow(join(tree, name))).toReversed()) await removeGroup(folder)
  }
}

async function removeGroup(folder: string): Promise<void> {
  // The kernel takes a moment to let go of a group whose last process was just killed.
  for (let attempt = 0; ; attempt++) {
    const failed = await rmdir(folder).then(
      () => undefined,
      (error: NodeJS.ErrnoException) => error,
    )
    if (failed === undefined || failed.code === 'ENOENT') return
    if (attempt >= 100) throw failed
    await sleep(50)
  }
}

/** The folder and those below it, parents first; none if it is not there. */
async function foldersBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => undefined)
  if (entries === undefined) return []
  const below = await Promise.all(
    entries
      .filter((entry) => entry.isDirectory())
      .map(async (entry) => await foldersBelow(join(folder, entry.name))),
  )
  return [folder, ...below.flat()]
}
