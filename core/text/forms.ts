// Identifiers that a text shows by their form, or by a word before them (45 CFR 164.514(b)(2)(i)). The text is gone through
// once; from a run of letters and digits each rule looks at a bounded number of characters, so the time is linear whatever
// the text holds.

import { words } from '../words.ts'
import { announced } from './announced.ts'
import { agesAt, datesAt, datesAtWord } from './dates.ts'
import { detectors, longNumbers } from './numbers.ts'
import {
  closing,
  colon,
  dash,
  dot,
  type Finding,
  looksOf,
  plus,
  type Run,
  slash,
  space,
  tryAll,
} from './runs.ts'
import { codeAt, isAsciiWord } from './word.ts'

/** Which of the rules apply; `long` ones only where the text is prose, dates that are `compacted` to digits where it is no term. */
export type FormRules = {
  readonly forms: boolean
  readonly context: boolean
  readonly long: boolean
  readonly compacted: boolean
}

/** What characters of a text ask for; all that it has is known after one look at each. */
const aLetter = 1
const aDigit = 2
const anAt = 4
const aColon = 8
const aW = 16
const twoWs = 32
const kinds = new Uint8Array(0x80)
for (let code = 0x30; code <= 0x39; code += 1) kinds[code] = aDigit
for (let code = 0x41; code <= 0x5a; code += 1) {
  kinds[code] = aLetter
  kinds[code + 0x20] = aLetter
}
kinds[0x40] = anAt
kinds[colon] = aColon
kinds[0x57] = aLetter | aW
kinds[0x77] = aLetter | aW

/** Which kinds of characters a text has. */
function kindsOf(text: string): number {
  let all = 0
  let last = 0
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i)
    const kind = code < 0x80 ? (kinds[code] as number) : 0
    all |= kind | ((kind & last & aW) << 1)
    last = kind
  }
  return all
}

/** Adds identifiers that have a form of their own, in normalized text. */
export function detect(text: string, rules: FormRules, findings: Finding[]): void {
  const all = kindsOf(text)
  const www = (all & twoWs) !== 0 && /www/i.test(text)
  // Without one of these no rule can find anything in a value.
  if (!rules.long && !www && (all & (aDigit | anAt | aColon)) === 0) return
  if (rules.forms) {
    if ((all & anAt) !== 0) emails(text, findings)
    if (www || (all & aColon) !== 0) urls(text, www, findings)
  }
  if ((all & aDigit) !== 0 || rules.forms) runs(text, rules, findings)
}

/** Each run of letters and digits in its turn. */
function runs(text: string, rules: FormRules, findings: Finding[]): void {
  let lastStart = -1
  let lastEnd = -1
  for (let i = 0; i < text.length; i += 1) {
    let code = text.charCodeAt(i)
    let kind = code < 0x80 ? (kinds[code] as number) & (aLetter | aDigit) : 0
    if (kind === 0) continue
    const start = i
    // How many digits it begins with, and what it has in all.
    let digits = 0
    let has = 0
    while (kind !== 0) {
      if (kind === aDigit && (has & aLetter) === 0) digits += 1
      has |= kind
      i += 1
      code = codeAt(text, i)
      kind = code < 0x80 ? (kinds[code] as number) & (aLetter | aDigit) : 0
    }
    if ((has & aDigit) !== 0) {
      const before = codeAt(text, start - 1)
      const joined = (before === dash || before === 0x5f) && lastEnd === start - 1 && start - lastStart <= 9
      const next = codeAt(text, start + digits)
      const looks = looksOf(digits, before, next)
      const run = { text, start, end: i, digits, next, before, looks, code: joined ? lastStart : start }
      if (!saysNothing(run)) atRun(run, rules, findings)
    } else if (rules.forms && i - start >= 3 && i - start <= 13) datesAtWord(text, start, i, rules, findings)
    lastStart = start
    lastEnd = i
  }
}

function atRun(run: Run, rules: FormRules, findings: Finding[]): void {
  // What a word says of a number is surer than its form: 123-45-6789 may be a record's number.
  if (rules.context) announced(run, findings)
  if (rules.forms) {
    datesAt(run, rules, findings)
    agesAt(run, findings)
    tryAll(detectors, run, findings)
  }
  if (rules.long) tryAll(longNumbers, run, findings)
}

