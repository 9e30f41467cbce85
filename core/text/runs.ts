// Runs of letters and digits of ASCII, one after the other: what every number, code and date begins with. All rules of form
// start here, so that a text is gone through once, and not once for each of them.

/** Filled anew for each run: nothing keeps one. */
export type Run = {
  readonly text: string
  readonly start: number
  readonly end: number
  /** How many digits it begins with. */
  readonly digits: number
  /** Code of the character behind these digits, and of the one before the run; NaN at the text's ends. */
  readonly next: number
  readonly before: number
  /** Where the code begins that this run is part of: the letters before its hyphen, or the run itself. */
  readonly code: number
}

export const dash = 0x2d
export const slash = 0x2f
export const dot = 0x2e
export const space = 0x20
export const colon = 0x3a
export const closing = 0x29
export const opening = 0x28
export const plus = 0x2b
export const hash = 0x23
