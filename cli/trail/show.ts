// What a trail tells, as lines for people that fit 80 columns, and as JSON.

import { type Naming, patientsOf, type Told } from '../../core/export/told.ts'
import type { Screen } from '../command.ts'
import { columns, cut } from '../table.ts'
import { visible } from '../visible.ts'
import { shownPatient } from './patients.ts'

/** Widest cells; the rest of the line says how it ended, and of whom. */
const widest = { person: 16, name: 18 }
/** So many rows are laid out together: a trail may be longer than memory. */
const together = 200

/** Prints rows as they come, in blocks of columns. `end` prints what is left. */
export function table(screen: Screen, name: Naming): { row: (told: Told) => void; end: () => void } {
  let rows: string[][] = []
  let first = true
  const print = (): void => {
    const head = first ? [['TIME (UTC)', 'PERSON', 'TOOL', 'OUTCOME']] : []
    if (rows.length > 0)
      for (const line of columns([...head, ...rows], screen.width, cut)) screen.out(visible(line))
    first = first && rows.length === 0
    rows = []
  }
  return {
    row: (told) => {
      rows.push(rowOf(told, name))
      if (rows.length >= together) print()
    },
    end: print,
  }
}

function rowOf(told: Told, name: Naming): string[] {
  const { at, person, method, outcome, purpose, detail } = told
  const patients = patientsOf(told).map((patient) => shownPatient(name(patient)))
  const ended = [
    outcome === 'noted' ? undefined : outcome,
    purpose,
    told.grant === undefined ? undefined : `emergency ${told.grant.name}`,
    told.relations === undefined ? undefined : `relation ${told.relations.join(' ')}`,
    detail,
    patients.length === 0 ? undefined : patients.join(' '),
  ]
  return [
    shortTime(at),
    short(person?.sub ?? '-', widest.person),
    short(told.name ?? method ?? told.kind, widest.name),
    ended.filter((part) => part !== undefined).join(', '),
  ]
}

/** To the second; JSON and exports have the milliseconds. */
export function shortTime(at: string): string {
  return `${at.slice(0, 10)} ${at.slice(11, 19)}`
}

/** Begin and end of a text that is too long: identifiers differ at either. */
export function short(text: string, width: number): string {
  if (text.length <= width) return text
  const end = Math.floor((width - 1) / 2)
  return `${text.slice(0, width - 1 - end)}…${text.slice(text.length - end)}`
}

/** One line of `--json`: everything that is told, patients by name for a holder of the key. */
export function jsonOf(told: Told, name: Naming): { readonly [member: string]: unknown } {
  return { ...told, asked: told.asked.map(name), found: told.found.map(name) }
}
