// Words as the module of WebAssembly cuts them, beside the same said as simply as can be.

import { readdir, readFile } from 'node:fs/promises'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import * as classes from '../../../core/text/classes.ts'
import { cues } from '../../../core/text/cues.ts'
import * as lexica from '../../../core/text/lexicon.ts'
import { lexicon, slotOf, wordHash } from '../../../core/text/lexicon.ts'
import { normalize } from '../../../core/text/normalize.ts'
import { isPlain, lookUpAll, tokenize } from '../../../core/text/tokenize.ts'
import { gaps, shapes, wordAt } from '../../../core/text/tokens.ts'

type Word = {
  word: string
  start: number
  shape: number
  gap: number
  owned: boolean
  flags: number
  classes: number
  cues: number
}

function cut(text: string): Word[] {
  const words = tokenize(text)
  lookUpAll()
  return Array.from({ length: words.count }, (_, i) => {
    const { end, possessive, ...word } = wordAt(words, i)
    return { ...word, word: text.slice(word.start, end), owned: possessive }
  })
}

const aWord = /(?:[A-Za-z0-9]['’](?=[A-Z]))?[\p{L}\p{N}]+/uy
const owning = /['’ʼ][sS](?![A-Za-z0-9])/y
const owningAll = /(?<=[sS])['’ʼ](?![A-Za-z0-9])/y

function simply(text: string): Word[] {
  const words: Word[] = []
  let before = 0
  for (let at = 0; at < text.length; ) {
    const word = matchAt(aWord, text, at)
    if (word === '') {
      at += 1
      continue
    }
    const end = at + word.length
    const owned = matchAt(owning, text, end) || matchAt(owningAll, text, end)
    const shape = shapeOf(word)
    const gap = words.length === 0 ? gaps.apart : gapOf(text.slice(before, at))
    words.push({ word, start: at, shape, gap, owned: owned !== '', ...known(word, shape) })
    at = end + owned.length
    before = at
  }
  return words
}

function matchAt(pattern: RegExp, text: string, at: number): string {
  // Not in the midst of a character.
  if (/[\ud800-\udbff]/.test(text[at - 1] ?? '') && /[\udc00-\udfff]/.test(text[at] ?? '')) return ''
  pattern.lastIndex = at
  return pattern.exec(text)?.[0] ?? ''
}

function known(word: string, shape: number) {
  if (shape === shapes.number) return { flags: 0, classes: 0, cues: 0 }
  const { keys, flags, classes, cues } = lexicon()
  const slot = slotOf(keys, wordHash(word, 0, word.length))
  return { flags: flags[slot] as number, classes: classes[slot] as number, cues: cues[slot] as number }
}

function shapeOf(word: string): number {
  if (/\d/.test(word)) return shapes.number
  const letters = Array.from({ length: word.length }, (_, i) => word[i] as string)
  const capitals = letters.filter((letter) => letter !== letter.toLowerCase()).length
  const smalls = letters.filter((letter) => letter === letter.toLowerCase() && !/['’ʼ]/.test(letter)).length
  if (capitals === 0) return shapes.small
  if (smalls === 0) return capitals === 1 ? shapes.initial : shapes.capitals
  const [lead = ''] = letters
  if (lead === lead.toLowerCase())
    return capitals === 1 && /^.['’ʼ]/.test(word) ? shapes.capitalised : shapes.mixed
  // McDonald, O'Brien, NewYork: a capital of ASCII begins a part, and the last part is a word of its own.
  const parts = word.split(/(?=[A-Z])/).map(({ length }) => length)
  const isCamel = parts.every((length) => length >= 2) && (parts.at(-1) ?? 0) >= 3
  return capitals === 1 || isCamel ? shapes.capitalised : shapes.mixed
}

function gapOf(between: string): number {
  const one: Record<string, number> = {
    ' ': gaps.space,
    '\t': gaps.space,
    '-': gaps.hyphen,
    '.': gaps.dot,
    '/': gaps.slash,
    ',': gaps.comma,
    '&': gaps.ampersand,
  }
  if (between.length === 1) return one[between] ?? gaps.apart
  if (/^ {1,2}&/.test(between) && between.length <= 4) return gaps.ampersand
  if (/^ {2,4}$/.test(between)) return gaps.space
  if (/^\. {1,3}$/.test(between)) return gaps.dotSpace
  return /^, {1,3}$/.test(between) ? gaps.comma : gaps.apart
}

const piece = fc.oneof(
  fc.constantFrom(
    'patient',
    'Maria',
    'OKAFOR',
    'McDonald',
    'HbA1c',
    "O'Brien",
    'O’Brien',
    "patient's",
    "Jones'",
    "1'A",
    'May',
    'monday',
    'otorhinolaryngologist',
    'hypoparathyroid',
    'hypoparathyroids',
    'PSEUDOPSEUDOHYPOPARATHYROIDISM',
    '12345678901234567890',
    'é',
    'Éa',
    'Ж',
    'ʼ',
    '中',
    '😀',
    '𐐀',
  ),
  fc.constantFrom(
    ' ',
    '  ',
    '.',
    '. ',
    ', ',
    '-',
    '/',
    ' & ',
    '\n',
    '\t',
    "'s ",
    "'s",
    '’S',
    "'",
    '…',
    '\u0000',
    '_',
  ),
  fc.string({ unit: 'binary', maxLength: 6 }),
)

test('words, their writing and what is between them are those of a simple reading', () => {
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
      const { text } = normalize(pieces.join(''))

      expect(cut(text)).toEqual(simply(text))
    }),
    { numRuns: 200 },
  )
})

// A piece has 64 bytes, and what belongs together may stand in two of them.
test('words are the same wherever in a piece of a text they stand', () => {
  const said =
    "Maria's Lopez, a patient of 12 May-Rose; electrocardiogram electrocardiograq hypoparathyroid x2"
  for (let before = 0; before <= 64; before += 1)
    for (const sign of [' ', "'"]) {
      const text = `${'x'.repeat(before)}${sign}${said}`

      expect(cut(text)).toEqual(simply(text))
    }
})

test('of each word it is said whether rules begin at it', () => {
  const words = tokenize('a patient named Rose, on 3 May, at a clinic')
  const { marked, marks, formed, forms, text } = words
  const said = (list: Int32Array, count: number) =>
    Array.from(list.subarray(0, count), (i) => text.slice(wordAt(words, i).start, wordAt(words, i).end))

  expect(said(marked, marks)).toEqual(['patient', 'named', 'Rose', 'clinic'])
  expect(said(formed, forms)).toEqual(['3', 'May'])
})

test('each word by which a rule knows that a text has something for it is looked up where it stands', async () => {
  const folder = new URL('../../../core/text/module/', import.meta.url)
  const names = (await readdir(folder)).filter((name) => name.endsWith('.as') && name !== 'caseless.as')
  const sources = await Promise.all(names.map((name) => readFile(new URL(name, folder), 'utf8')))
  const asked = new Set(
    sources
      .flatMap((source) => [...source.matchAll(/\bhas\(([A-Z_ |]+)\)|\banyClass & \(?([A-Z_ |]+)/g)])
      .flatMap(([, has, any]) => (has ?? any ?? '').split('|'))
      .map((name) => name.trim().toLowerCase().replaceAll('_', ''))
      .filter((name) => name !== 'classes'),
  )
  const bits = Object.entries(classes).reduce(
    (all, [name, bit]) => (asked.has(name.toLowerCase()) && typeof bit === 'number' ? all | bit : all),
    0,
  )
  const wanted = [...classes.classes()].filter(
    ([word, said]) => (said & bits) !== 0 && /^[a-z]{1,15}$/.test(word),
  )

  expect(asked.size).toBe(12)
  expect(wanted.length).toBeGreaterThan(400)
  for (const [word, said] of wanted)
    expect([word, wordAt(tokenize(`x ${word} x`), 1).classes]).toEqual([word, said])
  // Of what stands before a number a rule asks that looks at the number.
  for (const [word, said] of cues())
    if ((said & ~8) !== 0) expect([word, wordAt(tokenize(`x ${word} x`), 1).cues]).toEqual([word, said])
})

test('a long text leaves nothing to a short one, nor a short one to a long one', () => {
  const short = 'Dr. Maria Lopez saw him'
  const long = `${'seen by Dr. Okonkwo at Elm Clinic, '.repeat(20_000)}é`
  const [before, after] = [cut(short), (tokenize(long), cut(short))]

  expect(after).toEqual(before)
  expect(isPlain(long)).toBe(false)
  expect(isPlain(short)).toBe(true)
  expect(tokenize(long).count).toBe(7 * 20_000 + 1)
})

test('the module has the same bits of classes and of lists as what writes them', async () => {
  const source = await readFile(new URL('../../../core/text/module/classes.as', import.meta.url), 'utf8')
  const bits = [...source.matchAll(/^export const (\w+): i32 = ([\d <]+)$/gm)].map(
    ([, name = '', value = '']) => {
      const [one, by = '0'] = value.split(' << ')
      return [name.toLowerCase().replaceAll('_', ''), Number(one) << Number(by)] as const
    },
  )
  const said = Object.entries({ ...classes, ...lexica })
    .filter(([, value]) => typeof value === 'number')
    .map(([name, value]) => [name.toLowerCase(), value] as const)

  expect(bits.length).toBe(37)
  expect(new Map(bits)).toEqual(new Map(said))
})
