// What every kind of fault is to the command: a name, and a run that gives rows of the table.

import type { Random } from '../sample/random.ts'
import { Late, type Scene, type World } from './scene.ts'
import type { Row, Tally } from './tally.ts'

export type Context = {
  world: World
  seed: number
  /** The same for the same seed and the same fault. */
  random: Random
  /** The short form: a sample of what is done in the long one. */
  short: boolean
  /** Whether no further case may begin: the time that was given is over. */
  over: () => boolean
  /** A line of progress. */
  say: (line: string) => void
}

export type Fault = {
  /** For `--only`. */
  name: string
  says: string
  /** Those of one lane never run at a time. */
  lane: string
  /** Whether the short form has it. */
  short: boolean
  run: (context: Context) => Promise<Row[]>
}

/** Milliseconds until a call is answered. Where none is in time, it is waited for once more: how long it took in all is told. */
export async function answered(scene: Scene, tally: Tally, { seed, say }: Context): Promise<number> {
  const began = performance.now()
  try {
    return await scene.answers()
  } catch (error) {
    if (!(error instanceof Late)) throw error
    say(`no answer in time (seed ${seed}), waiting once more. ${error.message}`)
    tally.late()
    await scene.answers()
    return performance.now() - began
  }
}
