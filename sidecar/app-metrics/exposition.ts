// Prometheus' text format (version 0.0.4), one line at a time. Pure, and linear in the line's length whatever stands in it.

/** `type` of a family, as a `# TYPE` line says. */
const metricTypes = ['counter', 'gauge', 'histogram', 'summary'] as const
export type MetricType = (typeof metricTypes)[number]

export type Sample = {
  readonly name: string
  readonly labels: readonly (readonly [name: string, value: string])[]
  readonly value: number
}

/** Longest line that is read, characters. */
const longest = 4_096

const typeLine = /^#[ \t]+TYPE[ \t]+([a-zA-Z_:][a-zA-Z0-9_:]*)[ \t]+([a-z]+)$/
const metricName = /[a-zA-Z_:][a-zA-Z0-9_:]*/y
const labelsOpen = /[ \t]*\{/y
const labelPair = /[ \t]*([a-zA-Z_][a-zA-Z0-9_]*)[ \t]*=[ \t]*"((?:[^"\\]|\\.)*)"[ \t]*(,?)/y
/** The value, a time that nobody needs, and what OpenMetrics puts behind a `#`: exemplars, which name single requests. */
const rest = /[ \t]+([^ \t]+)(?:[ \t]+[-+.0-9eE]+)?[ \t]*(?:#.*)?$/y

/** The family and type that a line declares; undefined for every other line, and for types that are none of ours. */
export function typeIn(line: string): { family: string; type: MetricType } | undefined {
  const [, family, text] = typeLine.exec(line.slice(0, longest)) ?? []
  const type = metricTypes.find((one) => one === text)
  return family === undefined || type === undefined ? undefined : { family, type }
}

/** Undefined for a line that is no sample. */
export function sampleIn(line: string): Sample | undefined {
  if (line.length > longest) return undefined
  const name = match(metricName, line, 0)?.[0]
  if (name === undefined) return undefined
  let at = name.length
  const labels: [string, string][] = []
  const opens = match(labelsOpen, line, at)?.[0]
  if (opens !== undefined) {
    at += opens.length
    for (let more = true; more; ) {
      const pair = match(labelPair, line, at)
      if (pair === undefined) break
      at += pair[0].length
      const label = pair[1] as string
      if (labels.some(([known]) => known === label)) return undefined
      labels.push([label, unescaped(pair[2] as string)])
      more = pair[3] === ','
    }
    if (line[at] !== '}') return undefined
    at += 1
  }
  const value = numberOf(match(rest, line, at)?.[1])
  return value === undefined ? undefined : { name, labels, value }
}

/** A number as the format writes it; undefined for anything else. */
export function numberOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const named = byName.get(text.toLowerCase())
  if (named !== undefined) return named
  return /^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/.test(text) ? Number(text) : undefined
}

const byName: ReadonlyMap<string, number> = new Map([
  ['nan', Number.NaN],
  ['inf', Infinity],
  ['+inf', Infinity],
  ['-inf', -Infinity],
])

/** A number in the format's own words. */
export function textOf(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  return Number.isFinite(value) ? String(value) : value > 0 ? '+Inf' : '-Inf'
}

function match(pattern: RegExp, line: string, at: number): RegExpExecArray | undefined {
  pattern.lastIndex = at
  return pattern.exec(line) ?? undefined
}

const unescaped = (text: string): string =>
  text.replaceAll(/\\(.)/g, (_, letter: string) => (letter === 'n' ? '\n' : letter))
