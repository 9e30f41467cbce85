// Work that begins on a clock, whatever is still open.

/** Begins `one` so many times a second for so many seconds. Resolves to how many there were, when all have ended. */
export async function onClock(rate: number, seconds: number, one: () => Promise<void>): Promise<number> {
  const began = performance.now()
  const open: Promise<void>[] = []
  for (;;) {
    const now = performance.now()
    if (now >= began + seconds * 1_000) break
    while (began + (open.length * 1_000) / rate <= now) open.push(one())
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  await Promise.all(open)
  return open.length
}
