// What the guard may do: root with NET_ADMIN to set the packet filter, and no more than a tenant to prove it.

import { readdirSync, readFileSync } from 'node:fs'
import { setgid, setgroups, setuid } from 'node:process'
import { uids } from '../../core/identifiers.ts'

/**
 * Makes this process, all of its threads, the user and group `id` for good: the kernel takes every capability from a process
 * that was root and is none of its users any more (capabilities(7), "Effect of user ID changes"). Throws without SETGID and
 * SETUID.
 */
export function becomeUser(id: number): void {
  setgroups?.([])
  setgid?.(id)
  setuid?.(id)
}

/**
 * What this process may do that a tenant may not, in words; undefined: nothing. Each of its threads is looked at, since the
 * kernel knows no rights of a process.
 */
export function rightsOfThisProcess(): string | undefined {
  for (const thread of readdirSync('/proc/self/task')) {
    const status = statusOf(thread)
    const right = status === undefined ? undefined : rightOf(status)
    if (right !== undefined) return right
  }
  return undefined
}

/** Of one thread, from its `/proc/…/status`. What the text does not say counts as a right. */
export function rightOf(status: string): string | undefined {
  const field = (name: string) => new RegExp(`^${name}:\\s*(.+)$`, 'm').exec(status)?.[1]?.trim() ?? 'unknown'
  for (const [name, words] of [
    ['Uid', 'user'],
    ['Gid', 'group'],
  ] as const) {
    // Real, effective, saved and of the file system: one of them is enough to get the others back.
    const ids = field(name).split(/\s+/)
    if (ids.length !== 4 || ids.some((id) => !/^\d+$/.test(id) || taken.has(Number(id))))
      return `runs as ${words} ${ids.join(', ')}`
  }
  for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapAmb'])
    if (!/^0+$/.test(field(set))) return `has capabilities ${field(set)} (${set})`
  // Otherwise a program of root's with the setuid bit would give back what the bounding set still holds.
  return field('NoNewPrivs') === '1' ? undefined : 'may get new rights from a program (NoNewPrivs)'
}

/** Root, and who passes the packet filter. */
const taken: ReadonlySet<number> = new Set([0, uids.sidecar])

function statusOf(thread: string): string | undefined {
  try {
    return readFileSync(`/proc/self/task/${thread}/status`, 'utf8')
  } catch (error) {
    // It has ended between the two looks.
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined
    throw error
  }
}
