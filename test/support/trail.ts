// A trail in memory, with failure switches. Order of events is kept in `log`, which other edges of a test may share.

import type { Entry } from '../../core/record.ts'
import type { EntryOf, Trail } from '../../sidecar/trail/trail.ts'

type Verb = 'intend' | 'settle' | 'event' | 'refuse' | 'note'
/** rejects: not persisted. keeps and rejects: persisted, and the acknowledgement lost. hangs: never answers. */
type Failure = 'rejects' | 'keeps and rejects' | 'hangs'

export type MemoryTrail = Trail & {
  readonly entries: Entry[]
  readonly log: string[]
  /** Set or clear a failure of one verb. */
  fail: { [verb in Verb]?: Failure }
  /** Waits before each acknowledgement, milliseconds. */
  delay: number
  of<Kind extends Entry['kind']>(kind: Kind): EntryOf<Kind>[]
}

export function memoryTrail(log: string[] = []): MemoryTrail {
  const entries: Entry[] = []
  const keep = async (verb: Verb, name: string, entry: Entry): Promise<void> => {
    const failure = trail.fail[verb]
    if (trail.delay > 0) await new Promise((resolve) => setTimeout(resolve, trail.delay))
    if (failure !== undefined) {
      log.push(`${name} ${failure}`)
      if (failure === 'keeps and rejects') entries.push(entry)
      if (failure === 'hangs') await new Promise(() => undefined)
      throw new Error('disk full')
    }
    entries.push(entry)
    log.push(name)
  }
  const trail: MemoryTrail = {
    entries,
    log,
    fail: {},
    delay: 0,
    of: <Kind extends Entry['kind']>(kind: Kind) =>
      entries.filter((entry): entry is EntryOf<Kind> => entry.kind === kind),
    intend: async (entry) => await keep('intend', 'intent', entry),
    settle: async (entry) => await keep('settle', `result ${entry.outcome}`, entry),
    event: async (entry) => await keep('event', `event ${entry.method}`, entry),
    refuse: async (entry) => await keep('refuse', `refusal ${entry.reason}`, entry),
    note: async (entry) => await keep('note', entry.kind, entry),
    trouble: () => undefined,
  }
  return trail
}
