// Which folders of node_modules a set of packages needs, by the lockfile.

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

type Locked = {
  version?: string
  dev?: boolean
  optional?: boolean
  dependencies?: Record<string, string>
  optionalDependencies?: Record<string, string>
  peerDependencies?: Record<string, string>
}

export type Lockfile = { packages: Record<string, Locked> }

/** Paths (`node_modules/a/node_modules/b`) of the packages and all they depend on, directly or not. Pure. */
export function closure(lockfile: Lockfile, roots: readonly string[]): string[] {
  const found = new Set<string>()
  const visit = (from: string, name: string, optional: boolean): void => {
    const path = resolve(lockfile, from, name)
    if (path === undefined) {
      if (optional) return
      throw new Error(
        `The lockfile does not hold ${name}, which ${from || 'the image'} needs: run npm install`,
      )
    }
    if (found.has(path)) return
    found.add(path)
    const entry = lockfile.packages[path] ?? {}
    for (const each of Object.keys(entry.dependencies ?? {})) visit(path, each, false)
    for (const each of Object.keys({ ...entry.optionalDependencies, ...entry.peerDependencies }))
      visit(path, each, true)
  }
  for (const root of roots) visit('', root, false)
  return [...found].toSorted()
}

/** Node's own way of looking: in the package's node_modules, then in each one above it. */
function resolve(lockfile: Lockfile, from: string, name: string): string | undefined {
  const parts = from === '' ? [] : from.split('/node_modules/')
  for (let depth = parts.length; depth >= 0; depth--) {
    const path = [...parts.slice(0, depth), name].join('/node_modules/')
    const full = depth === 0 ? `node_modules/${name}` : path
    if (lockfile.packages[full] !== undefined) return full
  }
  return undefined
}

/**
 * Those of the paths that are installed: npm leaves out what is optional and for another platform. Rejects if any other is not
 * installed in the version that the lockfile states.
 */
export async function installed(
  checkout: string,
  lockfile: Lockfile,
  paths: readonly string[],
): Promise<string[]> {
  const found: string[] = []
  for (const path of paths) {
    const locked = lockfile.packages[path]
    const text = await readFile(join(checkout, path, 'package.json'), 'utf8').catch(() => undefined)
    if (text === undefined && locked?.optional === true) continue
    const { version } = JSON.parse(text ?? '{}') as { version?: string }
    if (version !== locked?.version)
      throw new Error(`${path} is not installed as the lockfile states it: run npm ci`)
    found.push(path)
  }
  return found
}
