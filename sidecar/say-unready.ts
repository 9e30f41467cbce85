// What `/readyz` says, in the log: nobody but the node and what scrapes it may ask that port of a guarded pod.

import { idOf, type Log } from './log.ts'

/** Milliseconds of a start that need no word. */
const patience = 3_000

/** The same reasons, each time somebody asks. What keeps the pod from being ready for longer is logged, and each change of it. */
export function sayUnready(
  reasons: () => readonly string[],
  log: Log,
  now: () => number = () => performance.now(),
): () => readonly string[] {
  let since: number | undefined
  let said = ''
  return () => {
    const found = reasons()
    if (found.length === 0) {
      if (said !== '') log.info('This pod is ready')
      since = undefined
      said = ''
      return found
    }
    since ??= now()
    const reason = found.join('+')
    if (now() - since < patience || reason === said) return found
    said = reason
    log.warn('This pod is not ready, so it gets no calls', { reason: idOf(reason) })
    return found
  }
}
