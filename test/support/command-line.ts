// The command line, run in this process as a person runs it at a screen: what it exits with, and what stands there then.

import { run } from '../../cli/main.ts'

export type Ran = {
  code: number
  /** Standard output. */
  out: string
  /** Standard error. */
  notes: string
  /** Both, line by line as they came. */
  screen: string
}

/** `width`: characters in a line of the screen. */
export async function hipaaMcp(args: readonly string[], width = 80): Promise<Ran> {
  const lines: { text: string; isNote: boolean }[] = []
  const code = await run(args, {
    out: (text) => lines.push({ text, isNote: false }),
    note: (text) => lines.push({ text, isNote: true }),
    rewrite: () => undefined,
    width,
    live: false,
  })
  const textOf = (those: typeof lines): string => those.map(({ text }) => text).join('\n')
  return {
    code,
    out: textOf(lines.filter(({ isNote }) => !isNote)),
    notes: textOf(lines.filter(({ isNote }) => isNote)),
    screen: textOf(lines),
  }
}
