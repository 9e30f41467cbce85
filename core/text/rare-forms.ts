// Forms that are so rare, and so irregular, that an expression reads them: the module asks where a text comes close to one
// (module/asked.as, whose numbers these are).

import { isCompound, isDerived, isHouse, isTown } from './word-forms.ts'

const codes =
  /(?<![A-Za-z])(?:pmid|pmcid|pmc|nct|loinc|snomed(?: ct)?|sct|rxnorm|rxcui|cpt|icd(?:-\d{1,2}(?:-cm|-pcs)?)?|ndc|hcpcs|doi|cvx|unii|cas|isbn|issn|(?:procedure|diagnosis|billing|drug|term|product) codes?|atc|mesh|omim|umls|cui|drg|uniprot|chembl|drugbank|isrctn|eudract|grant|version|range|between)[\s:#.]{0,3}(?:(?:no|number|id|code)\b[\s:#.]{0,3})?[(#]?$/i
/** What stands before a code reaches no further. */
const farthest = 28

const international =
  /(?<![\w+])\+\d{1,3}(?:[ .-]{0,2}\(?\d{1,4}\)?){2,5}(?: ?(?:x|ext\.?) ?\d{1,6})?(?![\w-])/iy
/** UDI (21 CFR 830): GS1 application identifiers */
const udi = /\(01\)\d{14}(?:\((?:11|17|10|21)\)[\w-]{1,20}){0,4}/y
const coordinates = /(?<![\w.-])-?\d{1,2}\.\d{3,8}°?(?: ?[NS])?, ?-?\d{1,3}\.\d{3,8}°?(?: ?[EW])?(?![\w.])/y

function endOf(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at
  return pattern.test(text) ? pattern.lastIndex : -1
}

/** Whether what stands before this place says that a term's code follows. */
function isBehindCode(text: string, at: number): number {
  return codes.test(text.slice(Math.max(0, at - farthest), at)) ? 1 : 0
}

function internationalEnd(text: string, at: number): number {
  const end = endOf(international, text, at)
  const number = text.slice(at, end).replace(/ ?(?:x|ext).*/i, '')
  return end >= 0 && /^\d{8,15}$/.test(number.replaceAll(/\D/g, '')) ? end : -1
}

/** By the rule's number. `to`: of words alone. */
export const rareForms: readonly ((text: string, at: number, to: number) => number)[] = [
  isBehindCode,
  internationalEnd,
  (text, at) => endOf(udi, text, at),
  (text, at) => endOf(coordinates, text, at),
  (text, at, to) => (isCompound(text, at, to) ? 1 : 0),
  (text, at, to) => (isDerived(text, at, to) ? 1 : 0),
  (text, at, to) => (isTown(text, at, to) ? 1 : 0),
  (text, at, to) => (isHouse(text, at, to) ? 1 : 0),
]
