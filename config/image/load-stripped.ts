// In the image only, before any program: sources there have no types left (strip.ts), so Node need not load what takes
// them away, which is 30 MB of every process. Without this file the programs run all the same, on that memory.

import { readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { fileURLToPath } from 'node:url'

const home = new URL('.', import.meta.url).href
const modules = new URL('node_modules/', import.meta.url).href

/**
 * `import` reads every name of a module of Node's own, wanted or not. Behind these stands all of fetch: 12 MB and 55 ms of
 * every process that serves or asks by HTTP, and no program of the image takes one of them from there.
 */
const unread = ['WebSocket', 'CloseEvent', 'MessageEvent']
const http = new URL('node-http', home).href

function httpWithout(names: readonly string[]): string {
  const read = Object.keys(process.getBuiltinModule('node:http')).filter((name) => !names.includes(name))
  return `const http = process.getBuiltinModule('node:http')
export default http
export const { ${read.join(', ')} } = http`
}

const isOurs = (url: string): boolean =>
  url.startsWith(home) && !url.startsWith(modules) && url.endsWith('.ts')

registerHooks({
  // A path from one of our files to another names a file as it is: nothing is to be looked up. The sidecar is one file,
  // other programs are many.
  resolve(specifier, context, next) {
    if (/^(node:)?http$/.test(specifier) && context.conditions.includes('import'))
      return { url: http, format: 'module', shortCircuit: true }
    if (!/^\.\.?\/.*\.ts$/.test(specifier) || !isOurs(context.parentURL ?? ''))
      return next(specifier, context)
    return { url: new URL(specifier, context.parentURL).href, format: 'module', shortCircuit: true }
  },
  load(url, context, next) {
    if (url === http) return { format: 'module', source: httpWithout(unread), shortCircuit: true }
    if (!isOurs(url)) return next(url, context)
    return { format: 'module', source: readFileSync(fileURLToPath(url)), shortCircuit: true }
  },
})
