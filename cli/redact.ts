// `hipaa-mcp redact`: what redaction of results does to texts, for texts that no server returned; and FHIR files.

import { createSecretKey, randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { oldest } from '../core/redaction/safe-harbor.ts'
import { CannotError, type Command, exitCodes } from './command.ts'
import { progress } from './progress.ts'
import { fhirRedactor } from './redact/fhir.ts'
import { notes } from './redact/note.ts'
import { Output, ReaderGone } from './redact/output.ts'
import { type Redactor, redactLines } from './redact/stream.ts'

export const redact: Command = {
  name: 'redact',
  summary: 'Redact notes, or FHIR resources',
  operands: '[FILE...]',
  example: 'redact < notes.jsonl > redacted.jsonl',
  options: { fhir: { help: 'FHIR R4 resources instead of notes' } },
  about: `Reads JSON lines {"id","text"} from files or standard input and writes {"id","text","spans"} on standard output, in order: the text with a mark such as [NAME] for each identifier, a date as its year, and where the identifiers stood in the text as it came (start and end in UTF-16 code units, type). Other members of a line are left out; the id is written as it came.\nWith --fhir it reads resources, one a line or one document a file, and writes each on a line: names, contacts, identifiers, street and city, narratives and attachments are left out, dates become years, ZIP codes three digits, ages over 89 one group, and ids pseudonyms that hold within the run; all texts are searched. What R4 does not define is left out.\nA line of notes has 8 MiB at most, a resource 256 MiB. At one that is broken or longer it stops with exit code 3 and the line’s number; what was written before stands. When its reader goes away it ends with 0.\nWhat is written is redacted, not de-identified (45 CFR 164.514(b)): docs/redaction.md has the figures.`,
  run: async (files, values, screen) => {
    const redactor = redactorOf(values['fhir'] === true)
    let [before, lines] = [0, 0]
    const shown = screen.live
      ? progress(screen, () => `${(before + lines).toLocaleString('en')} lines read`)
      : undefined
    const read = (count: number): void => {
      lines = count
    }
    const output = new Output(process.stdout)
    try {
      if (files.length === 0 && process.stdin.isTTY)
        screen.note('Reading JSON lines from this terminal; end them with Ctrl-D.')
      if (files.length === 0) await redactLines(process.stdin, output, redactor(), read)
      for (const [at, file] of files.entries()) {
        // By its place: a file's name may be a patient's.
        await redactLines(createReadStream(file), output, redactor(), read).catch((error: unknown) => {
          throw named(error, `file ${at + 1}`)
        })
        before += lines
      }
      return exitCodes.ok
    } catch (error) {
      if (error instanceof ReaderGone) return exitCodes.ok
      throw error
    } finally {
      shown?.done()
      // A sender that goes on would keep the process alive.
      process.stdin.destroy()
    }
  },
}

/** Makes one for each input. Ids have the same pseudonyms in all inputs of a run, and other ones in the next. */
function redactorOf(fhir: boolean): () => Redactor {
  const bornFrom = new Date().getUTCFullYear() - oldest + 1
  if (!fhir) return () => notes(bornFrom)
  const by = { key: createSecretKey(randomBytes(32)), bornFrom }
  return () => fhirRedactor(by)
}

function named(error: unknown, file: string): unknown {
  if (error instanceof ReaderGone) return error
  if (error instanceof CannotError) return new CannotError(`${file}, ${error.message}`)
  return new CannotError(
    `${file} cannot be read: ${(error as NodeJS.ErrnoException).code ?? 'see what it is'}`,
  )
}
