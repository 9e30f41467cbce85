// What characters a text has, in one look: by it most rules know that there is nothing for them. tokenize.ts has the same bits.

import { text } from './memory'
import { among, AT_SIGNS, COLONS, LARGE_AS, LETTERS, NINES, SLASHES, SMALL_AS, SPACES, TS, WS, ZEROS } from './vectors'

/** Four spaces, line ends or the like: five words. */
const FOUR_SPACES: i32 = 1
/** A digit, an @, a colon or www, one of which each rule of form needs. */
const FORMED: i32 = 2
export const AT_SIGN: i32 = 4
/** :/ */
const PAGE: i32 = 8
/** t/ */
const PATIENT: i32 = 16
/** A capital of ASCII, or a digit and a space before a small letter. */
const NAMING: i32 = 32

export let characters: i32 = 0

/** Of a text of so many bytes. Zeros stand behind it. */
export function lookOver(bytes: i32): i32 {
  const end = text + <usize>bytes
  characters = signsOf(end)
  if (hasFourSpaces(end)) characters |= FOUR_SPACES
  if (isFormed(end)) characters |= FORMED
  if (isNaming(end)) characters |= NAMING
  return characters
}

/** Each of these looks as far as it must: at most of a text none of them does. */
function hasFourSpaces(end: usize): bool {
  let spaces = 0
  for (let at = text; at < end; at += 16) {
    const within = end - at < 16 ? (1 << <i32>(end - at)) - 1 : -1
    spaces += popcnt(i8x16.bitmask(i8x16.le_u(v128.load(at), v128.load(SPACES))) & within)
    if (spaces >= 4) return true
  }
  return false
}

function isFormed(end: usize): bool {
  for (let at = text; at < end; at += 16) {
    const here = v128.load(at)
    const signs = v128.or(i8x16.eq(here, v128.load(COLONS)), i8x16.eq(here, v128.load(AT_SIGNS)))
    const web = v128.and(v128.and(isW(at), isW(at + 1)), isW(at + 2))
    if (v128.any_true(v128.or(v128.or(signs, among(here, ZEROS, NINES)), web))) return true
  }
  return false
}

function isNaming(end: usize): bool {
  for (let at = text; at < end; at += 16) {
    const here = v128.load(at)
    const spaced = v128.and(among(here, ZEROS, NINES), i8x16.eq(v128.load(at, 1), v128.load(SPACES)))
    const behindDigits = v128.and(spaced, among(v128.load(at, 2), SMALL_AS, LETTERS))
    if (v128.any_true(v128.or(among(here, LARGE_AS, LETTERS), behindDigits))) return true
  }
  return false
}

/** What each of its characters is asked for: signs that most texts do not have at all. */
function signsOf(end: usize): i32 {
  let found = 0
  let ats = i8x16.splat(0)
  let pages = i8x16.splat(0)
  let patients = i8x16.splat(0)
  for (let at = text; at < end; at += 16) {
    const here = v128.load(at)
    const slashes = i8x16.eq(v128.load(at, 1), v128.load(SLASHES))
    ats = v128.or(ats, i8x16.eq(here, v128.load(AT_SIGNS)))
    pages = v128.or(pages, v128.and(i8x16.eq(here, v128.load(COLONS)), slashes))
    patients = v128.or(patients, v128.and(i8x16.eq(here, v128.load(TS)), slashes))
  }
  if (v128.any_true(ats)) found |= AT_SIGN
  if (v128.any_true(pages)) found |= PAGE
  if (v128.any_true(patients)) found |= PATIENT
  return found
}

// @ts-ignore: AssemblyScript inlines by decorator
@inline
function isW(at: usize): v128 {
  return i8x16.eq(v128.or(v128.load(at), v128.load(SPACES)), v128.load(WS))
}
