// Says on standard error how it goes, for whatever takes longer than two seconds.

import type { Screen } from './command.ts'

const quietMs = 2000
const everyMs = 1000

export type Progress = { done: () => void }

/** `says` is asked about once a second, from two seconds on; elapsed time is added. */
export function progress(screen: Screen, says: () => string): Progress {
  const began = performance.now()
  let shown = false
  let last = ''
  const timer = setInterval(() => {
    const elapsed = performance.now() - began
    if (elapsed < quietMs) return
    const line = `${says()} (${(elapsed / 1000).toFixed(0)} s)`
    if (screen.live) screen.rewrite(line)
    // Where nobody looks, a line only when it says something new.
    else if (says() !== last) screen.note(line)
    last = says()
    shown = true
  }, everyMs)
  timer.unref()
  return {
    done: () => {
      clearInterval(timer)
      if (shown && screen.live) screen.rewrite('')
    },
  }
}
