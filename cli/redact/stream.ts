// From a stream of lines to a stream of lines, in bounded memory: nothing is read while what was written waits.

import { CannotError } from '../command.ts'
import { type InputLine, InputLines } from './input-lines.ts'
import type { Output } from './output.ts'

/** What a line becomes, ended by LF, or why it is none of those that are read. A fault never quotes: it may be PHI. */
export type Redacted = { readonly out: string } | { readonly fault: string }

/** One for each input. */
export type Redactor = {
  /** Most bytes of a line. */
  readonly longest: number
  line(line: Buffer): Redacted
  /** What the input as a whole becomes. */
  end?(): Redacted
}

/**
 * Puts every line through. Resolves when all is written; rejects with `CannotError` at the first line that is faulty,
 * whose number it names, after the lines before it were written, and with `ReaderGone`. `read`: called with the number
 * of lines that were.
 */
export async function redactLines(
  from: AsyncIterable<Uint8Array>,
  output: Output,
  redactor: Redactor,
  read: (lines: number) => void,
): Promise<void> {
  const lines = new InputLines(redactor.longest)
  /** What a piece of input gives is written at once: a write a line would cost more than the redaction of most. */
  const put = async (some: readonly InputLine[]): Promise<void> => {
    let out = ''
    for (const line of some) {
      const redacted = redactLine(line, redactor)
      if ('fault' in redacted) {
        await output.write(out)
        throw new CannotError(`line ${line.number}: ${redacted.fault}`)
      }
      out += redacted.out
      read(line.number)
    }
    await output.write(out)
  }
  for await (const chunk of from)
    await put(lines.take(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length)))
  await put(lines.end())
  const last = redactor.end?.() ?? { out: '' }
  if ('fault' in last) throw new CannotError(last.fault)
  await output.write(last.out)
}

function redactLine(line: InputLine, redactor: Redactor): Redacted {
  if ('over' in line)
    return { fault: `it is longer than ${redactor.longest / 2 ** 20} MiB: cut it into several` }
  return isBlank(line.bytes) ? { out: '' } : redactor.line(line.bytes)
}

/** Nothing, or what ended a line on another system. */
function isBlank(line: Buffer): boolean {
  return line.length === 0 || (line.length === 1 && line[0] === 0x0d)
}
