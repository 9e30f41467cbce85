// Words that lists have in part: names joined by a hyphen that medicine knows as one word, and words behind a prefix.

import { words } from '../words.ts'
import { english, lexicon, medical, place, slotOf, wordHash } from './lexicon.ts'
import { lookUp, wordTable } from './word-table.ts'

/** Scores, drains and curves that two people gave their names to, and that the list of medicine has not. */
const compounds = wordTable(
  ['child-pugh', 'kaplan-meier', 'jackson-pratt', 'swan-ganz'].map((word) => [word, true] as const),
)

/** Whether two words and their hyphen are one word of medicine. */
export function isCompound(text: string, start: number, end: number): boolean {
  return (flagsOf(text, start, end) & medical) !== 0 || lookUp(compounds, text, start, end) === true
}

const prefixes =
  /^(?:non|normo|hyper|hypo|brady|tachy|poly|micro|macro|peri|intra|extra|endo|hemi|pseudo|supra|infra|retro|anti|post|an?(?=\p{L}+(?:ic|ile|al|ous|ive)$))/iu

/** Letters behind the prefix. */
const leastBehind = 6

/** A word of English or medicine behind a prefix: Normocephalic, Nontender, Afebrile. */
export function isDerived(text: string, start: number, end: number): boolean {
  const word = text.slice(start, end)
  const length = prefixes.exec(word)?.[0].length ?? 0
  if (length === 0 || word.length - length < leastBehind) return false
  return (flagsOf(word, length, word.length) & (length < 3 ? medical : english | medical)) !== 0
}

/** Several words, a space between each two, that are a town together: Crystal Lake. */
export function isTown(text: string, start: number, end: number): boolean {
  return (flagsOf(text, start, end) & place) !== 0
}

/** Hospitals and universities that are called by letters, without those that are short forms of medicine too. */
const houses = wordTable(
  [
    ...words(
      `ohsu ucsf ucla ucsd mgh bwh bidmc upmc chop uab musc vcu utsw utmb uthsc uthealth mskcc nyu nyp cumc jhh umms ummc uams unmh unmc uihc
     kumc osuwmc uwmc hcmc dhmc chla vumc ouhsc lsuhsc wvu ukhc uic bjh slch iuh uchealth lpch zsfg sfgh cpmc jmh mdacc wrnmmc bamc sammc arh
     nmh unc wfbmc uvm uvmmc lvhn chkd gwu usc uci jps hfh ahn rmh wvuh osu`,
    ),
  ].map((word) => [word, true] as const),
)

/** Letters that a hospital is called by: OHSU. */
export function isHouse(text: string, start: number, end: number): boolean {
  return lookUp(houses, text, start, end) === true
}

function flagsOf(text: string, start: number, end: number): number {
  const { keys, flags } = lexicon()
  return flags[slotOf(keys, wordHash(text, start, end))] as number
}
