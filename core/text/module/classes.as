// Bits of a word: classes.ts and lexicon.ts, which say what they mean.

export const TITLE: i32 = 1 << 0
export const CREDENTIAL: i32 = 1 << 1
export const FACILITY: i32 = 1 << 2
export const WEAK_FACILITY: i32 = 1 << 3
export const PLAIN_FACILITY: i32 = 1 << 4
export const AT: i32 = 1 << 5
export const TOWARDS: i32 = 1 << 6
export const BESIDE: i32 = 1 << 7
export const NAMING: i32 = 1 << 8
export const PERSON: i32 = 1 << 9
export const JOINER: i32 = 1 << 10
export const HEADING: i32 = 1 << 11
export const EPONYM_HEAD: i32 = 1 << 12
export const WEAK_EPONYM_HEAD: i32 = 1 << 13
export const STATE: i32 = 1 << 14
export const STATE_CODE: i32 = 1 << 15
export const PROPER: i32 = 1 << 16
export const MONTH: i32 = 1 << 17
export const STREET: i32 = 1 << 18
export const PARTICLE: i32 = 1 << 19
export const PLACE_PREFIX: i32 = 1 << 20
export const ACRONYM: i32 = 1 << 21
export const DIVISION: i32 = 1 << 22
export const MOTION: i32 = 1 << 23
export const FAMOUS_EPONYM: i32 = 1 << 24
export const BODY_START: i32 = 1 << 25
export const BODY_HEAD: i32 = 1 << 26
export const STOPPER: i32 = 1 << 27
export const SCORED: i32 = 1 << 28

/** What lists say. */
export const FIRST: i32 = 1
export const SURNAME: i32 = 2
export const PLACE: i32 = 4
export const ENGLISH: i32 = 8
export const MEDICAL: i32 = 16
export const FREQUENT: i32 = 32
export const EVERYDAY: i32 = 64
export const EPONYM: i32 = 128
