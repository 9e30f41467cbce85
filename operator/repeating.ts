// Work that is done again and again, and never twice at once.

export interface Repeating {
  /** At once, and from then on every so often. Does nothing where it runs already. */
  start(): void
  /** What runs at this moment runs to its end. */
  stop(): void
}

/** `work` never rejects. Where it takes longer than `every` milliseconds, turns are left out. Keeps no process alive. */
export function repeating(work: () => Promise<void>, every: number): Repeating {
  let timer: NodeJS.Timeout | undefined
  let busy = false
  const turn = async (): Promise<void> => {
    if (busy) return
    busy = true
    await work().finally(() => {
      busy = false
    })
  }
  return {
    start: () => {
      if (timer !== undefined) return
      timer = setInterval(() => void turn(), every)
      timer.unref()
      void turn()
    },
    stop: () => {
      clearInterval(timer)
      timer = undefined
    },
  }
}
