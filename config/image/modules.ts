// The production dependencies, installed from the lockfile alone into a folder of the cache.

import { copyFile, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { checkout } from './base.ts'
import { cached, cacheFolder, hashOf } from './cache.ts'
import { hashOfFile, type Layer, layer } from './layer.ts'
import { buildPkcs11Addon } from './pkcs11-addon.ts'
import { type Log, progress } from './progress.ts'
import { run } from './run.ts'
import { entriesOf } from './tar.ts'

export const home = 'opt/hipaa-mcp'

/** The layer of `node_modules`, made once for each lockfile; npm holds every package against the lockfile's hash. */
export async function modulesLayer(log: Log): Promise<Layer> {
  const files = ['package.json', 'package-lock.json', '.npmrc']
  const key = hashOf([
    'modules 2',
    ...(await Promise.all(files.map(async (file) => await hashOfFile(join(checkout, file))))),
  ])
  return await progress('packing production dependencies', log, async () => {
    return await layer('modules', key, 'gzip', async () => {
      const folder = await cached(join(cacheFolder, 'modules', key.slice(0, 24)), async (draft) => {
        await mkdir(draft, { recursive: true })
        for (const file of files) await copyFile(join(checkout, file), join(draft, file))
        // Optional dependencies are the Node binary of each platform; it lies in the base layer.
        await run(
          'npm',
          ['ci', '--omit=dev', '--omit=optional', '--ignore-scripts', '--no-audit', '--no-fund'],
          {
            cwd: draft,
          },
        )
        await buildPkcs11Addon(join(draft, 'node_modules'))
      })
      return await entriesOf(join(folder, 'node_modules'), `${home}/node_modules`, isRead, true)
    })
  })
}

// Node never runs TypeScript below node_modules, so sources and declarations there are for readers only.
const unread = [
  /\.[cm]?ts$/,
  /\.map$/,
  /\.tsbuildinfo$/,
  /\.flow$/,
  /(^|\/)(README|CHANGELOG|HISTORY|CONTRIBUTING)[^/]*$/i,
]
const unreadFolders = new Set([
  'test',
  'tests',
  '__tests__',
  'docs',
  'example',
  'examples',
  'benchmark',
  'benchmarks',
  'bench',
  '.github',
  '.bin',
])

/** Whether a path below node_modules is of use to a program, or a licence. Folders are judged at a package's own top. */
export function isRead(path: string, isFolder: boolean): boolean {
  const parts = path.split('/')
  const inPackage = parts.slice(parts.lastIndexOf('node_modules') + 1)
  const top = inPackage[0]?.startsWith('@') ? inPackage.slice(2) : inPackage.slice(1)
  if (isFolder) return !(path === '.bin' || (top.length === 1 && unreadFolders.has(top[0] ?? '')))
  return !unread.some((pattern) => pattern.test(path))
}
