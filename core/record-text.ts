// The canonical text of a record, written while its members are looked at: one pass for what would be an object made, checked,
// looked at again for its order and then written. The shapes of record-shape.ts say what is looked for, so nothing is spelled twice.

import { canonical, type Json } from './canonical.ts'
import { isObject } from './is-object.ts'
import { type Entry, RecordTooLarge, recordLimit, recordSchema } from './record.ts'
import { common, recordKinds, shapeOf } from './record-shape.ts'
import type { Check } from './shape.ts'

/** Canonical text of a value that is as its row says; undefined where it is not. */
type Write = (value: unknown) => string | undefined
type Member = {
  readonly name: string
  /** Its name as text, with a colon. */
  readonly key: string
  readonly write: Write
  readonly must: boolean
  /** It is not looked for: the text of its value follows from when the record is made. */
  readonly told?: (at: string) => string
}
type Rows = { readonly [member: string]: Check | { readonly optional: Check } }

/** What JSON writes as it stands, between two quotes. */
const plain = /^[ !#-[\]-~]*$/

/** What JSON does not write as it stands, as far as a row's letters go, which are of ASCII and no control characters. */
const escapes = ['"', '\\'] as const
const bare = (value: string): string => `"${value}"`

function quoted(value: string): string {
  // The other way throws on a lone surrogate, which has no canonical form.
  return plain.test(value) ? `"${value}"` : canonical(value)
}

function writeOf(check: Check): Write {
  const { form } = check
  const otherwise: Write = (value) => (check(value) ? canonical(value as Json) : undefined)
  switch (form?.is) {
    case 'text':
      return (value) => (typeof value === 'string' ? quoted(value) : undefined)
    case 'spelled': {
      const write = escapes.some((each) => new RegExp(`[${form.chars}]`).test(each)) ? quoted : bare
      return (value) => (check(value) ? write(value as string) : undefined)
    }
    case 'count':
    case 'number':
      // Finite, by their checks. JSON has no other zero.
      return (value) => (check(value) ? String(value) : undefined)
    case 'among':
      return amongst(form.values)
    case 'list':
      return listed(writeOf(form.item))
    case 'object':
      return objectOf(membersIn(form.shape))
    case 'counts':
      return countsOr(otherwise)
    case 'time':
    case undefined:
  }
  return otherwise
}

function amongst(values: readonly unknown[]): Write {
  const texts = new Map(values.map((value) => [value, canonical(value as Json)]))
  return (value) => texts.get(value)
}

function listed(write: Write): Write {
  return (value) => {
    if (!Array.isArray(value)) return undefined
    let text = '['
    for (const item of value as readonly unknown[]) {
      const one = write(item)
      if (one === undefined) return undefined
      text += text.length === 1 ? one : `,${one}`
    }
    return `${text}]`
  }
}

/** Counts by name; `otherwise` where their names stand in no order, which is seldom: most have one, or were made in order. */
function countsOr(otherwise: Write): Write {
  return (value) => {
    if (!isObject(value)) return undefined
    let text = '{'
    let before: string | undefined
    for (const name of Object.keys(value)) {
      const count = value[name]
      if (!Number.isSafeInteger(count) || (count as number) < 0) return undefined
      if (before !== undefined && name < before) return otherwise(value)
      before = name
      text += `${text.length === 1 ? '' : ','}${quoted(name)}:${String(count)}`
    }
    return `${text}}`
  }
}

function membersIn(rows: Rows): Member[] {
  return Object.entries(rows)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, row]) => {
      const must = typeof row === 'function'
      return { name, key: `${quoted(name)}:`, write: writeOf(must ? row : row.optional), must }
    })
}

function objectOf(members: readonly Member[]): Write {
  return (value) => (isObject(value) ? membersText(value, members) : undefined)
}

/** Undefined where a member is malformed, or missing, or is none of these. */
function membersText(
  value: { readonly [member: string]: unknown },
  members: readonly Member[],
  at = '',
): string | undefined {
  // A member that is inherited is none of the record's. Most inherit none, so that nobody asks of each.
  const prototype: unknown = Object.getPrototypeOf(value)
  const inherits = prototype !== Object.prototype && prototype !== null
  let left = 0
  for (const _ in value) left += 1
  let text = '{'
  for (const { name, key, write, must, told } of members) {
    if (told === undefined) {
      const item = inherits && !Object.hasOwn(value, name) ? undefined : value[name]
      if (item === undefined) {
        if (must) return undefined
        continue
      }
      const one = write(item)
      if (one === undefined) return undefined
      text += text.length === 1 ? key + one : `,${key}${one}`
      left -= 1
    } else text += text.length === 1 ? key + told(at) : `,${key}${told(at)}`
  }
  // A member that is there and undefined is malformed as well: absent is the one way of not being said.
  return left === 0 ? `${text}}` : undefined
}

/** What every record has and no entry says. */
const told: { readonly [member: string]: (at: string) => string } = {
  at: (at) => `"${at}"`,
  schema: () => quoted(recordSchema),
}

const membersOf = new Map(
  recordKinds.map((kind) => [
    kind,
    membersIn({ ...shapeOf(kind), ...common }).map((member) => {
      const own = told[member.name]
      return own === undefined ? member : { ...member, told: own }
    }),
  ]),
)

/** RFC 3339, UTC, milliseconds; undefined outside of the years of four digits, which records have. */
function timeOf(at: number): string | undefined {
  const second = Math.floor(at / 1_000)
  // Written anew once a second: records come in thousands, and Node prints a date by the C library.
  if (second !== lately.second) lately = { second, text: new Date(second * 1_000).toISOString() }
  const { text } = lately
  return text.length === timeLength
    ? `${text.slice(0, -4)}${String(Math.trunc(at) - second * 1_000).padStart(3, '0')}Z`
    : undefined
}

let lately = { second: 0, text: new Date(0).toISOString() }
const timeLength = lately.text.length

/**
 * The bytes of an entry's record, as `recordBytes(recordOf(entry, at))` gives them for a record that `isRecord` takes. `at`:
 * milliseconds since 1970. Throws TypeError where it is none, says `at` or `schema` itself or inherits members, and
 * `RecordTooLarge`.
 */
export function entryBytes(entry: Entry, at: number): Buffer {
  const time = timeOf(at)
  const members = membersOf.get(entry.kind)
  const text = members === undefined || time === undefined ? undefined : membersText(entry, members, time)
  if (text === undefined) throw new TypeError('The record is malformed: nothing is recorded')
  const bytes = Buffer.from(text)
  if (bytes.length > recordLimit) throw new RecordTooLarge()
  return bytes
}
