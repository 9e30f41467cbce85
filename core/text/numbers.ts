// Numbers and codes that are somebody's: by a word that announces them, by a checksum, or in prose by their length alone.

import { isDea, isIban, isLuhn, isVin } from './checksums.ts'
import type { Detector } from './forms.ts'
import type { IdentifierType } from './span.ts'

/** What announces which identifier. Words of one line mean the same; longer ones stand first. */
const announcers: readonly (readonly [type: IdentifierType, words: string])[] = [
  ['SOCIAL_SECURITY_NUMBER', 'ssn|social security|itin'],
  [
    'MEDICAL_RECORD_NUMBER',
    'mrn|mr#|medical record|hospital record|health record|record|chart|emr|ehr|hospital number|patient|pt|file|uhid|nhs|unit number',
  ],
  [
    'HEALTH_PLAN_BENEFICIARY_NUMBER',
    'health plan|health insurance|insurance|insurer|insured|ins|policy|plan|member|membership|subscriber|beneficiary|medicare|medicaid|mbi|hicn|hmo|ppo|coverage|payer|payor|group|claim|authorization|auth',
  ],
  ['ACCOUNT_NUMBER', 'account|acct|a/c|billing|invoice|iban|routing|credit card|debit card|card'],
  [
    'CERTIFICATE_LICENSE_NUMBER',
    "driver'?s licen[sc]e|drivers licen[sc]e|medical licen[sc]e|licen[sc]e|lic|dl|dea|npi|certificate|certification|cert|passport|visa|upin",
  ],
  ['VEHICLE_IDENTIFIER', 'licen[sc]e plate|number plate|plate|vin|vehicle|registration'],
  [
    'DEVICE_IDENTIFIER',
    'serial|s/n|sn|device|udi|imei|imsi|pacemaker|implant|icd serial|pump|mac address|mac|lot',
  ],
  [
    'BIOMETRIC_IDENTIFIER',
    'fingerprint|finger print|voice ?print|retinal scan|retina scan|iris scan|iris|face ?print|palm print|biometric',
  ],
  ['PHOTO', 'photograph|photo|picture'],
  ['FAX_NUMBER', 'fax'],
  [
    'UNIQUE_IDENTIFIER',
    'identification|identifier|unique id|id|case|reference|ref|accession|specimen|sample|encounter|visit|admission|order|study|subject|participant|employee|student|tracking|confirmation|ticket|user|username|login|registry|barcode|badge|transaction|rx|prescription|referral|token|session',
  ],
]

const typeOf = (word: string): IdentifierType => {
  for (const [type, words] of announcers) if (new RegExp(`^(?:${words})$`, 'i').test(word)) return type
  return 'UNIQUE_IDENTIFIER'
}
const typesByWord = new Map<string, IdentifierType>()
function typeBy(word: string): IdentifierType {
  const small = word.toLowerCase()
  const before = typesByWord.get(small)
  if (before !== undefined) return before
  const type = typeOf(small)
  if (typesByWord.size < 1024) typesByWord.set(small, type)
  return type
}

/** Between the announcing word and the value. */
const filler =
  '(?:[\\s:#.=(/-]{0,3}\\b(?:numbers?|num|nbr|no|nr|ids?|identifier|identification|code|card|plan|policy|record|is|was|of|with|under|as)\\b){0,4}[\\s:#.=("\'-]{0,4}'

/** Words that announce so many other things that a short plain number behind them is none. */
const vague =
  /^(?:patient|pt|plan|group|claim|visit|admission|order|study|subject|sample|lot|case|reference|ref|file|record|chart|card|device|pump|mac|rx|prescription|icd serial|iris|photo|picture|vehicle|registration|ins|coverage|auth|authorization|participant|hmo|ppo|medicare|medicaid|insured|referral|vin|session|plate|visa|insurance|token|sn|user|dl|cert|billing|routing|npi)$/i