/** One digit or two with nothing behind them that a date, an address or an age goes on with: most numbers of most texts. */
function saysNothing({ text, start, end, digits, next, before }: Run): boolean {
  if (digits !== end - start || digits > 2 || before === plus) return false
  // An age over 89, or the 1 of a telephone number.
  const first = codeAt(text, start)
  if (digits === 2 && first === 0x39) return false
  if (next === space) return digits === 2 || first !== 0x31
  if (next === dash || next === slash || next === dot) {
    const digit = codeAt(text, end + 1)
    return !(digit >= 0x30 && digit <= 0x39)
  }
  return next !== colon && next !== closing
}

/** Of an address before its @, and behind it. */
const isLocal = (code: number): boolean => code < 0x80 && (mailbox[code] as number) !== 0
const isHost = (code: number): boolean => code < 0x80 && mailbox[code] === 2
const mailbox = new Uint8Array(0x80)
for (let code = 0; code < 0x80; code += 1) {
  const character = String.fromCharCode(code)
  mailbox[code] = /[A-Za-z0-9.-]/.test(character) ? 2 : /[_%+']/.test(character) ? 1 : 0
}

/** From each @ outwards: a pattern would look at every start. */
function emails(text: string, findings: Finding[]): void {
  for (let at = text.indexOf('@'); at >= 0; at = text.indexOf('@', at + 1)) {
    let start = at
    while (start > 0 && at - start < 64 && isLocal(codeAt(text, start - 1))) start -= 1
    let end = at + 1
    while (end < text.length && end - at < 255 && isHost(codeAt(text, end))) end += 1
    while (end > at && !isAsciiWord(codeAt(text, end - 1))) end -= 1
    if (start < at && text.slice(at + 1, end).includes('.'))
      findings.push({ start, end, type: 'EMAIL_ADDRESS' })
  }
}

/**
 * Who keeps code systems, profiles and name spaces (HL7 Terminology, External Code Systems): their addresses identify terms,
 * and are nobody's page.
 */
const keepers = words(
  `hl7.org snomed.info loinc.org unitsofmeasure.org nlm.nih.gov nci.nih.gov ama-assn.org nubc.org nucc.org cms.gov cdc.gov fda.gov
   ihtsdo.org w3.org nema.org hgvs.org genenames.org omim.org orpha.net ensembl.org ebi.ac.uk lrg-sequence.org pharmvar.org whocc.no
   who.int usps.com ada.org edqm.eu radlex.org rsna.org acr.org ihe.net nahdo.org iso.org ietf.org iana.org gs1.org ncpdp.org x12.org astm.org
   unece.org ohdsi.org bfarm.de dimdi.de fhir.nhs.uk isbt128.org iccbba.org hcpcs.codes icd10data.com human-phenotype-ontology.org
   sequenceontology.org obolibrary.org healthterminologies.gov.au`,
)
const terminology = new RegExp(
  `^https?://(?:[a-z0-9-]{1,63}\\.){0,3}(?:${[...keepers].join('|').replaceAll('.', String.raw`\.`)})(?:/[\\w/.|#-]{0,200})?(?:\\?fhir_vs(?:=[\\w/-]{0,100})?)?$`,
)

const address = /(?:https?|ftp|file):\/\/[^\s"'<>]{1,2048}/iy
const web = /(?<![\w./])www\.[^\s"'<>]{1,2048}/giu

function urls(text: string, www: boolean, findings: Finding[]): void {
  let last = 0
  for (let at = text.indexOf('://'); at >= 0; at = text.indexOf('://', at + 3)) {
    let start = at
    while (
      start > last &&
      at - start < 5 &&
      (codeAt(text, start - 1) | 0x20) >= 0x61 &&
      (codeAt(text, start - 1) | 0x20) <= 0x7a
    )
      start -= 1
    address.lastIndex = start
    const match = address.exec(text)
    if (match === null) continue
    last = start + match[0].length
    if (!terminology.test(match[0])) findings.push({ start, end: last, type: 'URL' })
    at = last - 3
  }
  if (!www) return
  web.lastIndex = 0
  for (let match = web.exec(text); match !== null; match = web.exec(text))
    findings.push({ start: match.index, end: match.index + match[0].length, type: 'URL' })
}
