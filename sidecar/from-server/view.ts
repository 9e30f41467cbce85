// What of a server's message may leave: every text of it goes through one rule of the policy, and what patients it
// names is found on the way.

import type { Json } from '../../core/canonical.ts'
import type { PatternTree } from '../../core/pointer.ts'
import type { TextRule } from '../../core/policy.ts'
import { add, type Tally } from '../../core/redaction/counts.ts'
import { hasIdForm } from '../../core/redaction/id-form.ts'
import { project, projection } from '../../core/redaction/project.ts'
import { learnId, look, survey } from '../../core/redaction/survey.ts'
import { identifies, redactText } from '../../core/redaction/text.ts'
import { fold } from '../../core/text/normalize.ts'
import { readings } from '../../core/text/prose.ts'
import { resultHash } from '../hashes.ts'
import type { InForce } from '../in-force.ts'

export type View = {
  readonly rule: TextRule
  readonly tally: Tally
  readonly patients: readonly string[]
  /** A word that is no free text, such as what names a logger or a model, as it came; undefined when it may not leave. */
  word(value: unknown): string | undefined
  /** An identifier that only the server understands, as something that says nothing; always the same for the same one. */
  opaque(value: unknown): string | undefined
  /** Whether an address's path names somebody, as far as can be seen. */
  names(path: string): boolean
  /** The text as it may leave; undefined when it may not. */
  text(value: unknown): string | undefined
  /** Any JSON, every string and member name of it looked at; undefined when nothing may leave. */
  json(value: unknown): Json | undefined
}

const nowhere: PatternTree = { named: new Map() }
const everything: PatternTree = { rule: 'from-server', named: new Map() }

/**
 * `message`: all that the server sent, so that a name which stands anywhere in it is found everywhere in it. `hidden`:
 * identifiers that its reader was not told.
 */
export function viewOf(
  message: unknown,
  rule: TextRule,
  inForce: InForce,
  hidden: readonly string[] = [],
): View {
  const { redaction } = inForce.policy
  const known = survey()
  look(message, nowhere, known)
  for (const id of hidden.map(fold)) if (hasIdForm(id)) learnId(id, known)
  const by = { ...projection(known, { dates: redaction.dates, text: rule }), reading: readings.text }
  const dropped = (): undefined => add(by.tally.dropped, 'server-text') as undefined
  // Here no field of a policy stands for the text: Drop leaves none of it.
  const text = (value: unknown): string | undefined => {
    if (typeof value !== 'string') return undefined
    return rule === 'Drop' ? dropped() : redactText(value, known, by.rules, by.tally, readings.text)
  }
  return {
    rule,
    tally: by.tally,
    patients: [...known.patients],
    text,
    // A word that was changed names nothing: it stays as it is, or goes.
    word: (value) => (token(value) !== undefined && text(value) === value ? (value as string) : undefined),
    names: (path) => rule !== 'Keep' && identifies(decoded(path), known, readings.value),
    opaque(value) {
      const id = token(value)
      if (id === undefined || rule === 'Keep') return id
      return `id-${resultHash(id, inForce).slice(-32)}`
    },
    json(value) {
      if (value === undefined) return undefined
      return rule === 'Drop' ? dropped() : project(value as Json, everything, by)
    },
  }
}

/** A word that is no free text: what names a logger, a model, a question. */
function token(value: unknown): string | undefined {
  return typeof value === 'string' && /^[A-Za-z0-9][A-Za-z0-9._:/+-]{0,63}$/.test(value) ? value : undefined
}

/** A path as a person reads it. */
function decoded(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}
