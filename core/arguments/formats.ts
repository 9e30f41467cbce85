// Formats of identifiers, dates and references, for arguments that hold one. Each looks at a text once from the left: no
// pattern here can be entered twice for the same character.

import { isResource } from '../fields/fhir-r4.ts'

type Format = {
  /** What a text of this format is, for documents. */
  readonly is: string
  readonly test: (text: string) => boolean
}

/** Prefixes of a search by date (FHIR R4 search.html#prefix). */
const prefix = '(?:eq|ne|gt|lt|ge|le|sa|eb|ap)?'
// Year, month and day as in FHIR R4 datatypes.html#date: a year is never 0000.
const year = '(?:[0-9](?:[0-9](?:[0-9][1-9]|[1-9]0)|[1-9]00)|[1-9]000)'
const month = '(?:0[1-9]|1[0-2])'
const day = '(?:0[1-9]|[1-2][0-9]|3[0-1])'
// Seconds are always there, and so is the zone (datatypes.html#dateTime).
const time =
  '(?:[01][0-9]|2[0-3]):[0-5][0-9]:(?:[0-5][0-9]|60)(?:\\.[0-9]+)?(?:Z|(?:\\+|-)(?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00))'

const date = new RegExp(`^${prefix}(${year})(?:-(${month})(?:-(${day}))?)?$`)
const dateTime = new RegExp(`^(${year})(?:-(${month})(?:-(${day})(?:T${time})?)?)?$`)
/** FHIR R4 datatypes.html#id. */
const id = /^[A-Za-z0-9\-.]{1,64}$/
/** A literal reference (FHIR R4 references.html#literal), relative: an address would send the server elsewhere. */
const reference = /^([A-Z][A-Za-z]{1,63})\/[A-Za-z0-9\-.]{1,64}(?:\/_history\/[A-Za-z0-9\-.]{1,64})?$/
/** No standard gives it a form. Ours: letters, digits and . _ - between them, with a digit, and no word of any language. */
const mrn = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?$/
/** Codes of HL7 v3 PurposeOfUse, such as TREAT. */
const purpose = /^[A-Z][A-Z0-9]{1,15}$/

/** The name of each format, as `format` says it. */
export const formats = {
  mrn: {
    is: 'a medical record number: 1 to 64 letters and digits, with . _ - between them, one of them a digit',
    test: (text) => text.length <= 64 && mrn.test(text) && /[0-9]/.test(text),
  },
  'fhir-id': {
    is: 'an id of FHIR R4: 1 to 64 letters, digits, - and .',
    test: (text) => id.test(text),
  },
  'fhir-date': {
    is: 'a date of FHIR R4, or a year or month, alone or behind one of eq ne gt lt ge le sa eb ap',
    test: (text) => text.length <= 12 && isDay(date.exec(text)),
  },
  'fhir-datetime': {
    is: 'a dateTime of FHIR R4: a year, month or day, or an instant with seconds and zone',
    test: (text) => text.length <= 64 && isDay(dateTime.exec(text)),
  },
  'fhir-reference': {
    is: 'a relative reference of FHIR R4, such as Patient/p-1 or Encounter/7/_history/2',
    test: (text) => {
      const found = reference.exec(text)
      return found !== null && isResource(found[1] as string)
    },
  },
  purpose: {
    is: 'a code of HL7 v3 PurposeOfUse, such as TREAT',
    test: (text) => purpose.test(text),
  },
} as const satisfies { readonly [name: string]: Format }

/** Whether there is such a day: the pattern knows no February. */
function isDay(match: RegExpExecArray | null): boolean {
  if (match === null) return false
  const [, ofYear, ofMonth, ofDay] = match
  return ofDay === undefined || Number(ofDay) <= daysIn(Number(ofYear), Number(ofMonth))
}

function daysIn(ofYear: number, ofMonth: number): number {
  if (ofMonth === 2) return ofYear % 4 === 0 && (ofYear % 100 !== 0 || ofYear % 400 === 0) ? 29 : 28
  return [4, 6, 9, 11].includes(ofMonth) ? 30 : 31
}
