// Figures of redaction as a table: medians of the rounds, as ratios, which carry over between machines.

import { quantile } from './comparison.ts'
import { listed } from './other-work.ts'
import type { RedactionFigures } from './redaction-rows.ts'
import { markdown } from './table.ts'

/** One round. `memory` in bytes, `compile` in milliseconds. */
export type RedactionRound = {
  readonly rows: readonly RedactionFigures[]
  readonly memory: number
  readonly compile: number
}

/** Processor time that a policy may take of a sidecar's start, milliseconds. The kubelet gives it 60 s until it is ready (sidecar/started.ts). */
const startBudget = 2_000

export function redactionTable(rounds: readonly RedactionRound[]): string {
  const first = rounds[0]?.rows ?? []
  const rows = first.map(({ what, bytes, over, aim }, at) => {
    const median = (of: 'ratio' | 'microseconds'): number =>
      quantile(rounds.map(({ rows }) => rows[at]?.[of] ?? Number.NaN))
    return [
      `${what}, ${bytes.toLocaleString('en')} bytes`,
      `${median('ratio').toFixed(2)} × ${over}`,
      `≤ ${aim} ×`,
      `${median('microseconds').toFixed(0)} µs`,
    ]
  })
  const memory = quantile(rounds.map((round) => round.memory)) / 1e6
  const compile = quantile(rounds.map((round) => round.compile))
  return markdown([
    ['what', 'in proportion', 'aim', 'time'],
    ...rows,
    ['memory for the Bundle, besides its bytes', `${memory.toFixed(1)} MB`, '≤ 8 MB', ''],
    [
      `a policy of ${listed.all} tools, compiled`,
      '',
      `≤ ${startBudget.toLocaleString('en')} ms`,
      `${compile.toFixed(0)} ms CPU`,
    ],
  ])
}
