// One chain against what its checkpoint and the registry log say of it. Takes records one by one or in runs, so that a trail
// of any size is verified in little memory: of its calls, those are kept that have no result yet.

import { appendRun } from '../../core/leaf-run.ts'
import { leafHash, Tree } from '../../core/merkle.ts'
import { type AuditRecord, type Ending, type Predecessor, parseRecord } from '../../core/record.ts'
import { recordKinds } from '../../core/record-shape.ts'
import { odd, scanned, scanRecord } from '../../core/scan/scan.ts'
import type { Finding } from './finding.ts'
import type { Checked } from './note-check.ts'
import { OpenCalls } from './open-calls.ts'
import type { Expected, Mark } from './registry-check.ts'
import { type Fact, factIn, factOf, type Job, type Run, type Slot } from './run.ts'

export type ChainReport = {
  origin: string
  records: number
  /** Index of the last record that a signature covers; -1 for none. */
  through: number
  /** Seconds since 1970; the time of the witness's statement that covers the last record. */
  witnessed?: number
  state: 'live' | Ending
  /** Calls whose result is unknown: they may have run. */
  unknown: string[]
  /**
   * Where the pod's clock went back furthest, and by how much: order is that of the chain all the same, and the times of
   * witnesses are those to rely on. Absent where it went back by a second at most.
   */
  clockBack?: { index: number; seconds: number }
  /**
   * The chain of its pod that it succeeds, by the registry log; absent where there is none. `named`: its first record says so as
   * well; `size`: how many records of it were there then, of which its first record has the root that the log has.
   */
  before?: { origin: string; named: boolean; size?: number }
  /** Calls of a live chain that were not settled when it was exported. */
  open: number
  findings: Finding[]
}

const closed = recordKinds.indexOf('chain-closed')

/** More of one kind tell nothing new. */
const findingsAtMost = 20

export class ChainCheck {
  readonly #expected: Expected
  readonly #checkpoint: Checked | undefined
  readonly #registryTime: number | undefined
  readonly #tree = new Tree()
  readonly #open = new OpenCalls()
  readonly #findings: Finding[] = []
  // Size up to which a signed root was seen to hold.
  #proved = 0
  // Once one root is wrong, all that follow are.
  #broken = false
  #closed = false
  // Milliseconds since 1970: the latest time that a record had so far.
  #latest = Number.NEGATIVE_INFINITY
  #clockBack: ChainReport['clockBack']
  #last: AuditRecord['kind'] | undefined
  readonly #marks: Mark[]
  readonly #outside: number | undefined
  readonly #archived: number
  #nextMark = 0
  #named: { named: boolean; size?: number } = { named: false }

  /**
   * `registryTime`: when the registry log, which covers what the checkpoint does not, was witnessed. `outside`: only what so
   * many records of that log say counts as proved, since witnesses outside signed them. `segments`: the records come out of the
   * archive's segments, each of which has the hash that the registry log says.
   */
  constructor(
    expected: Expected,
    checkpoint: Checked | undefined,
    registryTime: number | undefined,
    outside?: number,
    segments = false,
  ) {
    const { archived } = expected
    this.#archived =
      segments && archived !== undefined && archived.index < (outside ?? Infinity) ? archived.to : 0
    // What lives is archived behind its end: nothing is truncated that the log does not call archived.
    const waits = segments && expected.ended === undefined
    this.#expected = waits
      ? { ...expected, marks: expected.marks.filter(({ size }) => size <= (archived?.to ?? 0)) }
      : expected
    this.#checkpoint = checkpoint
    this.#registryTime = registryTime
    this.#outside = outside
    this.#marks = this.#expected.marks.toSorted((a, b) => a.size - b.size)
    this.#compare()
  }

  /** Of what was taken so far. */
  get tree(): Tree {
    return this.#tree
  }

