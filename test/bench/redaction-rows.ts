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
import { adversarialTexts, bundle, type Document, ordinaryText, structuredResult } from './redaction-work.ts'

export type RedactionFigures = {
  readonly what: string
  /** Bytes of the document. */
  readonly bytes: number
  /** Median of the turns, µs, and over parse and stringify of the same document in the same turn. */
  readonly microseconds: number
  readonly ratio: number
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

/** Turns of each, after as many to warm up. One turn takes a few milliseconds at least: shorter ones are the clock's. */
const turnsOf = (times: number): number => (times > 1 ? 15 : 3)

function measured(
  what: string,
  aim: number,
  text: string,
  run: () => unknown,
  same: string,
): RedactionFigures {
  const times = Math.max(1, Math.round(200_000 / text.length))
  const turn = (work: () => unknown): number => {
    const began = process.hrtime.bigint()
    for (let time = 0; time < times; time += 1) work()
    return Number(process.hrtime.bigint() - began) / 1_000 / times
  }
  // Thousands of calls, as a sidecar has had after its first minute: until then it is the compiler that is measured.
  if (times > 1) for (let time = 0; time < 4_000; time += 1) run()
  const pairs: { ours: number; theirs: number }[] = []
  const turns = turnsOf(times)
  for (let at = -turns; at < turns; at += 1) {
    const pair = { ours: turn(run), theirs: turn(() => rewritten(same)) }
    if (at >= 0) pairs.push(pair)
  }
  return {
    what,
    bytes: Buffer.byteLength(text),
    microseconds: quantile(pairs.map(({ ours }) => ours)),
    ratio: quantile(pairs.map(({ ours, theirs }) => ours / theirs)),
    aim,
  }
}

function ofDocument(what: string, aim: number, { text, redact }: { text: string; redact: Redactor }) {
  const bytes = Buffer.from(text)
  // As it comes off a socket: one flat text.
  return measured(what, aim, text, () => redact(bytes), bytes.toString('utf8'))
}

type Redactor = (bytes: Buffer) => string

function ofText(what: string, aim: number, text: string): RedactionFigures {
  return measured(what, aim, text, () => textRedactor(text), JSON.stringify({ text }))
}

/** All of it, in a few seconds. */
export function redactionFigures(): RedactionFigures[] {
  const long = 1_000_000
  const [result, many] = [structuredResult(), bundle()]
  return [
    ofDocument('a structured result', 0.5, { ...result, redact: cutting(result) }),
    ofDocument('the same, built anew', 0.5, { ...result, redact: building(result) }),
    ofDocument('a Bundle', 1.5, { ...many, redact: cutting(many) }),
    ofDocument('the same, built anew', 1.5, { ...many, redact: building(many) }),
    ofText('free text, a note', 4, ordinaryText(4_096)),
    ofText('free text, ordinary', 4, ordinaryText(long)),
    ...Object.entries(adversarialTexts).map(([of, make]) => ofText(`free text, ${of}`, 4, make(long))),
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
