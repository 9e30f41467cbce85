// Which blocks of our own sources ran, by V8's precise coverage of this thread. Counts start anew each time they are taken.

import { type Profiler, Session } from 'node:inspector'

export type Coverage = {
  /** Functions and blocks that ran since the last time, by their places. */
  taken: () => string[]
  stop: () => void
}

/** Of scripts whose address holds one of `folders`. */
export function coverage(folders: readonly string[]): Coverage {
  const session = new Session()
  session.connect()
  // Without messages over a wire all answers come at once.
  const ask = (method: string, params?: object): object => {
    let answer: { result?: object | undefined; error?: Error | null } = {}
    session.post(method, params, (error, result) => {
      answer = { error, result }
    })
    if (answer.result === undefined) throw answer.error ?? new Error(`${method} did not answer`)
    return answer.result
  }
  ask('Profiler.enable')
  ask('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
  const blocks = new Map<string, Map<string, Block>>()
  const reachedIn = (scriptId: string, { ranges }: Profiler.FunctionCoverage): string[] => {
    const [whole, ...parts] = ranges
    if (whole === undefined || whole.count === 0) return []
    const name = `${scriptId}:${whole.startOffset}`
    const known = blocks.get(name) ?? new Map<string, Block>()
    blocks.set(name, known)
    // V8 names a block only where it ran more or less often than what is around it: which blocks there are is learnt from those
    // that did not run.
    const missed = parts.filter(({ count }) => count === 0)
    for (const block of missed) known.set(`${block.startOffset}-${block.endOffset}`, block)
    const ran = [...known].filter(([, block]) => !missed.some((one) => isWithin(block, one)))
    return [name, ...ran.map(([block]) => `${name}:${block}`)]
  }
  return {
    taken: () =>
      (ask('Profiler.takePreciseCoverage') as Profiler.TakePreciseCoverageReturnType).result
        .filter(({ url }) => folders.some((folder) => url.includes(folder)))
        .flatMap(({ scriptId, functions }) => functions.flatMap((one) => reachedIn(scriptId, one))),
    stop: () => session.disconnect(),
  }
}

type Block = Pick<Profiler.CoverageRange, 'startOffset' | 'endOffset'>

const isWithin = (inner: Block, outer: Block): boolean =>
  inner.startOffset >= outer.startOffset && inner.endOffset <= outer.endOffset
