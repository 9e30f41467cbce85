// The sidecar as its image holds it: one file, without types. Node's stripper alone is as large as many a sidecar.

import { copyFile, mkdir, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { checkout } from '../../config/image/base.ts'
import { sourceEntries } from '../../config/image/product.ts'

/** Writes what the sidecar of the bench needs of the checkout `from` below `folder`. Returns where. */
export async function asInImage(folder: string, from: string = checkout): Promise<string> {
  const image = join(folder, 'image')
  const folders = ['core', 'crds', 'sidecar', 'test/bench', 'test/sample']
  const entries = await sourceEntries(folders, image, from, ['test/bench/sidecar-main.ts'])
  for (const entry of entries) {
    if (entry.kind !== 'file') continue
    await mkdir(dirname(entry.path), { recursive: true })
    if ('bytes' in entry) await writeFile(entry.path, entry.bytes)
    else await copyFile(entry.source, entry.path)
  }
  await symlink(join(checkout, 'node_modules'), join(image, 'node_modules'))
  return image
}
