// Comparing what is with what we would have injected: field by field, with a table of what may differ and why.

/** Members of our containers that may differ. Anything else that differs is refused, named. */
const tolerated: { [member: string]: string } = {
  resources:
    'LimitRanger, quotas and in-place resize set them; too little only makes the sidecar slow or restart',
  resizePolicy: 'a default of the API server for in-place resize',
}

/**
 * Paths at which `seen` differs from `wanted`, in the words that a person reads in the pod. At the root of a container
 * the tolerated members are left out.
 */
export function differences(seen: unknown, wanted: unknown, path: string): string[] {
  return unequal(untolerated(seen), untolerated(wanted), path)
}

/** `wanted` with the tolerated members as `seen` has them: otherwise two webhooks would write in turns. */
export function tolerant<Members extends object>(wanted: Members, seen: object | undefined): Members {
  const kept = Object.entries(seen ?? {}).filter(([name]) => Object.hasOwn(tolerated, name))
  return { ...wanted, ...Object.fromEntries(kept) }
}

/** The same without any tolerance. Null and the empty list count as absent, as they do for the API server. */
export function unequal(seen: unknown, wanted: unknown, path: string): string[] {
  if (isObject(seen) && isObject(wanted)) {
    const names = new Set([...Object.keys(wanted), ...Object.keys(seen)])
    return [...names].flatMap((name) => unequal(seen[name], wanted[name], `${path}.${name}`))
  }
  const [left, right] = [present(seen), present(wanted)]
  if (!Array.isArray(left) || !Array.isArray(right)) return left === right ? [] : [path]
  if (left.length !== right.length) return [path]
  return left.flatMap((item, index) => unequal(item, right[index], `${path}[${nameOf(right[index], index)}]`))
}

function untolerated(value: unknown): unknown {
  if (!isObject(value)) return value
  return Object.fromEntries(Object.entries(value).filter(([name]) => !Object.hasOwn(tolerated, name)))
}

function present(value: unknown): unknown {
  return value === null || (Array.isArray(value) && value.length === 0) ? undefined : value
}

function isObject(value: unknown): value is { [member: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function nameOf(item: unknown, index: number): string {
  return isObject(item) && typeof item['name'] === 'string' ? item['name'] : String(index)
}
