// Redaction by itself, in this process: its time over that of reading and writing the same document with JSON.parse and
// JSON.stringify, turn by turn, so that what the machine did besides falls on both.

import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Json } from '../../core/canonical.ts'
import { scan } from '../../core/json-scan.ts'
import { patternTree } from '../../core/pointer.ts'
import type { Policy } from '../../core/policy.ts'
import { edit } from '../../core/redaction/edit.ts'
import { lookOver } from '../../core/redaction/edit-survey.ts'
import { project, projection } from '../../core/redaction/project.ts'
import { returnRules } from '../../core/redaction/rules.ts'
import { look, survey } from '../../core/redaction/survey.ts'
import { redactText } from '../../core/redaction/text.ts'
import { rulesOf } from '../../sidecar/rules.ts'
import { quantile } from './comparison.ts'
import {
  adversarialBeyondAscii,
  adversarialTexts,
  bundle,
  type Document,
  notesBeyondAscii,
  notesOfWard,
  ordinaryProse,
  queriesOfOthers,
  structuredResult,
} from './redaction-work.ts'

/** What hostile texts are measured by. */
type Ordinary = 'ordinary prose' | 'notes' | 'notes beyond ASCII'

export type RedactionFigures = {
  readonly what: string
  /** Bytes of the document. */
  readonly bytes: number
  /** Median of the turns, µs, and over that of the yardstick in the same turn. */
  readonly microseconds: number
  readonly ratio: number
  readonly over: 'parse and stringify' | Ordinary
  readonly aim: number
}

const rules = { dates: 'Year', text: 'Redact' } as const

/** Bytes of a document in, text of what may leave out. */
function cutting({ returns }: Document): (bytes: Buffer) => string {
  const { fields, patients } = returnRules(returns)
  return (bytes) => {
    const tape = scan(bytes)
    if (tape === undefined) throw new Error('The document of the bench is not read where it lies')
    const known = survey()
    lookOver(tape, 0, patients, known)
    return edit(tape, 0, fields, projection(known, rules))
  }
}

/** The same by way of a value, as it is done where the bytes are unusual. */
function building({ returns }: Document): (bytes: Buffer) => string {
  const { fields, patients } = returnRules(returns)
  return (bytes) => {
    const document = JSON.parse(bytes.toString('utf8')) as Json
    const known = survey()
    look(document, patients, known)
    return JSON.stringify(project(document, fields, projection(known, rules)))
  }
}

const nobody = patternTree([])

function textRedactor(text: string): string | undefined {
  const known = survey()
  look({}, nobody, known)
  return redactText(text, known, rules, { redacted: {}, dropped: {} })
}

const rewritten = (text: string): string => JSON.stringify(JSON.parse(text))

/** Milliseconds of a row, to warm up and to measure: thousands of calls of what is short, and few of what is long. */
const [warmingShort, warmingLong, measuring] = [1_500, 500, 1_000]
const [fewest, most] = [3, 30]

type Row = Pick<RedactionFigures, 'what' | 'bytes' | 'over' | 'aim'>

function measured(row: Row, run: () => unknown, yardstick: () => unknown): RedactionFigures {
  // One turn takes a few milliseconds at least: shorter ones are the clock's.
  const times = Math.max(1, Math.round(200_000 / row.bytes))
  const turn = (work: () => unknown): number => {
    const began = process.hrtime.bigint()
    for (let time = 0; time < times; time += 1) work()
    return Number(process.hrtime.bigint() - began) / 1_000 / times
  }
  const pair = () => ({ ours: turn(run), theirs: turn(yardstick) })
  // As a sidecar after its first minute: until then it is the compiler that is measured.
  const warm = performance.now() + (times > 1 ? warmingShort : warmingLong)
  while (performance.now() < warm) pair()
  const pairs: { ours: number; theirs: number }[] = []
  const until = performance.now() + measuring
  while (pairs.length < fewest || (pairs.length < most && performance.now() < until)) pairs.push(pair())
  return {
    ...row,
    microseconds: quantile(pairs.map(({ ours }) => ours)),
    ratio: quantile(pairs.map(({ ours, theirs }) => ours / theirs)),
  }
}

