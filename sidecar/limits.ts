// How much one person may do in a time, for each tool: calls per minute, calls about one patient, distinct patients and bytes of
// results per hour. Sliding windows, in memory, for this pod alone: three pods let a person do three times as much.

const minute = 60_000
const hour = 3_600_000
/** Persons and tools remembered at most; stale ones go first. */
const mostKeys = 100_000

/** Seconds after which to try again, or undefined when all is well. */
type Wait = number | undefined

export interface Limits {
  /** Counts a call of `key` (person and tool) unless `most` calls are in the last minute. */
  call(key: string, most: number, now: number): Wait
  /** Counts a call about each of these patients, unless one of them had `most` in the last hour; then none is counted. */
  callsOf(key: string, ids: readonly string[], most: number, now: number): Wait
  /** Counts an amount unless the last hour's would come to more than `most`. What is asked for with 0 is whether any is left. */
  amount(key: string, more: number, most: number, now: number): Wait
  /** Counts patients unless they would make more than `most` different ones in the last hour; then none is counted. */
  patients(key: string, ids: readonly string[], most: number, now: number): Wait
}

export function limits(): Limits {
  const calls = new Map<string, Times>()
  const seen = new Map<string, Map<string, number>>()
  const aboutOne = new Map<string, Sums>()
  const amounts = new Map<string, Sums>()

  return {
    callsOf(key, ids, most, now) {
      const all = ids.map((id) => sumsOf(aboutOne, `${key} ${id}`, now))
      for (const sums of all) if (sums.total + 1 > most) return untilLess(sums, sums.total + 1 - most, now)
      for (const sums of all) put(sums, 1, now)
      return undefined
    },

    amount(key, more, most, now) {
      const sums = sumsOf(amounts, key, now)
      // With nothing left even the smallest would be too much.
      const least = Math.max(more, 1)
      if (sums.total + least > most) return untilLess(sums, sums.total + least - most, now)
      if (more > 0) put(sums, more, now)
      return undefined
    },

    call(key, most, now) {
      const known = calls.get(key)
      const times = known ?? { list: [], first: 0 }
      forget(times, now - minute)
      if (times.list.length - times.first >= most) {
        return secondsUntil((times.list[times.first] as number) + minute, now)
      }
      times.list.push(now)
      if (known === undefined) remember(calls, key, times, ({ list }) => (list.at(-1) ?? 0) <= now - minute)
      return undefined
    },

    patients(key, ids, most, now) {
      if (ids.length === 0) return undefined
      const patients = seen.get(key) ?? new Map<string, number>()
      for (const [id, at] of patients) if (at <= now - hour) patients.delete(id)
      const more = new Set(ids.filter((id) => !patients.has(id)))
      if (patients.size + more.size > most) {
        const oldest = Math.min(now, ...patients.values())
        return secondsUntil(oldest + hour, now)
      }
      for (const id of ids) patients.set(id, now)
      if (!seen.has(key))
        remember(seen, key, patients, (old) => [...old.values()].every((at) => at <= now - hour))
      return undefined
    },
  }
}

/** Amounts of the last hour by the minute in which they were first counted, oldest first: sixty-one at most. */
type Sums = { total: number; readonly minutes: { readonly at: number; amount: number }[] }

/** The sums of a key, those that are over forgotten. A minute counts until its last moment is an hour ago. */
function sumsOf(all: Map<string, Sums>, key: string, now: number): Sums {
  const known = all.get(key)
  const sums = known ?? { total: 0, minutes: [] }
  while (sums.minutes.length > 0 && isOver(sums.minutes[0] as { at: number }, now))
    sums.total -= sums.minutes.shift()?.amount ?? 0
  if (known === undefined) remember(all, key, sums, ({ minutes }) => minutes.every((one) => isOver(one, now)))
  return sums
}

function isOver({ at }: { readonly at: number }, now: number): boolean {
  return at + minute + hour <= now
}

function put(sums: Sums, amount: number, now: number): void {
  const at = now - (now % minute)
  const last = sums.minutes.at(-1)
  if (last?.at === at) last.amount += amount
  else sums.minutes.push({ at, amount })
  sums.total += amount
}

/** Seconds after which so much less is counted; an hour when that will never be. */
function untilLess({ minutes }: Sums, less: number, now: number): number {
  let gone = 0
  for (const { at, amount } of minutes) {
    gone += amount
    if (gone >= less) return secondsUntil(at + minute + hour, now)
  }
  return hour / 1000
}

/** When calls were made, oldest first; those before `first` are forgotten. */
type Times = { list: number[]; first: number }

/** Forgets what is not younger than `since`. The list is cut when half of it is forgotten: shifting each costs as much as the list is long. */
function forget(times: Times, since: number): void {
  while (times.first < times.list.length && (times.list[times.first] as number) <= since) times.first += 1
  if (times.first * 2 <= times.list.length) return
  times.list = times.list.slice(times.first)
  times.first = 0
}

function secondsUntil(then: number, now: number): number {
  return Math.max(1, Math.ceil((then - now) / 1000))
}

/** Adds a key. A full map first forgets what is stale; when nothing is, it throws, and the call is refused. */
function remember<Value>(
  map: Map<string, Value>,
  key: string,
  value: Value,
  stale: (value: Value) => boolean,
): void {
  if (map.size >= mostKeys) {
    for (const [old, kept] of map) if (stale(kept)) map.delete(old)
    if (map.size >= mostKeys) throw new RangeError('More callers than limits can be kept for')
  }
  map.set(key, value)
}
