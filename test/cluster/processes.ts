// The node's daemons: started so that they outlive us, and found again however we ended.

import { spawn } from 'node:child_process'
import { mkdir, open, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startTime } from '../../config/image/cache.ts'
import { cgroupMembers } from './cgroups.ts'
import { netnsOf } from './network.ts'
import type { Slot } from './slot.ts'

/** Stands in the environment of every process of a cluster, so that a lost record of one loses nothing. */
const mark = 'HIPAA_MCP_TEST_CLUSTER'

type Recorded = { name: string; pid: number; started: string }

export type Daemon = {
  name: string
  command: readonly [string, ...string[]]
  env?: Record<string, string>
  /** Share this process's mounts; `'own'`: begin a set of mounts that end with the last process that sees them. */
  mounts?: number | 'own'
}

/** Starts a daemon in the node's network namespace; its output goes to `log/NAME`. Gives its process id. */
export async function startDaemon(slot: Slot, daemon: Daemon): Promise<number> {
  const { state } = slot
  await mkdir(join(state, 'log'), { recursive: true })
  await mkdir(join(state, 'processes'), { recursive: true })
  const log = await open(join(state, 'log', daemon.name), 'a')
  try {
    // nsenter, not "ip netns exec": the latter mounts a new /sys, and the kubelet then finds no control groups.
    const enter = ['nsenter', `--net=${netnsOf(state)}`]
    if (typeof daemon.mounts === 'number') enter.push(`--mount=/proc/${daemon.mounts}/ns/mnt`, '--wd=/')
    if (daemon.mounts === 'own') enter.push('unshare', '--mount', '--propagation', 'slave')
    const [command = '', ...args] = [...enter, ...daemon.command]
    const child = spawn(command, args, {
      cwd: '/',
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
      env: {
        PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
        HOME: '/root',
        ...daemon.env,
        [mark]: state,
      },
    })
    const pid = await new Promise<number>((resolve, reject) => {
      child.once('error', reject)
      child.once('spawn', () => {
        if (child.pid === undefined) reject(new Error(`${daemon.name} did not start`))
        else resolve(child.pid)
      })
    })
    child.unref()
    const record: Recorded = { name: daemon.name, pid, started: (await startTime(pid)) ?? '' }
    await writeFile(join(state, 'processes', daemon.name), JSON.stringify(record))
    return pid
  } finally {
    await log.close()
  }
}

/** The daemons that were started and which of them still run. */
export async function daemons(state: string): Promise<(Recorded & { runs: boolean })[]> {
  const files = await readdir(join(state, 'processes')).catch(() => [])
  return await Promise.all(
    files.map(async (file) => {
      const record = JSON.parse(await readFile(join(state, 'processes', file), 'utf8')) as Recorded
      return {
        ...record,
        runs: (await startTime(record.pid)) === record.started && !(await isZombie(record.pid)),
      }
    }),
  )
}

/** The last lines a daemon wrote, for an error message. */
export async function lastWords(state: string, name: string): Promise<string> {
  const text = await readFile(join(state, 'log', name), 'utf8').catch(() => '(no log)')
  return text.trim().split('\n').slice(-5).join('\n').slice(-1_500)
}

/** Every live process of the cluster: daemons, containerd's shims, and what runs in pods. */
export async function processesOf(slot: Pick<Slot, 'state' | 'link'>): Promise<number[]> {
  const found = new Set(await cgroupMembers(slot.link))
  const pids = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry)).map(Number)
  for (const pid of pids) {
    const [environment, line] = await Promise.all([
      readFile(`/proc/${pid}/environ`, 'utf8').catch(() => ''),
      readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''),
    ])
    const marked = environment.split('\0').includes(`${mark}=${slot.state}`)
    const shim = line.startsWith('/usr/bin/containerd-shim') && line.includes(`${slot.state}/`)
    if (marked || shim) found.add(pid)
  }
  const live: number[] = []
  for (const pid of found) if (pid !== process.pid && !(await isZombie(pid))) live.push(pid)
  return live
}

/** Kills every process of the cluster, as often as new ones turn up. Rejects if some survive for ten seconds. */
export async function killAll(slot: Pick<Slot, 'state' | 'link'>): Promise<void> {
  const deadline = Date.now() + 10_000
  for (;;) {
    const pids = await processesOf(slot)
    if (pids.length === 0) return
    if (Date.now() > deadline)
      throw new Error(`These processes of ${slot.state} do not end: ${pids.join(', ')}`)
    for (const pid of pids) {
      try {
        process.kill(pid, 'SIGKILL')
      } catch (error) {
        // It ended between the look and the kill.
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
      }
    }
    await sleep(50)
  }
}

async function isZombie(pid: number): Promise<boolean> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  return text === '' || 'ZX'.includes(text.slice(text.lastIndexOf(')') + 2)[0] ?? 'X')
}
