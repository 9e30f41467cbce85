// Which tests name which requirement: read from the source, so that the gate and the auditor's document agree.

import { readdir, readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'

const root = join(import.meta.dirname, '..')

/** Every TypeScript file below a folder of the repository, repository-relative. */
export async function sourcesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(join(root, folder), { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .toSorted()
}

export async function textOf(file: string): Promise<string> {
  return await readFile(join(root, file), 'utf8')
}

/** Requirement id -> test files that name it in `verifies('id', …)`. */
export async function claimsInTests(): Promise<Map<string, string[]>> {
  const claims = new Map<string, string[]>()
  for (const file of (await sourcesBelow('test')).filter((name) => name !== 'test/verifies.ts')) {
    const ids = new Set(
      [...(await textOf(file)).matchAll(/\bverifies\(\s*'([a-z-]+:[a-z0-9-]+)'/g)].map(
        (match) => match[1] as string,
      ),
    )
    for (const id of ids) claims.set(id, [...(claims.get(id) ?? []), file])
  }
  return claims
}
