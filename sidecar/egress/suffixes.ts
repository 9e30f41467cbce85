// Which domain an app asks for that it may not: a thousand names under one are a tunnel (data in DNS questions), one is a
// name that somebody forgot to declare. The trail tells them apart, and says nothing that the app chose.

import type { KeyObject } from 'node:crypto'
import { hmac } from '../../core/hmac.ts'

/** Domains told apart in one period. All further ones are `undeclared` together. */
const most = 32

/**
 * The source under which a refused question is counted: `undeclared`, and a keyed hash of the last two labels. The text
 * itself may hold anything, of patients too; whoever holds the server's key can see whether it was this domain or that.
 */
export function undeclaredSources(options: {
  search: readonly string[]
  key: () => KeyObject | undefined
  everyMs: number
}): (name: string) => string {
  const { search, key, everyMs } = options
  let period = { began: performance.now(), sources: new Set<string>() }
  return (name) => {
    const hashes = key()
    if (hashes === undefined) return 'undeclared'
    const now = performance.now()
    if (now - period.began >= everyMs) period = { began: now, sources: new Set() }
    const source = `undeclared:${hmac(suffixOf(name, search), hashes).slice(0, 16)}`
    if (!period.sources.has(source) && period.sources.size >= most) return 'undeclared'
    period.sources.add(source)
    return source
  }
}

/** The last two labels, lower case; of a name that the app's resolver put a search domain behind, those before that. */
export function suffixOf(name: string, search: readonly string[]): string {
  const lower = name.toLowerCase().replace(/\.$/, '')
  const domain = search.find((one) => lower.endsWith(`.${one}`))
  const own = domain === undefined ? lower : lower.slice(0, -domain.length - 1)
  return own.split('.').slice(-2).join('.')
}
