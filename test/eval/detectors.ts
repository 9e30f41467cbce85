// Who is judged: redaction through its own command line, and two references on the same texts in the same run.

import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { text as all } from 'node:stream/consumers'
import { baseline } from './baseline.ts'
import { byLine, inBlock } from './product.ts'
import type { Labelled, Span } from './score.ts'

type Judged = {
  readonly findings: ReadonlyMap<string, readonly Span[]>
  /** Milliseconds for 1,024 bytes of text. */
  readonly msPerKb: number
}

export type Detector = {
  readonly name: string
  /** Undefined where it is not installed. */
  run(texts: readonly Labelled[]): Promise<Judged | undefined>
}

const root = join(import.meta.dirname, '../..')

/** Runs a program on lines. Rejects when it fails. */
async function through(program: string, args: readonly string[], input: string): Promise<string> {
  const child = spawn(program, args, { cwd: root, stdio: ['pipe', 'pipe', 'inherit'] })
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  // A program that fails reads no further; its exit says so.
  child.stdin.on('error', () => undefined)
  child.stdin.end(input)
  const out = await all(child.stdout)
  const code = await ended
  if (code !== 0) throw new Error(`${[program, ...args].join(' ')} ended with ${code}`)
  return out
}

const linesOf = (texts: readonly Labelled[]): string =>
  texts.map(({ id, text }) => `${JSON.stringify({ id, text })}\n`).join('')
const kilobytes = (texts: readonly Labelled[]): number =>
  texts.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0) / 1024

type Line = { id: string; spans: Span[] }

const parsed = (out: string): Line[] =>
  out
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line)

const byId = (lines: readonly Line[]) => new Map(lines.map(({ id, spans }) => [id, spans]))

/** What is timed, kilobytes at least: beside it the start of the process is little. */
const timed = 4096

const redact = async (input: string): Promise<string> =>
  await through(process.execPath, ['cli/main.ts', 'redact'], input)

const ours: Detector = {
  name: 'hipaa-mcp redact',
  async run(texts) {
    const findings = byId(parsed(await redact(linesOf(texts))))
    const times = Math.ceil(timed / kilobytes(texts))
    const long = linesOf(texts).repeat(times)
    const empty = await clocked(async () => await redact(''))
    const full = await clocked(async () => await redact(long))
    return { findings, msPerKb: (full - empty) / (kilobytes(texts) * times) }
  },
}

async function clocked(run: () => Promise<unknown>): Promise<number> {
  const began = performance.now()
  await run()
  return performance.now() - began
}

/** In this process, by what the sidecar calls. */
const within = (name: string, find: (text: string) => readonly Span[]): Detector => ({
  name,
  async run(texts) {
    const began = performance.now()
    const findings = new Map(texts.map(({ id, text }) => [id, find(text)]))
    return await Promise.resolve({ findings, msPerKb: (performance.now() - began) / kilobytes(texts) })
  },
})

const patterns = within('ten patterns', baseline)

/** Where `test/setup.sh presidio` puts it. */
const venv = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'hipaa-mcp', 'presidio')
const model = join(venv, 'model')

/** Presidio's entities by our names. What is missing here keeps its own. */
const entities: { readonly [entity: string]: string } = {
  PERSON: 'NAME',
  LOCATION: 'GEOGRAPHIC_LOCATION',
  DATE_TIME: 'DATE',
  US_SSN: 'SOCIAL_SECURITY_NUMBER',
  MEDICAL_LICENSE: 'CERTIFICATE_LICENSE_NUMBER',
  US_DRIVER_LICENSE: 'CERTIFICATE_LICENSE_NUMBER',
  US_NPI: 'CERTIFICATE_LICENSE_NUMBER',
  US_BANK_NUMBER: 'ACCOUNT_NUMBER',
  US_MBI: 'HEALTH_PLAN_BENEFICIARY_NUMBER',
}

const presidio: Detector = {
  name: 'Presidio',
  async run(texts) {
    if (!existsSync(join(model, 'meta.json'))) return undefined
    const out = await through(join(venv, 'bin/python'), ['test/eval/presidio.py', model], linesOf(texts))
    const lines = parsed(out)
    const { seconds } = lines.pop() as unknown as { seconds: number }
    const named = lines.map(({ id, spans }) => ({
      id,
      spans: spans.map((span) => ({ ...span, type: entities[span.type] ?? span.type })),
    }))
    return { findings: byId(named), msPerKb: (seconds * 1000) / kilobytes(texts) }
  },
}

export const detectors: readonly Detector[] = [
  ours,
  within('a result, as a text block', inBlock),
  within('a result, each line as a value', byLine),
  presidio,
  patterns,
]