const codes =
  /\b(?:pmid|pmcid|pmc|nct|loinc|snomed(?: ct)?|sct|rxnorm|rxcui|cpt|icd(?:-\d{1,2}(?:-cm|-pcs)?)?|ndc|hcpcs|doi|cvx|unii|cas|isbn|issn|code|atc|mesh|omim|umls|cui|drg|uniprot|chembl|drugbank|isrctn|eudract|grant|version|article|protocol|trial)\b[\s:#.]{0,3}(?:(?:no|number|id|code)\b[\s:#.]{0,3})?\(?$/i

/** Nothing that counts or measures stands behind it. */
const unit =
  /^ ?(?:%|°|mg|mcg|µg|ug|ng|pg|kg|g\b|gm|gram|ml|dl|l\b|liter|cc\b|iu\b|u\b|units?|meq|mmol|mol|mm|cm|km|m\b|hz|kcal|cal|bpm|copies|cells|per\b|\/|x10|×|years?|yrs?|months?|weeks?|days?|hours?|hrs?|min|sec|patients|people|subjects|cases|participants|adults|women|men|children|deaths|births|persons|dollars|usd|times|steps|platelets|wbc)/i

/** Codes of substances on trial carry their maker's letters. */
const substance =
  /^(?:bms|mk|abt|abbv|ly|gsk|pf|azd|ro|tak|amg|regn|cc|bi|jnj|sar|ono|vx|gs|act|byl|plx|ici|sb|cp|ags|mdx|rg|covid|sars|dsm|nct|iso|h1n1|pmid|pmc|rs|cd|il|hla|brca|apoe|fda|ce|en|astm|din|icd|cpt|loinc|snomed|rxnorm|hcpcs|isrctn|chictr|actrn|eudract|umin|doi|en)$/i

function digitsOf(text: string): number {
  let count = 0
  for (let i = 0; i < text.length; i += 1)
    if (text.charCodeAt(i) <= 0x39 && text.charCodeAt(i) >= 0x30) count += 1
  return count
}

/** A date, a time, a measure: anything a number can be before it is somebody's. */
function isPlainQuantity(value: string, input: string, end: number): boolean {
  if (
    /^(?:19|20)\d{2}$/.test(value) ||
    /^\d{4}-\d{2}-\d{2}/.test(value) ||
    /^\d{1,3}-(?:year|yr|y|month|mo|week|day|hour)/i.test(value)
  )
    return true
  if (/^(?:19|20)\d{2}-(?:19|20)?\d{2}$/.test(value)) return true
  return /^\d+$/.test(value) && unit.test(input.slice(end, end + 12))
}

export const announced: Detector = {
  type: 'UNIQUE_IDENTIFIER',
  needs: ({ digits, letters }) => digits >= 3 && letters >= 2,
  pattern: new RegExp(
    `(?<![A-Za-z0-9])(${announcers.map(([, words]) => words).join('|')})(?![A-Za-z])${filler}(?<![A-Za-z0-9])([A-Za-z]{0,8}[-_]?\\d[\\w-]{2,30}(?:[ ]\\d{3,6}(?![\\w/])){0,3})(?![\\w])`,
    'gi',
  ),
  context: true,
  accept: (match) => {
    const [word, value] = [match[1] as string, match[2] as string]
    const digits = digitsOf(value)
    const end = match.index + match[0].length
    if (digits < 3 || isPlainQuantity(value, match.input, end)) return false
    if (codes.test(match.input.slice(Math.max(0, end - value.length - 24), end - value.length))) return false
    if (/^(?:nct|pmid|pmc|isrctn)\d/i.test(value)) return false
    if (vague.test(word)) {
      const marked = /^[\s]{0,2}(?:numbers?|num|no|nr|ids?|identifier|is|#|:)/i.test(
        match[0].slice(word.length),
      )
      return marked
        ? digits >= 3 && value.length >= 4
        : digits >= 5 || (digits >= 4 && /[A-Za-z]/.test(value) && !/^[a-z]+$/.test(value))
    }
    return true
  },
  typed: (match) => typeBy(match[1] as string),
  // "case #JH-998877" and "patient ID 987654" are one identifier together.
  whole: (match) =>
    /^(?:patient|pt)[ .]{1,2}id/i.test(match[0]) || typeBy(match[1] as string) === 'UNIQUE_IDENTIFIER',
}

/** With a form that only they have, or a checksum that holds. */
export const checked: readonly Detector[] = [
  {
    // Medicare: 1EG4-TE5-MK73 (CMS, Understanding the MBI)
    type: 'HEALTH_PLAN_BENEFICIARY_NUMBER',
    needs: ({ digits, letters }) => digits >= 4 && letters >= 3,
    pattern:
      /(?<![\w-])[1-9][AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y0-9]\d-?[AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y0-9]\d-?[AC-HJKMNP-RT-Y]{2}\d{2}(?![\w-])/g,
  },
  {
    type: 'VEHICLE_IDENTIFIER',
    needs: ({ digits, letters }) => digits >= 5 && letters >= 1,
    pattern: /(?<![\w-])[A-HJ-NPR-Z0-9]{17}(?![\w-])/g,
    accept: ([text]) => /[A-Z]/.test(text) && /\d{4}$/.test(text) && isVin(text),
  },
  {
    type: 'ACCOUNT_NUMBER',
    needs: ({ digits }) => digits >= 13,
    pattern: /(?<![\w.-])\d{4}(?:[ -]?\d{4}){2}[ -]?\d{1,7}(?![\w-])/g,
    accept: ([text]) => {
      const digits = text.replaceAll(/\D/g, '')
      return digits.length >= 13 && digits.length <= 19 && isLuhn(digits)
    },
  },
  {
    type: 'ACCOUNT_NUMBER',
    needs: ({ digits, letters }) => digits >= 8 && letters >= 2,
    pattern: /(?<![\w-])[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?![\w-])/g,
    accept: ([text]) => isIban(text),
  },
  {
    type: 'CERTIFICATE_LICENSE_NUMBER',
    needs: ({ digits, letters }) => digits >= 7 && letters >= 2,
    pattern: /(?<![\w-])[ABFGMPRX][A-Z9]\d{7}(?![\w-])/g,
    accept: ([text]) => isDea(text),
  },
  {
    type: 'DEVICE_IDENTIFIER',
    needs: ({ colons, dashes }) => colons >= 5 || dashes >= 5,
    pattern: /(?<![\w:-])[0-9A-Fa-f]{2}(?:([:-])[0-9A-Fa-f]{2})(?:\1[0-9A-Fa-f]{2}){4}(?![\w:-])/g,
  },
  {
    // UDI (21 CFR 830): GS1 application identifiers
    type: 'DEVICE_IDENTIFIER',
    needs: ({ digits }) => digits >= 16,
    pattern: /\(01\)\d{14}(?:\((?:11|17|10|21)\)[\w-]{1,20}){0,4}/g,
  },
  {
    type: 'UNIQUE_IDENTIFIER',
    needs: ({ dashes }) => dashes >= 4,
    pattern: /(?<![\w-])[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?![\w-])/gi,
  },
  {
    type: 'PHOTO',
    needs: ({ dots, letters }) => dots >= 1 && letters >= 4,
    pattern: /(?<![\w/.-])[\w-]{1,64}\.(?:jpe?g|png|heic|tiff?|bmp|gif|dcm)\b/gi,
  },
  {
    // Latitude and longitude
    type: 'GEOGRAPHIC_LOCATION',
    needs: ({ digits, dots }) => digits >= 8 && dots >= 2,
    pattern: /(?<![\w.-])-?\d{1,2}\.\d{3,8}°?(?: ?[NS])?, ?-?\d{1,3}\.\d{3,8}°?(?: ?[EW])?(?![\w.])/g,
  },
  {
    type: 'GEOGRAPHIC_LOCATION',
    needs: ({ digits, letters }) => digits >= 5 && letters >= 2,
    pattern: /\b(?:zip(?: ?code)?|postal code|postcode)[ :#]{1,3}(?:is )?(\d{5}(?:-\d{4})?)\b/gi,
    context: true,
  },
]

/** In prose alone: among coded values a long number is a code. */
export const long: readonly Detector[] = [
  {
    // HMO-234567, SJH123456, P12345678
    type: 'UNIQUE_IDENTIFIER',
    needs: ({ digits, letters }) => digits >= 4 && letters >= 1,
    pattern: /(?<![\w.\/-])#?([A-Z]{1,8})([-_]?)\d{4,20}(?:-?[A-Z0-9]{1,10})?(?![\w-]|\.\d)/g,
    accept: (match) => {
      const text = match[0]
      if (substance.test(match[1] as string) || codes.test(before(match))) return false
      return match[2] !== '' || digitsOf(text) >= 5
    },
  },
  {
    // 12345-JS, 98765ABC
    type: 'UNIQUE_IDENTIFIER',
    needs: ({ digits, letters }) => digits >= 4 && letters >= 1,
    pattern: /(?<![\w.\/-])#?\d{4,20}-?([A-Z]{1,6})\d{0,6}(?![\w-])/g,
    accept: (match) =>
      !/^(?:mg|mcg|ml|iu|u|kg|g|l|hz|k|m|s|c|f|meq|cfu|usd)$/i.test(match[1] as string) &&
      !codes.test(before(match)),
  },
  {
    // 789-456-123, 54321-7890
    type: 'UNIQUE_IDENTIFIER',
    needs: ({ digits, dashes }) => digits >= 7 && dashes >= 1,
    pattern: /(?<![\w.\/-])#?\d{2,8}(?:-\d{2,8}){1,3}(?![\w\/%-]|\.\d)/g,
    accept: (match) => {
      const parts = match[0].replace('#', '').split('-')
      if (digitsOf(match[0]) < 7 || codes.test(before(match))) return false
      // A range: 1000-1500, 150000-450000
      const [low = '', high = ''] = parts
      const near = low.length === high.length || digitsOf(match[0]) < 8
      if (parts.length === 2 && near && Number(low) < Number(high)) return false
      return !unit.test(after(match)) || parts.length > 2
    },
  },
  {
    type: 'UNIQUE_IDENTIFIER',
    needs: ({ digits }) => digits >= 6,
    pattern: /(?<![\w.,\/$€£-])#?\d{6,20}(?![\w\/%-]|[.,]\d)/g,
    accept: (match) => !codes.test(before(match)) && !unit.test(after(match)) && !/000$/.test(match[0]),
  },
  {
    type: 'UNIQUE_IDENTIFIER',
    needs: ({ digits }) => digits >= 4,
    pattern: /(?<![\w&])#\d{4,20}(?![\w-])/g,
  },
]

function before(match: RegExpExecArray): string {
  return match.input.slice(Math.max(0, match.index - 24), match.index)
}

function after(match: RegExpExecArray): string {
  const end = match.index + match[0].length
  return match.input.slice(end, end + 12)
}
