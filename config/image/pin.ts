// Writes into the manifests which image they mean, by digest: a tag can be moved, a digest cannot.

import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isMap, isSeq, parseDocument } from 'yaml'

/** The name that the manifests use for the product's image. */
export const manifestName = 'localhost/hipaa-mcp'

/** The kustomization's text with `newName` and `digest` for the product's image; comments and order stay. */
export function pinned(text: string, newName: string, digest: string): string {
  const document = parseDocument(text)
  if (!isSeq(document.get('images'))) document.set('images', document.createNode([]))
  const images = document.get('images')
  if (!isSeq(images)) throw new Error('The kustomization has no list of images')
  const at = images.items.findIndex((item) => isMap(item) && item.get('name') === manifestName)
  const entry = document.createNode({ name: manifestName, newName, digest })
  if (at === -1) images.add(entry)
  else images.set(at, entry)
  return document.toString({ lineWidth: 120 })
}

/** What is applied by its folder: each says which image it means. */
const kustomizations = ['config/default/kustomization.yaml', 'config/cni/kustomization.yaml']

/** Pins the image in each kustomization of a checkout. `pinned` is false where there is no such file. Throws on a bad one. */
export async function pinIn(
  checkout: string,
  newName: string,
  digest: string,
): Promise<{ file: string; pinned: boolean }[]> {
  return await Promise.all(
    kustomizations.map(async (file) => {
      const path = join(checkout, file)
      const text = await readFile(path, 'utf8').catch(() => undefined)
      if (text === undefined) return { file, pinned: false }
      await writeFile(path, pinned(text, newName, digest))
      return { file, pinned: true }
    }),
  )
}
