// `hipaa-mcp disclosures SOURCE --patient ID`: the accounting of disclosures (45 CFR 164.528), and who saw this patient.

import { counted } from '../core/counted.ts'
import { type Disclosure, disclosureOf, type Sum, summed } from '../core/export/accounting.ts'
import { csvLine } from '../core/export/csv.ts'
import {
  CannotError,
  type Command,
  exitCodes,
  picked,
  type Screen,
  textOf,
  UsageError,
  type Values,
} from './command.ts'
import { progress } from './progress.ts'
import { columns, cut, wrap } from './table.ts'
import { filterOf, filterOptions, passes } from './trail/filter.ts'
import { sourceOptions } from './trail/follow.ts'
import { indexPath } from './trail/index-path.ts'
import { keysFrom } from './trail/key-file.ts'
import { oneSource, openTrail } from './trail/open-trail.ts'
import { PatientIndex } from './trail/patient-access.ts'
import { makeIndex } from './trail/patient-index.ts'
import { tokensOf } from './trail/patients.ts'
import { short, shortTime } from './trail/show.ts'
import type { TrailSource } from './trail/source.ts'
import { isProved, nameOfPins, pinsOf } from './verify/pins.ts'
import { visible } from './visible.ts'

export const disclosures: Command = {
  name: 'disclosures',
  summary: 'Account for the disclosures of a patient, or show everybody who saw the patient',
  operands: 'SOURCE',
  example: 'disclosures DIR --key key.json --patient @patient.txt --csv',
  options: {
    ...picked(filterOptions, 'patient', 'since', 'until'),
    all: { help: 'Everything that was asked of the patient, treatment and failures too' },
    'by-person': { help: 'One row for each person, purpose and tool, with how often' },
    ...sourceOptions,
    index: {
      value: 'FILE',
      help: 'Index of patients that you made, in your cache unless set; made if it is not there',
    },
    rebuild: { help: 'Make the index anew' },
    csv: { help: 'Print it as CSV' },
    json: { help: 'Print it as JSON' },
  },
  about:
    'Without --all: what left, but for treatment, payment and health care operations, of which no accounting is owed (45 CFR 164.528(a)(1)(i)). A purpose that is not known to be one of these is listed. Whether a person is a member of the workforce, the patient or somebody else is not in the trail: strike what was a use, or was authorized, before it is handed out.\nThe first run reads and verifies the whole trail and makes the index; later ones answer at once. The index holds no identifier, and is made anew when the trail is another. It is believed for what was verified when it was made: take none from others.',
  run: async (operands, values, screen) => {
    const named = oneSource('disclosures', operands)
    const patient = textOf(values, 'patient')
    if (patient === undefined) throw new UsageError('disclosures wants --patient')
    const filter = filterOf({ since: values['since'], until: values['until'] })
    const key = textOf(values, 'key')
    const keys = key === undefined ? undefined : await keysFrom(key)
    const source = await openTrail(named, values, screen)
    let index: PatientIndex | undefined
    try {
      index = await indexOf(source, values, screen)
      if (index === undefined) return exitCodes.findings
      const tokens = await tokensOf(patient, index.about.server, keys)
      const found: Disclosure[] = []
      for await (const told of index.told(tokens)) {
        const disclosure = disclosureOf(told)
        if (passes(told, filter) && (values['all'] === true || disclosure.accounted)) found.push(disclosure)
      }
      print(found, values, screen)
      const { witnessed } = index.about
      note(
        `From a trail that was verified, witnessed ${witnessed}. The index: ${await pathOf(source, values)}`,
        screen,
      )
      return exitCodes.ok
    } finally {
      index?.close()
      await source.close()
    }
  },
}

const pathOf = async ({ name }: TrailSource, values: Values): Promise<string> =>
  textOf(values, 'index') ?? (await indexPath(name))

/** The index of this trail, made if need be; undefined when the trail does not verify, which is said. */
async function indexOf(
  source: TrailSource,
  values: Values,
  screen: Screen,
): Promise<PatientIndex | undefined> {
  const path = await pathOf(source, values)
  const wanted = await pinsOf(values)
  const pins = await nameOfPins(values, wanted)
  const here = values['rebuild'] === true ? undefined : await PatientIndex.open(path, source)
  if (here !== undefined) {
    const { about } = here
    // Without pins the index is believed by those with which it was made.
    if (about.server === (wanted.server ?? about.server) && about.pins === (pins ?? about.pins)) return here
    here.close()
  }
  if (pins === undefined) {
    note(
      'NOT PROVED: every key would be taken from the trail itself. Pin keys with --policy, or the collector’s with --witness, when the index is made.',
      screen,
    )
    return undefined
  }
  let records = 0
  const shown = progress(screen, () => `${records.toLocaleString('en')} records read and indexed`)
  const read = (more: number): void => {
    records += more
  }
  const report = await makeIndex(path, { source, ...wanted, read }, pins, {
    anew: values['rebuild'] === true,
  }).finally(() => shown.done())
  if (!isProved(report)) {
    note(
      `NOT VERIFIED: nothing is told out of this trail. hipaa-mcp verify ${source.name} says what is wrong.`,
      screen,
    )
    return undefined
  }
  const made = await PatientIndex.open(path, source)
  if (made === undefined)
    throw new CannotError(`The trail in ${source.name} changes while it is read: try again`)
  return made
}

