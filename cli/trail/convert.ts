// `hipaa-mcp trail export DIR --format …`: an exported trail in a form that other programs and people read.

import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { rename, rm, stat } from 'node:fs/promises'
import { finished } from 'node:stream/promises'
import { counted } from '../../core/counted.ts'
import { auditEvents } from '../../core/export/audit-event.ts'
import { csvHead, csvOf } from '../../core/export/csv.ts'
import { ocsfEvent } from '../../core/export/ocsf.ts'
import type { Naming, Told } from '../../core/export/told.ts'
import own from '../../package.json' with { type: 'json' }
import { CannotError, exitCodes, type Screen, textOf, UsageError, type Values } from '../command.ts'
import { openSource, saidOf } from './follow.ts'
import { jsonOf } from './show.ts'

/** How one event becomes lines. */
type Form = {
  head?: string
  newline: '\n' | '\r\n'
  lines: (told: Told, server: string, name: Naming) => string[]
}

const forms: { readonly [format: string]: Form } = {
  fhir: {
    newline: '\n',
    lines: (told, server, name) => auditEvents(told, server, name).map((event) => JSON.stringify(event)),
  },
  ocsf: {
    newline: '\n',
    lines: (told, server, name) => [JSON.stringify(ocsfEvent(told, server, name, own.version))],
  },
  csv: { head: csvHead, newline: '\r\n', lines: (told, _, name) => [csvOf(told, name)] },
  native: { newline: '\n', lines: (told, _, name) => [JSON.stringify(jsonOf(told, name))] },
}

/** Resolves to the exit code. Leaves the file whole, or none. */
export async function convert(operands: readonly string[], values: Values, screen: Screen): Promise<number> {
  const format = textOf(values, 'format') ?? ''
  const form = Object.hasOwn(forms, format) ? forms[format] : undefined
  if (form === undefined) throw new UsageError(`--format wants one of ${Object.keys(forms).join(', ')}`)
  const output = textOf(values, 'output')
  if (output === undefined) throw new UsageError('--output wants a new file')
  const source = await openSource('trail export', operands, values, screen)
  if (await exists(output)) throw new CannotError(`${output} is there already: name a new file with --output`)
  const partial = `${output}.partial`
  // Names of patients may be in it.
  const file = createWriteStream(partial, { flags: 'wx', mode: 0o600 })
  try {
    await once(file, 'open')
  } catch (cause) {
    throw new CannotError(`${partial} cannot be made: it is there already, or its folder is not yours`, {
      cause,
    })
  }
  try {
    let lines = 0
    const write = async (line: string): Promise<void> => {
      if (!file.write(`${line}${form.newline}`)) await once(file, 'drain')
    }
    if (form.head !== undefined) await write(form.head)
    for await (const { told } of source.told)
      for (const line of form.lines(told, source.server, source.name)) {
        await write(line)
        lines += 1
      }
    file.end()
    await finished(file)
    const code = saidOf(await source.report(), source.from, screen)
    if (code === exitCodes.ok) {
      await rename(partial, output)
      const said = { file: output, format, events: lines }
      screen.out(values['json'] === true ? JSON.stringify(said) : `${counted(lines, 'event')} in ${output}`)
    }
    return code
  } finally {
    file.destroy()
    await rm(partial, { force: true })
  }
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  )
}
