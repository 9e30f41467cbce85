// Fuzzing that is led by coverage: what reaches a block that no input reached before is kept, and changed further. The same seed and
// the same number of runs make the same inputs.
//
// Of the libraries that do this, Jazzer.js brings a native library that wants a newer glibc than Debian 12 has, jsfuzz is abandoned,
// and fast-check does not look at coverage.

import { seeded } from '../sample/random.ts'
import type { Coverage } from './coverage.ts'
import { mutated } from './mutate.ts'

export type Target = {
  /** Inputs that are right, or nearly: at least one. */
  seeds: readonly Buffer[]
  /** What means something in them. */
  words?: readonly string[]
  /**
   * Reads the input; throws, or rejects, when it is not read as it should be. A text that it returns is something that was reached,
   * as a block is: for what coverage does not see, such as WebAssembly.
   */
  holds: (input: Buffer) => string | undefined | Promise<string | undefined>
}

export type Limits = {
  seed: number
  /** Inputs, at most. */
  runs: number
  /** Milliseconds, at most. */
  time?: number
  /** Told before each input is read: whoever watches sees which one is never done. */
  begins?: (input: Buffer) => void
}

/** `kept`: inputs that reached something new. `failed`: the smallest input that was found, and what it does. */
export type Fuzzed = {
  runs: number
  blocks: number
  kept: number
  failed?: { input: Buffer; cause: unknown }
}

/** Processor time of this thread for one input of at most 4 KiB: hundreds of times what any takes. Milliseconds. */
const slowest = 1_000
/** Inputs between two looks at the coverage, which costs as much as a hundred of them. */
const atATime = 64

/** Without `coverage` it is blind: all inputs are made of the seeds. */
export async function fuzz(target: Target, limits: Limits, coverage?: Coverage): Promise<Fuzzed> {
  const { seed, runs, time = Infinity, begins = () => undefined } = limits
  const random = seeded(seed)
  const words = (target.words ?? []).map((word) => Buffer.from(word, 'latin1'))
  const until = performance.now() + time
  const corpus = [...target.seeds]
  const reached = new Set<string>()
  const done: Fuzzed = { runs: 0, blocks: 0, kept: 0 }

  /** Reads them all. The first that fails, or what they reached that none before did. */
  async function read(inputs: readonly Buffer[]): Promise<{ failed: Buffer } | { found: string[] }> {
    const said: string[] = []
    for (const input of inputs) {
      begins(input)
      const { cause, says } = await outcome(target, input)
      if (cause !== undefined) return { failed: input }
      if (says !== undefined) said.push(says)
    }
    const found = coverage === undefined ? [] : [...coverage.taken(), ...said]
    return { found: found.filter((one) => !reached.has(one)) }
  }

  /** Keeps of them, which reached something new together, those that do so by themselves. */
  async function keep(inputs: readonly Buffer[]): Promise<void> {
    const again = await read(inputs)
    if ('failed' in again || again.found.length === 0) return
    const [only] = inputs
    if (inputs.length > 1) {
      const middle = Math.ceil(inputs.length / 2)
      await keep(inputs.slice(0, middle))
      await keep(inputs.slice(middle))
    } else if (only !== undefined) {
      for (const one of again.found) reached.add(one)
      corpus.push(only)
      done.kept += 1
    }
  }

  coverage?.taken()
  for (let next = target.seeds; next.length > 0; ) {
    const seen = await read(next)
    if ('failed' in seen) return { ...done, failed: await smallest(seen.failed, target, begins) }
    done.runs += next.length
    if (seen.found.length > 0) await keep(next)
    done.blocks = reached.size
    const left = performance.now() < until ? Math.min(atATime, runs - done.runs) : 0
    next = Array.from({ length: Math.max(0, left) }, () =>
      mutated(chosen(corpus, random.next()), { random, words, others: corpus }),
    )
  }
  return done
}

/** The newer the likelier: what was reached last has least been looked at. */
const chosen = (corpus: readonly Buffer[], drawn: number): Buffer =>
  corpus[Math.floor(Math.sqrt(drawn) * corpus.length)] as Buffer

async function outcome(
  { holds }: Target,
  input: Buffer,
): Promise<{ cause?: unknown; says?: string | undefined }> {
  const before = process.threadCpuUsage()
  try {
    const says = await holds(input)
    const { user, system } = process.threadCpuUsage(before)
    const took = (user + system) / 1_000
    return took > slowest
      ? { cause: new Error(`${input.length} bytes took ${Math.round(took)} ms of a processor`) }
      : { says }
  } catch (cause) {
    return { cause: cause ?? new Error('It throws nothing') }
  }
}

/** Leaves out what can be left out, in halves, quarters and so on. */
async function smallest(
  input: Buffer,
  target: Target,
  begins: (input: Buffer) => void,
): Promise<{ input: Buffer; cause: unknown }> {
  let least = { input, cause: (await outcome(target, input)).cause }
  for (let size = Math.ceil(input.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2))
    for (let at = 0; at < least.input.length; ) {
      const smaller = Buffer.concat([least.input.subarray(0, at), least.input.subarray(at + size)])
      begins(smaller)
      const { cause } = await outcome(target, smaller)
      if (cause === undefined) at += size
      else least = { input: smaller, cause }
    }
  return least
}