type Redactor = (bytes: Buffer) => string

function ofDocument(
  what: string,
  aim: number,
  { text, redact }: { text: string; redact: Redactor },
): RedactionFigures {
  const bytes = Buffer.from(text)
  // As it comes off a socket: one flat text.
  const flat = bytes.toString('utf8')
  const row: Row = { what, bytes: bytes.length, over: 'parse and stringify', aim }
  return measured(
    row,
    () => redact(bytes),
    () => rewritten(flat),
  )
}

function ofText(what: string, aim: number, text: string): RedactionFigures {
  const same = JSON.stringify({ text })
  const row: Row = { what, bytes: Buffer.byteLength(text), over: 'parse and stringify', aim }
  return measured(
    row,
    () => textRedactor(text),
    () => rewritten(same),
  )
}

/** What a hostile server may cost: as many characters of an ordinary text are what an honest one costs. */
function ofHostile(what: string, text: string, ordinary: { over: Ordinary; text: string }): RedactionFigures {
  const row: Row = { what, bytes: Buffer.byteLength(text), over: ordinary.over, aim: 2 }
  return measured(
    row,
    () => textRedactor(text),
    () => textRedactor(ordinary.text),
  )
}

/** All of it, in less than a minute. */
export function redactionFigures(): RedactionFigures[] {
  const [long, hostile] = [1_000_000, 200_000]
  const [result, many] = [structuredResult(), bundle()]
  const ordinary = [
    { over: 'ordinary prose', text: ordinaryProse(hostile) },
    { over: 'notes', text: notesOfWard(hostile) },
  ] as const
  const queries = queriesOfOthers(long)
  const beyond = { over: 'notes beyond ASCII', text: notesBeyondAscii(hostile) } as const
  return [
    ofDocument('a structured result', 0.5, { ...result, redact: cutting(result) }),
    ofDocument('the same, built anew', 0.5, { ...result, redact: building(result) }),
    ofDocument('a Bundle', 1.5, { ...many, redact: cutting(many) }),
    ofDocument('the same, built anew', 1.5, { ...many, redact: building(many) }),
    ofText('free text, a note', 4, notesOfWard(4_096)),
    ofText('free text, notes', 4, notesOfWard(long)),
    ofText('free text, prose', 4, ordinaryProse(long)),
    ofText('free text, beyond ASCII', 4, notesBeyondAscii(long)),
    ...(queries === undefined ? [] : [ofText('free text, queries of others', 4, queries)]),
    ...Object.entries(adversarialTexts).flatMap(([of, make]) =>
      ordinary.map((text) => ofHostile(`hostile text, ${of}`, make(hostile), text)),
    ),
    ...Object.entries(adversarialBeyondAscii).map(([of, make]) =>
      ofHostile(`hostile text, ${of}`, make(hostile), beyond),
    ),
  ]
}

/** Processor time to compile a policy of which nothing is known before, milliseconds. */
export function compileMilliseconds(policy: Policy): number {
  const before = process.cpuUsage()
  rulesOf(structuredClone(policy))
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1e3
}

/** Its text is nobody's any more. */
function bundleBytes() {
  const { text, returns } = bundle()
  return { bytes: Buffer.from(text), returns }
}

/** Bytes that cutting the Bundle holds at its most, besides its own: what is garbage by then is the collector's. */
export function bundleMemory(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const { bytes, returns } = bundleBytes()
  const { fields, patients } = returnRules(returns)
  const held = (): number => {
    collect()
    collect()
    const { heapUsed, arrayBuffers } = process.memoryUsage()
    return heapUsed + arrayBuffers
  }
  const before = held()
  const tape = scan(bytes)
  if (tape === undefined) throw new Error('The document of the bench is not read where it lies')
  const known = survey()
  lookOver(tape, 0, patients, known)
  const left = edit(tape, 0, fields, projection(known, rules))
  const after = held()
  // All of it is still wanted here.
  return left.length > 0 && tape.entries.length > 0 && known.patients.size > 0 ? after - before : Number.NaN
}
