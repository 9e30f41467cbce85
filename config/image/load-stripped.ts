// In the image only, before any program: sources there have no types left (strip.ts), so Node need not load what takes
// them away, which is 30 MB of every process. Without this file the programs run all the same, on that memory.

import { readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { fileURLToPath } from 'node:url'

const home = new URL('.', import.meta.url).href
const modules = new URL('node_modules/', import.meta.url).href

const isOurs = (url: string): boolean =>
  url.startsWith(home) && !url.startsWith(modules) && url.endsWith('.ts')

registerHooks({
  // A path from one of our files to another names a file as it is: nothing is to be looked up, 300 times before a sidecar runs.
  resolve(specifier, context, next) {
    if (!/^\.\.?\/.*\.ts$/.test(specifier) || !isOurs(context.parentURL ?? ''))
      return next(specifier, context)
    return { url: new URL(specifier, context.parentURL).href, format: 'module', shortCircuit: true }
  },
  load(url, context, next) {
    if (!isOurs(url)) return next(url, context)
    return { format: 'module', source: readFileSync(fileURLToPath(url)), shortCircuit: true }
  },
})
