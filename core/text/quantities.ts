// What a number can be that is nobody's: a year, a measure, a count, a range, a code of a term.

const codes =
  /(?<![A-Za-z])(?:pmid|pmcid|pmc|nct|loinc|snomed(?: ct)?|sct|rxnorm|rxcui|cpt|icd(?:-\d{1,2}(?:-cm|-pcs)?)?|ndc|hcpcs|doi|cvx|unii|cas|isbn|issn|(?:procedure|diagnosis|billing|drug|term|product) codes?|atc|mesh|omim|umls|cui|drg|uniprot|chembl|drugbank|isrctn|eudract|grant|version|range|between)[\s:#.]{0,3}(?:(?:no|number|id|code)\b[\s:#.]{0,3})?[(#]?$/i

/** Whether what stands before this place says that a term's code follows. */
export function isCodeOf(text: string, at: number): boolean {
  return codes.test(text.slice(Math.max(0, at - 28), at))
}

const unit =
  /^ ?(?:%|°|mg|mcg|µg|ug|ng|pg|kg|g\b|gm|gram|ml|dl|l\b|liter|cc\b|iu\b|u\b|units?|meq|mmol|mol|mm|cm|km|m\b|hz|kcal|cal|bpm|copies|cells|per\b|\/|x10|×|years?|yrs?|months?|weeks?|days?|hours?|hrs?|min|sec|patients|people|subjects|cases|participants|adults|women|men|children|deaths|births|persons|dollars|usd|times|steps|platelets|wbc)/i

/** Whether something that counts or measures stands from here on. */
export function isUnitAt(text: string, at: number): boolean {
  return unit.test(text.slice(at, at + 14))
}

/** A year, a date, an age, a number with its unit. */
export function isMeasured(value: string, text: string, end: number): boolean {
  if (/^(?:19|20)\d{2}(?:-(?:19|20)?\d{2})?$/.test(value) || /^\d{4}-\d{2}-\d{2}/.test(value)) return true
  if (/^\d{1,3}-?(?:year|yr|y\/?o|month|mo\b|week|wk|day|hour|hr)/i.test(value)) return true
  return /^\d+$/.test(value) && isUnitAt(text, end)
}

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