function note(text: string, screen: Screen): void {
  for (const line of wrap(text, screen.width)) screen.note(line)
}

function print(found: readonly Disclosure[], values: Values, screen: Screen): void {
  const sums = values['by-person'] === true ? summed(found) : undefined
  if (values['json'] === true) screen.out(JSON.stringify(sums ?? found, null, 2))
  else if (values['csv'] === true)
    for (const line of sums === undefined ? csv(rowColumns, found) : csv(sumColumns, sums)) screen.out(line)
  else if (found.length === 0)
    screen.out(
      values['all'] === true ? 'Nobody asked for this patient.' : 'No disclosure is to be accounted for.',
    )
  else {
    const rows = sums === undefined ? tabled(rowColumns, found) : tabled(sumColumns, sums)
    for (const line of columns(rows, screen.width, cut)) screen.out(visible(line))
    screen.out(counted(rows.length - 1, 'row'))
  }
}

type Column<T> = { name: string; value: (of: T) => string | number | undefined; wide?: number }

const recipientColumns: readonly Column<{ recipient: Disclosure['recipient'] }>[] = [
  { name: 'issuer', value: ({ recipient }) => recipient.iss },
  { name: 'client', value: ({ recipient }) => recipient.client },
  { name: 'acting service', value: ({ recipient }) => recipient.actor },
]

/** Those with a width stand in columns of their own on a screen, and the others share the last one. */
const rowColumns: readonly Column<Disclosure>[] = [
  { name: 'date', value: ({ date }) => date, wide: 19 },
  { name: 'recipient', value: ({ recipient }) => recipient.sub, wide: 18 },
  { name: 'purpose', value: ({ purpose }) => purpose, wide: 12 },
  { name: 'what', value: ({ what }) => what },
  { name: 'outcome', value: ({ outcome }) => outcome },
  ...recipientColumns,
  { name: 'to be accounted for', value: ({ accounted }) => (accounted ? 'yes' : 'no') },
  { name: 'call', value: ({ call }) => call },
  { name: 'chain', value: ({ chain }) => chain },
  { name: 'record', value: ({ record }) => record },
]

const sumColumns: readonly Column<Sum>[] = [
  { name: 'last', value: ({ last }) => last, wide: 19 },
  { name: 'recipient', value: ({ recipient }) => recipient.sub, wide: 18 },
  { name: 'purpose', value: ({ purpose }) => purpose, wide: 12 },
  { name: 'times', value: ({ times }) => times },
  { name: 'what', value: ({ what }) => what },
  { name: 'first', value: ({ first }) => first },
  ...recipientColumns,
  { name: 'to be accounted for', value: ({ accounted }) => (accounted ? 'yes' : 'no') },
]

function csv<T>(of: readonly Column<T>[], rows: readonly T[]): string[] {
  const heads = csvLine(of.map(({ name }) => name))
  return [heads, ...rows.map((row) => csvLine(of.map(({ value }) => value(row))))]
}

/** What a person needs at first sight; CSV and JSON have the rest. */
const shared = new Set(['what', 'times', 'outcome', 'first', 'client', 'call'])

function tabled<T>(of: readonly Column<T>[], rows: readonly T[]): string[][] {
  const alone = of.filter(({ wide }) => wide !== undefined)
  const together = of.filter(({ name }) => shared.has(name))
  const last = together.map(({ name }) => name).join(', ')
  return [
    [...alone.map(({ name }) => name), last].map((name) => name.toUpperCase()),
    ...rows.map((row) => [
      ...alone.map(({ value, wide }) => short(timed(value(row)), wide ?? 0)),
      together.flatMap(({ value }) => timed(value(row)) || []).join(', '),
    ]),
  ]
}

/** Times to the second. */
function timed(value: string | number | undefined): string {
  const text = String(value ?? '')
  return /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(text) ? shortTime(text) : text
}
