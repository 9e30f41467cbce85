// `hipaa-mcp redact`: what redaction of results does to texts, for texts that no server returned.

import { type Command, exitCodes, UsageError } from './command.ts'
import { progress } from './progress.ts'
import { longestLine } from './redact/input-lines.ts'
import { redactNote } from './redact/note.ts'
import { redactLines } from './redact/stream.ts'

export const redact: Command = {
  name: 'redact',
  summary: 'Redact notes',
  operands: '',
  options: {},
  about: `Reads JSON lines {"id","text"} on standard input and writes {"id","text","spans"} on standard output, in order: the text with a mark such as [NAME] for each identifier, a date as its year, and where the identifiers stood in the text as it came (start and end in UTF-16 code units, type). Other members of a line are left out; the id is written as it came. A line ends with LF and has ${longestLine / 2 ** 20} MiB at most. At a line that is none of this it stops with exit code 3 and the line’s number; what was written before stands. When its reader goes away it ends with 0.\nWhat is written is redacted, not de-identified (45 CFR 164.514(b)): docs/redaction.md has the figures.`,
  run: async (operands, _, screen) => {
    if (operands.length > 0) throw new UsageError('redact reads standard input: give it no file')
    let lines = 0
    const shown = screen.live ? progress(screen, () => `${lines.toLocaleString('en')} lines read`) : undefined
    try {
      await redactLines(process.stdin, process.stdout, redactNote, (read) => {
        lines = read
      })
      return exitCodes.ok
    } finally {
      shown?.done()
      // A sender that goes on would keep the process alive.
      process.stdin.destroy()
    }
  },
}
