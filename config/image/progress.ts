// Says what takes long, so that nobody has to guess whether a quiet terminal is a dead one.

/** Takes one line of progress, without its line end. */
export type Log = (line: string) => void

/** Writes progress to stderr: stdout belongs to results. */
export const toStderr: Log = (line) => {
  process.stderr.write(`${line}\n`)
}

const quiet = 2_000
const pulse = 15_000

/** Whole seconds, or minutes and seconds, as a person says them. */
export function elapsed(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000)
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`
}

/**
 * Runs `work` and reports it by `log` once it takes longer than two seconds: a line at once, one every fifteen seconds,
 * and one at its end, each with the time it has taken. Work that is quick stays unmentioned. Rejects as `work` does.
 */
export async function progress<Result>(
  doing: string,
  log: Log,
  work: () => Promise<Result>,
): Promise<Result> {
  const began = performance.now()
  let spoken = false
  const say = (): void => {
    spoken = true
    log(`${doing} … ${elapsed(performance.now() - began)}`)
  }
  let ticking: NodeJS.Timeout | undefined
  const first = setTimeout(() => {
    say()
    ticking = setInterval(say, pulse)
  }, quiet)
  try {
    const result = await work()
    if (spoken) log(`${doing}: done in ${elapsed(performance.now() - began)}`)
    return result
  } finally {
    clearTimeout(first)
    clearInterval(ticking)
  }
}
