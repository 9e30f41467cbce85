// The sidecar as its image holds it: sources without types. Node's stripper alone is as large as many a sidecar.

import { copyFile, mkdir, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { checkout } from '../../config/image/base.ts'
import { sourceEntries } from '../../config/image/product.ts'

/** Writes what the sidecar of the bench needs of the checkout `from` below `folder`. Returns where. */
export async function asInImage(folder: string, from: string = checkout): Promise<string> {
  const image = join(folder, 'image')
  const entries = await sourceEntries(['core', 'crds', 'sidecar', 'test/bench', 'test/sample'], image, from)
  for (const entry of entries) {
    if (entry.kind !== 'file') continue
    await mkdir(dirname(entry.path), { recursive: true })
    if ('bytes' in entry) await writeFile(entry.path, entry.bytes)
    else await copyFile(entry.source, entry.path)
  }
  await symlink(join(checkout, 'node_modules'), join(image, 'node_modules'))
  return image
}
