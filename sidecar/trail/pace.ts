// When the next commit begins. One costs much the same whatever it holds: two turns of a thread, a write and a flush of the
// disk, or an exchange with the collector. Under load records therefore wait a little for company, and the more come the longer:
// alone they do not.

/** Records a millisecond up to which none waits. */
const quiet = 1
/** For each record a millisecond beyond that, commits begin so many milliseconds further apart. */
const further = 2
/** Commits begin at most so many milliseconds apart: a record is the later by no more than that, and by half of it on average. */
const most = 5
/** Time over which arrivals are looked at, milliseconds. */
const memory = 25

export class Pace {
  /** Records of the commits before, each the less the longer ago. */
  #lately = 0
  /** When the commit before began. */
  #before = Number.NEGATIVE_INFINITY

  /** Milliseconds, whole, that the next commit waits; 0: it begins in this turn of the event loop. `now`: steady, milliseconds. */
  wait(now: number): number {
    const apart = Math.min(most, Math.max(0, (this.#lately / memory - quiet) * further))
    return Math.max(0, Math.round(apart - (now - this.#before)))
  }

  /** A commit of so many records begins. */
  began(now: number, records: number): void {
    this.#lately = this.#lately * Math.exp((this.#before - now) / memory) + records
    this.#before = now
  }
}
