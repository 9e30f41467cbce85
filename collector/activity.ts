// When each person last did something over each certificate, in any pod of a server: a pod that just began asks, so that
// automatic logoff (45 CFR 164.312(a)(2)(iii)) neither forgets nor guesses. A function of the committed records.

import { isActivity } from '../core/activity.ts'
import type { AuditRecord, Who } from '../core/record.ts'

type Person = Pick<Who, 'iss' | 'sub' | 'certificate'>

/** The longest inactive goes first: to its pods it is unknown then, and unknown is idle. */
const mostSessions = 100_000

export class Activity {
  readonly #last = new Map<string, number>()

  /** A committed record of a server, `namespace/name`. */
  take(server: string, record: AuditRecord): void {
    if (record.kind !== 'intent' || !isActivity(record.method)) return
    const key = keyOf(server, record.who)
    const last = Math.max(this.#last.get(key) ?? 0, Date.parse(record.at))
    // Moved to the end: the map's order is the order of use.
    this.#last.delete(key)
    this.#last.set(key, last)
    if (this.#last.size > mostSessions) this.#last.delete(this.#last.keys().next().value as string)
  }

  /** Milliseconds since 1970; undefined when nothing is known. */
  last(server: string, who: Person): number | undefined {
    return this.#last.get(keyOf(server, who))
  }
}

function keyOf(server: string, { iss, sub, certificate }: Person): string {
  return JSON.stringify([server, iss, sub, certificate])
}
