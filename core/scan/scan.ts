// Reads records where their bytes stand, and makes no object of them: what a verifier must know of each, at a twentieth of what
// `parseRecord` costs. The work is done by a module of WebAssembly (scan.as), which runs a program made of the same table of
// shapes that `parseRecord` goes by. Where it is not sure it says so, and `parseRecord` decides: it never takes what that would refuse.

import { type AuditRecord, recordLimit } from '../record.ts'
import { common, membersOf, recordKinds, shapeOf } from '../record-shape.ts'
import type { Check, Form } from '../shape.ts'
import { scanModule } from './scan.generated.ts'

type Module = {
  readonly memory: WebAssembly.Memory
  readonly places: (which: number) => number
  readonly scan: (count: number, kinds: number, intent: number, result: number) => void
}

/** Most bytes and records that are read at once. */
export const scanBytes = 1 << 20
export const scanRecords = 4096
/** For `kind`: ask `parseRecord`. */
export const odd = 255

/** What was read of a run of records, by their place in it. Written over by the next. */
export type Scanned = {
  /** Places in `recordKinds`, or `odd`. */
  readonly kinds: Uint8Array
  /** Milliseconds since 1970. */
  readonly times: Float64Array
  /** From and to, in the run's bytes, of each record's call; both 0 where it has none. */
  readonly calls: Uint32Array
  /** 0 for intents and results that answer each other within the run, and for what is neither. */
  readonly loose: Uint8Array
}

// As scan.as knows them.
const op = {
  done: 0,
  literal: 1,
  member: 2,
  optional: 3,
  text: 4,
  chars: 5,
  among: 6,
  count: 7,
  number: 8,
  counts: 9,
  time: 10,
  at: 11,
  list: 12,
  next: 13,
  call: 14,
  called: 15,
  unsure: 255,
} as const

const wasm = new WebAssembly.Instance(new WebAssembly.Module(Buffer.from(scanModule, 'base64')))
  .exports as unknown as Module
const { buffer } = wasm.memory
const [programAt, kindsAt, startsAt, kindAt, callsAt, timesAt, looseAt, bytesAt] = [
  0, 1, 2, 3, 4, 5, 6, 7,
].map((which) => wasm.places(which)) as [number, number, number, number, number, number, number, number]

const bytesThere = new Uint8Array(buffer, bytesAt)
const startsThere = new Uint32Array(buffer, startsAt, scanRecords + 1)

export const scanned: Scanned = {
  kinds: new Uint8Array(buffer, kindAt, scanRecords),
  times: new Float64Array(buffer, timesAt, scanRecords),
  calls: new Uint32Array(buffer, callsAt, 2 * scanRecords),
  loose: new Uint8Array(buffer, looseAt, scanRecords),
}

/**
 * Reads `count` records into `scanned`. Record i stands from `starts[i]`, which is at least 1, up to the byte before `starts[i + 1]`.
 * Throws for more than `scanBytes` or `scanRecords`.
 */
export function scanRun(bytes: Uint8Array, starts: Uint32Array, count: number): void {
  const end = starts[count] as number
  if (count > scanRecords || end > scanBytes + 1) throw new RangeError('More than is read at once')
  // What stands before belongs to parts that were read: a run may have as many parts as records.
  const from = (starts[0] as number) - 1
  bytesThere.set(bytes.subarray(from, end), from)
  startsThere.set(starts.subarray(0, count + 1))
  scan(count)
}

const scan = (count: number): void => wasm.scan(count, recordKinds.length, intent, result)
const [intent, result] = [recordKinds.indexOf('intent'), recordKinds.indexOf('result')] as const

const one = new Uint32Array([1, 0])

/** Reads one record, as the first of `scanned`; its call stands one byte further there. Its kind, or `odd`. */
export function scanRecord(record: Uint8Array): number {
  if (record.length > recordLimit) return odd
  bytesThere.set(record, 1)
  one[1] = record.length + 2
  startsThere.set(one)
  scan(1)
  return scanned.kinds[0] as number
}

