// Compiles pkcs11js from the source in its package: install scripts are off, and its own would fetch Node's headers, which
// lie beside the Node binary here. node config/image/pkcs11-addon.ts does it for this checkout.

import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { checkout } from './base.ts'
import { exists } from './cache.ts'
import { run } from './run.ts'

/** Where a `node_modules` has the addon. */
export const addonIn = (modules: string): string =>
  join(modules, 'pkcs11js', 'build', 'Release', 'pkcs11.node')

/** Makes the addon in this `node_modules`, if it is not there. The same source and compiler give the same bytes. */
export async function buildPkcs11Addon(modules: string): Promise<void> {
  const source = join(modules, 'pkcs11js')
  const addon = addonIn(modules)
  if (await exists(addon)) return
  const headers = join(checkout, 'node_modules', `node-linux-${process.arch}`, 'include', 'node')
  await mkdir(join(source, 'build', 'Release'), { recursive: true })
  const options = [
    '-shared',
    '-fPIC',
    '-O2',
    '-std=c++20',
    '-DNAPI_DISABLE_CPP_EXCEPTIONS',
    '-DNODE_GYP_MODULE_NAME=pkcs11',
  ]
  const files = ['src/dl.cpp', 'src/common.cpp', 'src/main.cpp']
  await run('g++', [...options, '-I', headers, '-I', 'includes', ...files, '-o', addon], { cwd: source })
}

if (import.meta.main) await buildPkcs11Addon(join(checkout, 'node_modules'))
