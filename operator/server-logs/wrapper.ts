// What the wrapper of a stdio server counted in the standard error that it threw away (sidecar/wrapper/main.ts). It runs in
// the app's container, so its line is believed no further than numbers of a closed list.

import { isObject } from '../../core/is-object.ts'
import { logFindingKinds, type Tally } from '../../core/log-identifiers.ts'

/** No line of it counts more. */
const most = 1_000_000

export function fromWrapper(lines: string): Tally {
  const into: Tally = {}
  for (const line of lines.split('\n')) {
    if (!line.includes('"program":"wrapper"')) continue
    const found = identifiersIn(line)
    for (const kind of logFindingKinds) {
      const count = found?.[kind]
      if (typeof count === 'number' && Number.isInteger(count) && count > 0 && count <= most)
        into[kind] = (into[kind] ?? 0) + count
    }
  }
  return into
}

function identifiersIn(line: string): { readonly [kind: string]: unknown } | undefined {
  try {
    const said: unknown = JSON.parse(line)
    const found = isObject(said) ? said['identifiers'] : undefined
    return isObject(found) ? found : undefined
  } catch {
    return undefined
  }
}
