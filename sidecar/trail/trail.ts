// What the pipeline asks of the trail. Who acknowledges, the chain's home says (home.ts).

import type { Entry } from '../../core/record.ts'

export type EntryOf<Kind extends Entry['kind']> = Extract<Entry, { kind: Kind }>

export interface Trail {
  /** Resolves only when the intent would survive power loss. Rejects: nothing may be sent upstream. */
  intend(entry: EntryOf<'intent'>): Promise<void>
  /** Resolves only when the result would survive power loss. Rejects: no byte of the answer may leave. */
  settle(entry: EntryOf<'result'>): Promise<void>
  /** Resolves only when the event would survive power loss. Rejects: no byte of it may leave. */
  event(entry: EntryOf<'event'>): Promise<void>
  /** Resolves only when the refusal would survive power loss. */
  refuse(entry: EntryOf<'refusal'>): Promise<void>
  /** Any other record: orders in force, counts, certificates that were given out. */
  note(entry: EntryOf<'orders' | 'counted' | 'enrolment'>): Promise<void>
  /** Why nothing can be recorded now, kebab-case; undefined while all is well. `/readyz` shows it. */
  trouble(): string | undefined
}
