// The product's image: base, dependencies, and the product itself as the topmost and smallest layer.

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { baseLayer, checkout, productUser } from './base.ts'
import { bundled } from './bundle.ts'
import { exists, hashOf } from './cache.ts'
import { type Layer, layer } from './layer.ts'
import { home, modulesLayer } from './modules.ts'
import { type Image, image } from './oci.ts'
import type { Log } from './progress.ts'
import { loaderEntry, strippedEntry, strippedEnvironment } from './strip.ts'
import { copiedEntry, type Entry, entriesOf, fileEntry, ordered } from './tar.ts'

export const productImage = 'localhost/hipaa-mcp:dev'

const folders = ['core', 'sidecar', 'operator', 'collector', 'cli', 'crds'] as const

/** Each is one file of the image: what every guarded pod waits for, and holds in memory. */
const waitedFor = ['sidecar/main.ts'] as const

const environment = Object.entries(strippedEnvironment(`/${home}`)).map(([name, value]) => `${name}=${value}`)

/** The image that the sidecar, the guard, the operator and the collector run from; which one, a pod's arguments say. */
export async function buildProduct(name: string, log: Log): Promise<Image> {
  const layers = [await baseLayer(log), await modulesLayer(log), await sourceLayer('product', folders)]
  return image(name, layers, {
    User: `${productUser}:${productUser}`,
    WorkingDir: `/${home}`,
    Entrypoint: ['/usr/bin/node'],
    Env: ['PATH=/usr/sbin:/usr/bin:/sbin:/bin', 'NODE_ENV=production', ...environment],
    Labels: {
      'org.opencontainers.image.title': 'hipaa-mcp',
      'org.opencontainers.image.licenses': 'Apache-2.0',
    },
  })
}

/** A layer of folders of the checkout with package.json and LICENSE, without tests and prose. */
export async function sourceLayer(name: string, wanted: readonly string[]): Promise<Layer> {
  const sorted = ordered(await sourceEntries(wanted, home))
  return await layer(name, hashOf(['source 1', ...(await contents(sorted))]), 'gzip', async () => sorted)
}

/** Folders of a checkout, this one unless told otherwise, as the image holds them below `prefix`; `single`: as one file each. */
export async function sourceEntries(
  wanted: readonly string[],
  prefix: string,
  from: string = checkout,
  single: readonly string[] = waitedFor,
): Promise<Entry[]> {
  const entries: Entry[] = []
  for (const folder of wanted) {
    if (!(await exists(join(from, folder))))
      throw new Error(`${folder}/ is missing: the checkout is not whole`)
    entries.push(...(await entriesOf(join(from, folder), `${prefix}/${folder}`, isShipped, true)))
  }
  for (const file of ['package.json', 'LICENSE']) {
    entries.push(await copiedEntry(`${prefix}/${file}`, join(from, file), 0o644))
  }
  const made = await Promise.all(
    entries.map(async (entry) => {
      const program = single.find((one) => entry.path === `${prefix}/${one}`)
      return program === undefined
        ? await strippedEntry(entry)
        : fileEntry(entry.path, await bundled(join(from, program)), entry.mode)
    }),
  )
  return [...made.filter((entry) => entry !== undefined), await loaderEntry(prefix)]
}

const isShipped = (path: string): boolean =>
  !/(\.test\.ts|\.md|\.as)$/.test(path) && !path.includes('node_modules')

async function contents(entries: readonly Entry[]): Promise<(string | Uint8Array)[]> {
  const parts = await Promise.all(
    entries.map(async (entry) => {
      const head = `${entry.kind} ${entry.mode} ${entry.path}`
      if (entry.kind === 'file') return [head, 'bytes' in entry ? entry.bytes : await readFile(entry.source)]
      return [head, entry.kind === 'link' ? entry.target : '']
    }),
  )
  return parts.flat()
}
