// Times as people write them on a command line: a day, or an RFC 3339 time with its zone.

const form = /^(\d{4}-\d\d-\d\d)(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?$/
const dayMs = 86_400_000

/**
 * When it begins and when it is over, milliseconds since 1970: of a time both are the same. A day is one of UTC. Undefined for
 * what is neither, also for days that no calendar has: `Date` takes 30 February for 2 March.
 */
export function periodOf(text: string): { from: number; to: number } | undefined {
  const [, day, time] = form.exec(text) ?? []
  const from = Date.parse(text)
  if (day === undefined || Number.isNaN(from)) return undefined
  if (new Date(`${day}T00:00:00Z`).toISOString().slice(0, 10) !== day) return undefined
  return { from, to: time === undefined ? from + dayMs : from }
}