  /** Sizes at which a root is compared, in order. */
  get sizes(): number[] {
    return [
      ...(this.#checkpoint === undefined ? [] : [this.#checkpoint.size]),
      ...this.#marks.map(({ size }) => size),
    ]
  }

  /** The next record. `ended`: its line ends in a newline. Returns it, if it is one. */
  read(bytes: Buffer, ended: boolean): AuditRecord | undefined {
    let record: AuditRecord | undefined
    try {
      record = parseRecord(bytes)
    } catch {
      // Judged below: it is none.
    }
    this.#next(bytes, ended, record === undefined ? undefined : factOf(record))
    return record
  }

  /** The same, made without an object of the record: what is judged of it. */
  take(bytes: Buffer, ended: boolean): Fact | undefined {
    const fact = factOfLine(bytes)
    this.#next(bytes, ended, fact)
    return fact
  }

  /** The next run of records. `grown` is called after each of its parts. */
  takeRun(slot: Slot, { counts }: Job, { peaks, odd: odds }: Run, grown: () => void): void {
    const bytes = Buffer.from(slot.bytes.buffer, slot.bytes.byteOffset, slot.bytes.length)
    // What was read whole was not told apart with the others.
    const mixed = [...odds.values()].some((fact) => fact?.call !== undefined)
    let at = 0
    counts.forEach((count, part) => {
      const first = this.#tree.size - at
      for (const end = at + count; at < end; at += 1) {
        const kind = slot.kinds[at] as number
        if (kind === odd) {
          this.#judge(odds.get(at), first + at)
          continue
        }
        this.#clock(slot.times[at] as number, first + at)
        const [from, to] = [slot.calls[2 * at], slot.calls[2 * at + 1]] as [number, number]
        // Most calls are answered in the run that they stand in, and are no matter of what is open; but for one that is open
        // from before, which has its intent already. An intent and its result must be judged alike, whatever opens between them.
        const settled = !mixed && slot.loose[at] === 0 && (to === 0 || !this.#open.hasAt(bytes, from, to))
        if (settled && kind !== closed && !this.#closed && first + at > 0) continue
        const call = to === 0 || settled ? undefined : bytes.toString('latin1', from, to)
        this.#follow(recordKinds[kind] as AuditRecord['kind'], call, first + at)
      }
      if (at > 0 && slot.kinds[at - 1] !== odd) this.#last = recordKinds[slot.kinds[at - 1] as number]
      appendRun(this.#tree, peaks[part] as Run['peaks'][number])
      this.#compare()
      grown()
    })
  }

  #next(bytes: Buffer, ended: boolean, fact: Fact | undefined): void {
    const index = this.#tree.size
    if (!ended) this.#find('the file ends in the middle of this record', index)
    this.#judge(fact, index)
    this.#tree.append(leafHash(bytes))
    this.#compare()
  }

  finish(): ChainReport {
    const { size } = this.#tree
    const { origin, ended, marks, before } = this.#expected
    const checkpoint = this.#checkpoint
    if (checkpoint !== undefined && checkpoint.size > size)
      this.#find(`it has ${size} records, its checkpoint covers ${checkpoint.size}: it is truncated`)
    for (const mark of marks.filter((each) => each.size > size))
      this.#find(
        `it has ${size} records, record ${mark.index} of the registry log covers ${mark.size}: it is truncated`,
      )
    const witnessed = Math.max(0, ...marks.map((mark) => mark.witnessed))
    if ((checkpoint?.size ?? 0) < witnessed)
      this.#find(`a checkpoint of ${witnessed} records was cosigned, and is not here`)
    const proving = this.#outside === undefined ? (checkpoint?.size ?? 0) : 0
    if (!this.#broken && this.#archived === size) this.#proved = size
    const covered = Math.max(
      proving,
      this.#archived,
      ...marks.filter((mark) => this.#counts(mark)).map((mark) => mark.size),
    )
    const nobody = this.#outside === undefined ? 'no signature covers' : 'no witness outside signed for'
    if (size > covered) this.#find(`${nobody} it or what follows`, covered)
    if (ended === 'closed' && this.#last !== 'chain-closed' && size === covered)
      this.#find('the registry log says that it closed, its last record does not')
    const through = this.#proved - 1
    const own = this.#outside === undefined && checkpoint !== undefined && checkpoint.size >= this.#proved
    const time = own ? checkpoint.time : this.#registryTime
    return {
      origin,
      records: size,
      through,
      ...(time === undefined || through < 0 ? {} : { witnessed: time }),
      state: ended ?? 'live',
      unknown: ended === undefined ? [] : [...this.#open],
      ...(this.#clockBack === undefined ? {} : { clockBack: this.#clockBack }),
      ...(before === undefined ? {} : { before: { origin: before.origin, ...this.#named } }),
      open: ended === undefined ? this.#open.size : 0,
      findings: this.#findings,
    }
  }

  /** Compares with every statement about this size. */
  #compare(): void {
    const { size } = this.#tree
    if (this.#checkpoint?.size === size)
      this.#prove(this.#checkpoint.root.toString('base64'), 'its checkpoint', this.#outside === undefined)
    for (
      let mark = this.#marks[this.#nextMark];
      mark !== undefined && mark.size <= size;
      mark = this.#marks[++this.#nextMark]
    ) {
      this.#prove(mark.root, `record ${mark.index} of the registry log`, this.#counts(mark))
      if (mark.unknown !== undefined) this.#compareUnknown(mark)
    }
  }

  #counts({ index }: Mark): boolean {
    return this.#outside === undefined || index < this.#outside
  }

  #prove(root: string, by: string, counts: boolean): void {
    const { size } = this.#tree
    if (this.#tree.root().toString('base64') === root) {
      if (counts) this.#proved = size
      return
    }
    if (this.#broken) return
    this.#broken = true
    const from = this.#proved
    const which =
      from === size - 1
        ? `record ${from} is not what`
        : `one or more of records ${from} to ${size - 1} are not what`
    this.#find(`${which} ${by} says`)
  }

  #compareUnknown({ index, unknown }: Mark): void {
    for (const call of this.#open)
      if (!unknown?.has(call))
        this.#find(
          `call ${call} has no result, and record ${index} of the registry log does not list it as unknown`,
        )
    for (const call of unknown ?? [])
      if (!this.#open.has(call))
        this.#find(
          `record ${index} of the registry log lists call ${call} as unknown, which is not open here`,
        )
  }

  #judge(fact: Fact | undefined, index: number): void {
    if (fact === undefined) {
      this.#find('it is no record in canonical form: it was changed or cut', index)
      return
    }
    this.#clock(fact.time, index)
    this.#follow(fact.kind, fact.call, index)
    if (fact.kind !== 'chain-started') return
    if (fact.origin !== this.#expected.origin) this.#find('it is the start of another chain', index)
    if (fact.before !== undefined) this.#succeeds(fact.before, index)
  }

  /** Whether the registry log has the chain before as this one's first record names it. Roots of that log are compared with that chain. */
  #succeeds({ origin, ended }: Predecessor, index: number): void {
    const { before } = this.#expected
    if (before?.origin !== origin) {
      this.#find(
        `it names ${origin} as the chain before it; the registry log has ${before?.origin ?? 'none'} there`,
        index,
      )
      return
    }
    const isSaid = before.marks.some(
      ({ what, size, root }) => what === 'ended' && size === ended?.size && root === ended.root,
    )
    if (ended !== undefined && !isSaid)
      this.#find(
        `it says that ${origin} ended with ${ended.size} records; the registry log has no such end of it`,
        index,
      )
    else this.#named = { named: true, ...(ended === undefined ? {} : { size: ended.size }) }
  }

  #clock(time: number, index: number): void {
    const seconds = Math.floor((this.#latest - time) / 1000)
    if (seconds > (this.#clockBack?.seconds ?? 1)) this.#clockBack = { index, seconds }
    if (time > this.#latest) this.#latest = time
  }

  /** Whether it may come after those before it. */
  #follow(kind: AuditRecord['kind'], call: string | undefined, index: number): void {
    if ((kind === 'chain-started') !== (index === 0))
      this.#find('a chain begins with chain-started, once', index)
    if (this.#closed) this.#find('it follows chain-closed', index)
    if (kind === 'chain-closed') this.#closed = true
    if (call !== undefined && kind === 'intent') {
      if (this.#open.has(call)) this.#find('its call has an intent already', index)
      this.#open.add(call)
    }
    if (call !== undefined && kind === 'result') {
      if (!this.#open.delete(call)) this.#find('its call has no intent, or a result already', index)
    }
    this.#last = kind
  }

  #find(says: string, index?: number): void {
    if (this.#findings.length >= findingsAtMost) return
    this.#findings.push({ where: this.#expected.origin, ...(index === undefined ? {} : { index }), says })
  }
}

/** What is judged of a record that stands by itself; undefined where it is none. What is rare is read whole. */
function factOfLine(bytes: Buffer): Fact | undefined {
  const kind = recordKinds[scanRecord(bytes)]
  if (kind === undefined || kind === 'chain-started') return factIn(bytes)
  const [time, from, to] = [scanned.times[0], scanned.calls[0], scanned.calls[1]] as [number, number, number]
  const call = to === 0 ? {} : { call: bytes.toString('latin1', from - 1, to - 1) }
  return { kind, time, ...call }
}
