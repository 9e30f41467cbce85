// What a number can be that is nobody's: a year, a measure, a count, a range, a code of a term.

import { byteAt } from './letters.ts'
import { isDigit } from './runs.ts'
import { codeAt, isLetter } from './word.ts'
import { lookUp, wordTable } from './word-table.ts'

const codes =
  /(?<![A-Za-z])(?:pmid|pmcid|pmc|nct|loinc|snomed(?: ct)?|sct|rxnorm|rxcui|cpt|icd(?:-\d{1,2}(?:-cm|-pcs)?)?|ndc|hcpcs|doi|cvx|unii|cas|isbn|issn|(?:procedure|diagnosis|billing|drug|term|product) codes?|atc|mesh|omim|umls|cui|drg|uniprot|chembl|drugbank|isrctn|eudract|grant|version|range|between)[\s:#.]{0,3}(?:(?:no|number|id|code)\b[\s:#.]{0,3})?[(#]?$/i

/** What these words end in, the last letters before a code. */
const lastOfCodes = wordTable(
  `pmid pmcid pmc nct loinc snomed ct sct rxnorm rxcui cpt icd cm pcs ndc hcpcs doi cvx unii cas isbn issn code codes atc mesh omim umls cui drg
   uniprot chembl drugbank isrctn eudract grant version range between no number id`
    .split(/\s+/)
    .map((word) => [word, true] as const),
)

/** A text and its bytes (letters.ts). */
type Where = { readonly text: string; readonly bytes: Uint8Array }

/** Whether one of them may stand before this place: for nearly all numbers none does. */
function mayBeCode({ text, bytes }: Where, before: number): boolean {
  let end = before
  // Signs between, as many as the expression takes.
  while (end > 0 && before - end < 7 && isBetween(byteAt(bytes, end - 1))) end -= 1
  let start = end
  while (start > 0 && isLetter(byteAt(bytes, start - 1))) start -= 1
  if (start < end) return lookUp(lastOfCodes, text, start, end) === true
  const code = byteAt(bytes, end - 1)
  // What is beyond ASCII may be a space.
  return code >= 0x80 || isVersion(bytes, end)
}

/** The 10 of icd-10. */
function isVersion(bytes: Uint8Array, end: number): boolean {
  let at = end
  while (at > end - 2 && isDigit(byteAt(bytes, at - 1))) at -= 1
  return at < end && byteAt(bytes, at - 1) === 0x2d && (byteAt(bytes, at - 2) | 0x20) === 0x64
}

/** Space : # . ( */
function isBetween(code: number): boolean {
  return (
    code === 0x20 ||
    (code >= 0x09 && code <= 0x0d) ||
    code === 0x3a ||
    code === 0x23 ||
    code === 0x2e ||
    code === 0x28
  )
}

/** Whether what stands before this place says that a term's code follows. */
export function isCodeOf(where: Where, at: number): boolean {
  if (!mayBeCode(where, at)) return false
  return codes.test(where.text.slice(Math.max(0, at - 28), at))
}

const unit =
  /^ ?(?:%|°|mg|mcg|µg|ug|ng|pg|kg|g\b|gm|gram|ml|dl|l\b|liter|cc\b|iu\b|u\b|units?|meq|mmol|mol|mm|cm|km|m\b|hz|kcal|cal|bpm|copies|cells|per\b|\/|x10|×|years?|yrs?|months?|weeks?|days?|hours?|hrs?|min|sec|patients|people|subjects|cases|participants|adults|women|men|children|deaths|births|persons|dollars|usd|times|steps|platelets|wbc)/i

/** Whether something that counts or measures stands from here on. */
export function isUnitAt({ text, bytes }: Where, at: number): boolean {
  const first = byteAt(bytes, byteAt(bytes, at) === 0x20 ? at + 1 : at)
  // A letter, % or /, or what is beyond ASCII: ° µ ×
  if (!isLetter(first) && first !== 0x25 && first !== 0x2f && first < 0x80) return false
  return unit.test(text.slice(at, at + 14))
}

/** A year, a date, an age, a number with its unit. `digits`: how many it has. */
export function isMeasured(value: string, digits: number, where: Where, end: number): boolean {
  if (value.length === digits) return (digits === 4 && year.test(value)) || isUnitAt(where, end)
  let leading = 0
  while (isDigit(codeAt(value, leading))) leading += 1
  if (leading === 4)
    return codeAt(value, 4) === 0x2d && (years.test(value) || /^\d{4}-\d{2}-\d{2}/.test(value))
  if (leading === 0 || leading > 3) return false
  return isLetter(codeAt(value, codeAt(value, leading) === 0x2d ? leading + 1 : leading)) && age.test(value)
}

const year = /^(?:19|20)/
const years = /^(?:19|20)\d{2}-(?:19|20)?\d{2}$/
const age = /^\d{1,3}-?(?:year|yr|y\/?o|month|mo\b|week|wk|day|hour|hr)/i

/** Codes of substances on trial carry their maker's letters; and what else is written like a person's number and is none. */
const substances = new Set(
  `bms mk abt abbv ly gsk pf azd ro tak amg regn cc bi jnj sar ono vx gs act byl plx ici sb cp ags mdx rg covid sars dsm nct iso h pmid pmc rs cd il
   hla brca apoe fda ce en astm din icd cpt loinc snomed rxnorm hcpcs isrctn chictr actrn eudract umin doi`.split(
    /\s+/,
  ),
)

export function isSubstance(letters: string): boolean {
  return substances.has(letters.toLowerCase())
}
