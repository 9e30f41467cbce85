// When the next commit begins. One costs much the same whatever it holds: two turns of a thread, a write and a flush of the
// disk, or an exchange with the collector. Under load records therefore wait a little for company; alone they do not.

/** Under load commits begin so many milliseconds apart: a record is the later by at most that, and by half of it on average. */
const apart = 2
/** Records a millisecond up to which none waits, and from which on each commit keeps its distance. */
const busy = { from: 1, full: 2 } as const
/** Time over which arrivals are looked at, milliseconds. */
const memory = 25

export class Pace {
  /** Records of the commits before, each the less the longer ago. */
  #lately = 0
  /** When the commit before began. */
  #before = Number.NEGATIVE_INFINITY

  /** Milliseconds, whole, that the next commit waits; 0: it begins in this turn of the event loop. `now`: steady, milliseconds. */
  wait(now: number): number {
    const load = Math.min(1, Math.max(0, (this.#lately / memory - busy.from) / (busy.full - busy.from)))
    return Math.max(0, Math.round(apart * load - (now - this.#before)))
  }

  /** A commit of so many records begins. */
  began(now: number, records: number): void {
    this.#lately = this.#lately * Math.exp((this.#before - now) / memory) + records
    this.#before = now
  }
}
