// What a trail tells as comma-separated values, RFC 4180, for people and their spreadsheets. Others wrote what stands in it, so
// no cell may be a formula to the program that opens it.

import { type Naming, patientsOf, type Told } from './told.ts'

/** What spreadsheets take for a formula, full-width forms too, and what they drop before they look for one. */
const formula = /^\s*[=+\-@|%＝＋－＠]|^[\t\r\n]/

/** One cell. A text that begins like a formula gets an apostrophe, which spreadsheets show as text. */
export function cell(value: string | number | undefined): string {
  if (value === undefined) return ''
  const text = typeof value === 'number' ? String(value) : formula.test(value) ? `'${value}` : value
  return /[",\r\n;]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** One line, without its CR LF. */
export function csvLine(cells: readonly (string | number | undefined)[]): string {
  return cells.map(cell).join(',')
}

type Column = { name: string; value: (told: Told, patients: string) => string | number | undefined }

const listed = (counts: { readonly [name: string]: number }): string =>
  Object.entries(counts)
    .map(([name, count]) => `${name}: ${count}`)
    .join(' ')

const columns: readonly Column[] = [
  { name: 'time', value: ({ at }) => at },
  { name: 'kind', value: ({ kind }) => kind },
  { name: 'outcome', value: ({ outcome }) => outcome },
  { name: 'detail', value: ({ detail }) => detail },
  { name: 'person', value: ({ person }) => person?.sub },
  { name: 'issuer', value: ({ person }) => person?.iss },
  { name: 'client', value: ({ who }) => who?.clientId },
  { name: 'acting service', value: ({ who }) => who?.actor?.sub },
  { name: 'role', value: ({ role }) => role },
  { name: 'purpose', value: ({ purpose }) => purpose },
  { name: 'method', value: ({ method }) => method },
  { name: 'tool', value: ({ name }) => name },
  { name: 'patients', value: (_, patients) => patients },
  { name: 'relations', value: ({ relations }) => relations?.join(' ') },
  { name: 'relations unknown', value: ({ relationsUnknown }) => relationsUnknown?.join(' ') },
  { name: 'fields kept', value: ({ kept }) => listed(kept) },
  { name: 'fields dropped', value: ({ dropped }) => listed(dropped) },
  { name: 'identifiers replaced', value: ({ redacted }) => listed(redacted) },
  { name: 'bytes', value: ({ bytes }) => bytes },
  { name: 'emergency grant', value: ({ grant }) => grant?.name },
  { name: 'address', value: ({ peer }) => peer },
  { name: 'call', value: ({ call }) => call },
  { name: 'chain', value: ({ origin }) => origin },
  { name: 'record', value: ({ index }) => index },
]

export const csvHead: string = csvLine(columns.map(({ name }) => name))

export function csvOf(told: Told, naming: Naming): string {
  const patients = patientsOf(told)
    .map(naming)
    .map(({ token, patient }) => patient ?? `token:${token}`)
    .join(' ')
  return csvLine(columns.map(({ value }) => value(told, patients)))
}
