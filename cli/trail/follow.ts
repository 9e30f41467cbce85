// Reads a trail from end to end for a command: what it tells goes through the filter, and its verification is said at the end,
// since nothing of what was shown counts before.

import { Calls, type Naming, type Told } from '../../core/export/told.ts'
import type { AuditRecord } from '../../core/record.ts'
import { type Command, exitCodes, type Screen, textOf, type Values } from '../command.ts'
import { progress } from '../progress.ts'
import { wrap } from '../table.ts'
import type { Report } from '../verify/export-check.ts'
import { isProved, pinOptions, pinsOf, witnessedAt } from '../verify/pins.ts'
import { type Filter, filterOf, passes } from './filter.ts'
import { keysFrom } from './key-file.ts'
import { oneSource, openTrail, reachOptions } from './open-trail.ts'
import { namer, tokensOf } from './patients.ts'
import { type Placed, readTrail } from './read.ts'

/** Options of every command that reads a trail. */
export const sourceOptions: Command['options'] = {
  ...pinOptions,
  ...reachOptions,
  key: { value: 'FILE', help: 'Secret with the keys of the server’s patients: names them' },
}

export type Source = {
  /** As somebody named it. */
  from: string
  /** `namespace/name`. */
  server: string
  filter: Filter
  name: Naming
  /** What the registry log says of the server. */
  registry: readonly AuditRecord[]
  /** Everything that passes the filter; `place` is that of the record, `before` that of its intent. */
  told: AsyncGenerator<{ told: Told; place: Placed; before?: Placed }>
  /** After `told` ended. */
  report: () => Promise<Report>
}

/** Opens the one source that a command's operands name. It is closed when `told` ended, by `report`. */
export async function openSource(
  command: string,
  operands: readonly string[],
  values: Values,
  screen: Screen,
): Promise<Source> {
  const named = oneSource(command, operands)
  const filter = filterOf(values)
  const key = textOf(values, 'key')
  const keys = key === undefined ? undefined : await keysFrom(key)
  const pins = await pinsOf(values)
  const source = await openTrail(named, values, screen)
  let records = 0
  const shown = progress(screen, () => `${records.toLocaleString('en')} records read`)
  const end = async (): Promise<void> => {
    shown.done()
    await source.close()
  }
  const reading = await readTrail({
    source,
    ...pins,
    read: (more) => {
      records += more
    },
  }).catch(async (error: unknown) => {
    await end()
    throw error
  })
  const { server } = reading
  const patient = textOf(values, 'patient')
  if (patient !== undefined) filter.tokens = await tokensOf(patient, server, keys)
  async function* told(): Source['told'] {
    const calls = new Calls<Placed>()
    try {
      for await (const place of reading.records) {
        const said = calls.take(place, place.record)
        if (said !== undefined && passes(said.told, filter)) yield { ...said, place }
      }
      for (const said of calls.unanswered())
        if (passes(said.told, filter)) yield { ...said, place: said.before }
    } catch (error) {
      await end()
      throw error
    }
  }
  const report = async (): Promise<Report> => {
    try {
      return await reading.report()
    } finally {
      await end()
    }
  }
  const { registry } = reading
  return { from: source.name, registry, server, filter, name: namer(server, keys), told: told(), report }
}

/** Says on standard error what counts of what was printed. Returns the exit code. */
export function saidOf(report: Report, from: string, screen: Screen): number {
  const say = (text: string): void => {
    for (const line of wrap(text, screen.width)) screen.note(line)
  }
  const code = isProved(report) ? exitCodes.ok : exitCodes.findings
  if (!report.ok)
    say(
      `NOT VERIFIED: this trail is not whole and unchanged, nor is anything that was made of it. hipaa-mcp verify ${from} says what is wrong.`,
    )
  else if (code !== exitCodes.ok)
    say(
      'NOT PROVED: the trail agrees with itself, and every key was taken from it. Pin keys with --policy, or the collector’s with --witness.',
    )
  else say(`Verified: whole and unchanged, witnessed ${witnessedAt(report) ?? 'by nobody'}.`)
  return code
}
