// Packs public word lists into words.json: `node test/lexica/build.ts DIRECTORY`. README.md says how the directory is
// filled, and with what.

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  english,
  eponym,
  everyday,
  first,
  frequent,
  medical,
  place,
  surname,
  wordHash,
} from '../../core/text/lexicon.ts'
import { fold } from '../../core/text/normalize.ts'

const directory = process.argv[2]
if (directory === undefined) throw new Error('Name the directory with the lists: see README.md.')
const lines = (name: string): string[] => readFileSync(join(directory, name), 'utf8').split('\n')

const flags = new Map<string, number>()
/** Adds a flag to each word of a text. */
function mark(text: string, flag: number): void {
  for (const word of fold(text).match(/[a-z]+/g) ?? []) {
    if (word.length >= 2) flags.set(word, (flags.get(word) ?? 0) | flag)
  }
}
const has = (word: string, flag: number): boolean => ((flags.get(word) ?? 0) & flag) !== 0

const wordsOf = (line: string): string[] => fold(line).match(/[a-z]+/g) ?? []

for (const line of lines('american-english')) if (/^[a-z]+$/.test(line)) mark(line, english)
for (const line of lines('american-english-small')) if (/^[a-z]+$/.test(line)) mark(line, everyday)

// 1990 census: name, per cent of people, sum, rank.
for (const [list, flag, many] of [
  ['dist.male.first', first, 400],
  ['dist.female.first', first, 600],
  ['dist.all.last', surname, 5000],
] as const)
  for (const line of lines(list)) {
    const [name = '', , , rank = ''] = line.trim().split(/\s+/)
    mark(name, Number(rank) <= many ? flag | frequent : flag)
  }

/** People who bear a name, of which fewer would bring in more slips of the pen than names. */
const fewest = 200
// 2020 census: name, people. A word of English is a name by it only where many bear it and few texts have it.
for (const [list, flag, many] of [
  ['firsts.tsv', first, 10_000],
  ['surnames.tsv', surname, 5000],
] as const)
  for (const line of lines(list)) {
    const [name = '', people = ''] = line.split('\t')
    for (const word of wordsOf(name)) {
      if (has(word, everyday) || (has(word, english) && (flag === surname || Number(people) < 1000))) continue
      if (Number(people) >= fewest) mark(word, Number(people) >= many ? flag | frequent : flag)
    }
  }
for (const word of lines('nicknames.txt')) if (word.length > 2 && !has(word, english)) mark(word, first)

// Places of the United States with 500 people, of the world with 100,000. A name of several words is one of its own too.
for (const line of [...lines('places.tsv'), ...lines('towns.tsv')]) {
  const [name = '', country = '', people = ''] = line.split('\t')
  if (country !== 'US' && Number(people) < 100_000) continue
  const words = wordsOf(name)
  for (const word of words) if (word.length >= 3) mark(word, place)
  if (words.length === 2 || words.length === 3) {
    const whole = words.join(' ')
    flags.set(whole, (flags.get(whole) ?? 0) | place)
  }
}

// A rare brand, or a word of one synonym, that is a name of many people is the name; so is a name in a drug's name of several words.
for (const list of ['drugs.txt', 'diseases.txt', 'icd.txt'])
  for (const line of lines(list)) {
    const words = wordsOf(line)
    for (const word of words) {
      if (word.length < 3) continue
      const name = has(word, first | surname) && !has(word, english)
      if (list === 'drugs.txt') {
        if (name && (has(word, frequent) || words.length > 1)) continue
        if (words.length > 1 && has(word, place) && !has(word, english)) continue
      }
      mark(word, name && list !== 'drugs.txt' ? eponym | medical : medical)
    }
  }

// Two names joined by a hyphen that a disease or sign has: Epstein-Barr, Mallory-Weiss.
for (const list of ['diseases.txt', 'icd.txt'])
  for (const line of lines(list))
    for (const pair of fold(line).match(/(?<![a-z-])[a-z]{3,}-[a-z]{3,}(?![a-z])/g) ?? []) {
      const parts = pair.split('-')
      if (parts.every((part) => !has(part, everyday))) flags.set(pair, (flags.get(pair) ?? 0) | medical)
    }

const groups = new Map<number, number[]>()
for (const [word, combination] of flags) {
  const group = groups.get(combination)
  const hash = wordHash(word, 0, word.length)
  if (group === undefined) groups.set(combination, [hash])
  else group.push(hash)
}

const bytes: number[] = []
function number(value: number): void {
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 0x80) {
      bytes.push(rest)
      return
    }
    bytes.push((rest & 0x7f) | 0x80)
  }
}
for (const [combination, all] of [...groups].toSorted(([a], [b]) => a - b)) {
  const hashes = [...new Set(all)].toSorted((a, b) => a - b)
  bytes.push(combination)
  number(hashes.length)
  let last = 0
  for (const hash of hashes) {
    number(hash - last)
    last = hash
  }
}
writeFileSync(
  new URL('../../core/text/lexica/words.json', import.meta.url),
  `${JSON.stringify(Buffer.from(bytes).toString('base64'))}\n`,
)
process.stdout.write(`${flags.size} words, ${bytes.length} bytes\n`)
