// From a stream of lines to a stream of lines, in bounded memory: nothing is read while what was written waits.

import type { Writable } from 'node:stream'
import { CannotError } from '../command.ts'
import { type InputLine, InputLines, longestLine } from './input-lines.ts'
import { Output, ReaderGone } from './output.ts'

/** What a line becomes, ended by LF, or why it is none of those that are read. A fault never quotes: it may be PHI. */
export type Redacted = { readonly out: string } | { readonly fault: string }

/**
 * Puts every line through. Resolves when all is written, or when the reader of `to` went away; rejects with
 * `CannotError` at the first line that is faulty, whose number it names, after the lines before it were written.
 * `read`: called with the number of lines that were.
 */
export async function redactLines(
  from: AsyncIterable<Uint8Array>,
  to: Writable,
  redact: (line: Buffer) => Redacted,
  read: (lines: number) => void,
): Promise<void> {
  const output = new Output(to)
  const lines = new InputLines()
  /** What a piece of input gives is written at once: a write a line would cost more than the redaction of most. */
  const put = async (some: readonly InputLine[]): Promise<void> => {
    let out = ''
    for (const line of some) {
      const redacted = redactLine(line, redact)
      if ('fault' in redacted) {
        await output.write(out)
        throw new CannotError(`line ${line.number}: ${redacted.fault}`)
      }
      out += redacted.out
      read(line.number)
    }
    await output.write(out)
  }
  try {
    for await (const chunk of from)
      await put(lines.take(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length)))
    await put(lines.end())
  } catch (error) {
    if (!(error instanceof ReaderGone)) throw error
  }
}

function redactLine(line: InputLine, redact: (line: Buffer) => Redacted): Redacted {
  if ('over' in line)
    return { fault: `it is longer than ${longestLine / 2 ** 20} MiB: cut the note into several` }
  return isBlank(line.bytes) ? { out: '' } : redact(line.bytes)
}

/** Nothing, or what ended a line on another system. */
function isBlank(line: Buffer): boolean {
  return line.length === 0 || (line.length === 1 && line[0] === 0x0d)
}