const ascii = (text: string): number[] => [...Buffer.from(text, 'latin1')]
const sixteen = (number: number): number[] => [number & 0xff, number >> 8]
const literal = (text: string): number[] => [op.literal, text.length, ...ascii(text)]
/** What a text of JSON holds without escaping it, and fits. */
const fits = (byte: number, pattern: RegExp): boolean =>
  byte !== 0x22 && byte !== 0x5c && pattern.test(String.fromCharCode(byte))

function codeOf({ form }: Check): number[] {
  return form === undefined ? [op.unsure] : codes[form.is](form as never)
}

const codes: { readonly [K in Form['is']]: (form: Extract<Form, { is: K }>) => number[] } = {
  text: () => [op.text],
  count: () => [op.count],
  number: () => [op.number],
  counts: () => [op.counts],
  time: () => [op.time],
  among: ({ values }) => {
    const words = values.map((value) => ascii(JSON.stringify(value)))
    const body = words.flatMap((word) => [word.length, ...word])
    return [op.among, words.length, ...sixteen(4 + body.length), ...body]
  },
  spelled: ({ before, chars, least, most, after }) => {
    const pattern = new RegExp(`^[${chars}]$`)
    const allowed = Array.from({ length: 0x60 }, (_, i) => 0x20 + i).filter((byte) => fits(byte, pattern))
    const firsts = allowed.filter((byte) => !allowed.includes(byte - 1))
    const lasts = allowed.filter((byte) => !allowed.includes(byte + 1))
    const ranges = firsts.flatMap((first, i) => [first, lasts[i] as number])
    return [
      ...literal(`"${before}`),
      op.chars,
      least,
      most,
      firsts.length,
      ...ranges,
      ...literal(`${after}"`),
    ]
  },
  list: ({ item }) => {
    const body = codeOf(item)
    return [op.list, ...sixteen(3 + body.length), ...body, op.next, ...sixteen(body.length)]
  },
  object: ({ shape }) =>
    objectOf(
      Object.keys(shape)
        .toSorted((a, b) => (a < b ? -1 : 1))
        .map((name) => {
          const rule = shape[name] as (typeof shape)[string]
          const must = typeof rule === 'function'
          return { name, must, code: codeOf(must ? rule : rule.optional) }
        }),
    ),
}

/** `members` in their order (RFC 8785 3.2.3). */
function objectOf(members: readonly { name: string; must: boolean; code: number[] }[]): number[] {
  const body = members.flatMap(({ name, must, code }) => {
    const spelling = ascii(`"${name}":`)
    const all = sixteen(4 + spelling.length + code.length)
    return [must ? op.member : op.optional, spelling.length, ...all, ...spelling, ...code]
  })
  return [...literal('{'), ...body, ...literal('}')]
}

/** How the kind is spelled, and then what a record of it is. */
function programOf(kind: AuditRecord['kind']): number[] {
  const shape = shapeOf(kind)
  const codeOfMember = (name: string): number[] => {
    if (name === 'kind') return literal(`"${kind}"`)
    if (name === 'at') return [op.at]
    if (name === 'schema') return codeOf(common.schema)
    const rule = shape[name] as (typeof shape)[string]
    const code = codeOf(typeof rule === 'function' ? rule : rule.optional)
    return name === 'call' ? [op.call, ...code, op.called] : code
  }
  const members = membersOf(kind).map((name) => ({
    name,
    must: Object.hasOwn(common, name) || typeof shape[name] === 'function',
    code: codeOfMember(name),
  }))
  return [...literal(`"${kind}"`), ...objectOf(members), op.done]
}

{
  const there = new Uint8Array(buffer, programAt, startsAt - programAt)
  const kinds = new Uint32Array(buffer, kindsAt, recordKinds.length)
  let at = 0
  recordKinds.forEach((kind, i) => {
    const program = programOf(kind)
    there.set(program, at)
    kinds[i] = at
    at += program.length
  })
}
