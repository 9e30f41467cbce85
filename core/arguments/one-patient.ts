// The value of an argument that names the patient: one identifier that every reader takes for the same patient. What a server
// could read as somebody else, or as everybody, would make the trail name the wrong one.

import { isPlain, patientIn } from '../redaction/patients.ts'
import { words } from '../words.ts'

/**
 * An identifier as FHIR has ids (R4 datatypes.html#id), and as record numbers have it besides, with the system that issued it or
 * without (search.html#token); or a reference to a Patient, or the address of one within a Bundle. No other letters and no
 * spaces: some are not seen, and some are taken for `*` or for a letter of ASCII.
 */
const identifier = /^(?:Patient\/|urn:uuid:)?[A-Za-z0-9._:-]+$|^[A-Za-z0-9._:/-]*\|[A-Za-z0-9._:-]+$/
/** The one letter or digit without which it names nobody: `_`, `..` and `-` are wildcards, places and nothing. */
const letterOrDigit = /[A-Za-z0-9]/
/** Steps through places of an address, and numbers below nought, which servers take for all. */
const noIdentifier = /(?:^|\/)\.{1,2}(?:\/|$)|\/\.{0,2}\||^-[0-9]+$/
/** Words that mean everybody, in small letters. */
const everybody = words('all any every everyone everybody patient null undefined none')

/** What is wrong with one or several patients; undefined where each is one. `most`: patients at a time. */
export function patientRule(value: unknown, most: number): string | undefined {
  if (!Array.isArray(value)) return onePatient(value)
  if (value.length === 0) return 'names no patient'
  if (value.length > most) return `names more than ${most} patients (limits.records)`
  for (const one of value) {
    const rule = onePatient(one)
    if (rule !== undefined) return rule
  }
  return undefined
}

export function onePatient(value: unknown): string | undefined {
  if (value === undefined || value === null) return 'is required: it names the patient'
  if (typeof value === 'string' && value.trim() === '') return 'names no patient'
  return isPlain(value) && isIdentifier(`${value as string | number}`)
    ? undefined
    : 'must be the identifier of one patient'
}

function isIdentifier(text: string): boolean {
  if (!identifier.test(text) || noIdentifier.test(text)) return false
  const own = patientIn(text.slice(text.indexOf('|') + 1)) ?? ''
  return letterOrDigit.test(own) && !everybody.has(own.toLowerCase().replaceAll(/[._:-]/g, ''))
}
