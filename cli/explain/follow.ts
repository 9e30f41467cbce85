// What became of each place of a document: a projection followed from place to place, by the very function that cuts
// results. Values stay out of it: it keeps names of members, rules and counts.

import type { Tally } from '../../core/redaction/counts.ts'
import type { Projection, Trace } from '../../core/redaction/project.ts'
import { identifies } from '../../core/redaction/text.ts'

/** What became of a place, with all below it. */
export type Fate = {
  /** Members and items on the way to it, as they are in the document. */
  readonly path: readonly string[]
  readonly verdict: 'kept' | 'redacted' | 'dropped'
  /** The pattern that keeps it, or why it is dropped: a word of the tally. */
  readonly rule: string
  /** Kinds of identifiers that were replaced in it, and how often. */
  readonly found: { readonly [kind: string]: number }
}

export type Following = { readonly trace: Trace; readonly fates: Fate[] }

/** Follows one projection. `tally`: that of the projection, which says what was found meanwhile. */
export function follow(tally: Tally): Following {
  const fates: Fate[] = []
  const path: string[] = []
  const marks: number[] = []
  let redacted = { ...tally.redacted }
  let dropped = { ...tally.dropped }
  const seen = (): { found: Fate['found']; why: string | undefined } => {
    const found = more(tally.redacted, redacted)
    const [why] = Object.keys(more(tally.dropped, dropped))
    redacted = { ...tally.redacted }
    dropped = { ...tally.dropped }
    return { found, why }
  }
  return {
    fates,
    trace: {
      into(step) {
        path.push(String(step))
        marks.push(fates.length)
      },
      out(gone) {
        const mark = marks.pop() ?? 0
        if (gone === true) {
          seen()
          fates.splice(mark, Number.POSITIVE_INFINITY, {
            path: [...path.slice(0, -1), unnamed],
            verdict: 'dropped',
            rule: 'member-name',
            found: {},
          })
        }
        path.pop()
      },
      decided(rule) {
        const { found, why } = seen()
        fates.push({
          path: [...path],
          verdict: rule === undefined ? 'dropped' : Object.keys(found).length > 0 ? 'redacted' : 'kept',
          rule: rule ?? why ?? 'not-allowed',
          found,
        })
      },
    },
  }
}

/** In place of a name that identifies somebody, or may. */
const unnamed = '(a name)'

/** Names of members as they may be shown: those that could identify somebody are left out. */
export function shownNames({ known }: Pick<Projection, 'known'>): (name: string) => string {
  const judged = new Map<string, string>()
  return (name) => {
    const before = judged.get(name)
    if (before !== undefined) return before
    const plain = /^[A-Za-z_$@*][\w$@:.-]{0,63}$/.test(name) || /^\d{1,6}$/.test(name)
    const shown = plain && !identifies(name, known) ? name : unnamed
    judged.set(name, shown)
    return shown
  }
}

function more(
  now: { readonly [kind: string]: number },
  before: { readonly [kind: string]: number },
): {
  [kind: string]: number
} {
  return Object.fromEntries(
    Object.entries(now)
      .map(([kind, count]): [string, number] => [kind, count - (before[kind] ?? 0)])
      .filter(([, count]) => count > 0),
  )
}
