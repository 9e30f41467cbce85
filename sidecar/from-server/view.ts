// What of a server's message may leave: every text of it goes through one rule of the policy, and what patients it
// names is found on the way.

import type { Json } from '../../core/canonical.ts'
import type { Policy, TextRule } from '../../core/policy.ts'
import type { PatternTree } from '../pointer.ts'
import { type Projection, project } from '../redaction/project.ts'
import { look, survey } from '../redaction/survey.ts'
import { add, redactText, type Tally } from '../redaction/text.ts'

export type View = {
  readonly rule: TextRule
  readonly tally: Tally
  readonly patients: readonly string[]
  /** The text as it may leave; undefined when it may not. */
  text(value: unknown): string | undefined
  /** Any JSON, every string and member name of it looked at; undefined when nothing may leave. */
  json(value: unknown): Json | undefined
}

const nowhere: PatternTree = { named: new Map() }
const everything: PatternTree = { rule: 'from-server', named: new Map() }

/** `message`: all that the server sent, so that a name which stands anywhere in it is found everywhere in it. */
export function viewOf(message: unknown, rule: TextRule, { redaction }: Policy): View {
  const known = survey()
  look(message, nowhere, known)
  const by: Projection = {
    known,
    rules: { dates: redaction.dates, text: rule },
    tally: { redacted: {}, dropped: {} },
    kept: {},
    memberNames: new Map(),
  }
  const dropped = (): undefined => add(by.tally.dropped, 'server-text') as undefined
  return {
    rule,
    tally: by.tally,
    patients: [...known.patients],
    text(value) {
      if (typeof value !== 'string') return undefined
      // Here no field of a policy stands for the text: Drop leaves none of it.
      return rule === 'Drop' ? dropped() : redactText(value, known, by.rules, by.tally)
    },
    json(value) {
      if (value === undefined) return undefined
      return rule === 'Drop' ? dropped() : project(value as Json, everything, by)
    },
  }
}
