// Expressions that are so rarely asked that JavaScript has them (rare-forms.ts): there the rule's number says which.

export const CODES: i32 = 0
export const INTERNATIONAL: i32 = 1
export const UDI: i32 = 2
export const COORDINATES: i32 = 3
export const COMPOUND: i32 = 4
export const DERIVED: i32 = 5
/** Words that name one town together. */
export const TOWN: i32 = 6
/** Letters that a hospital is called by. */
export const HOUSE: i32 = 7

/** Where what begins here ends, -1 where it is none; of CODES, 1 or 0 of what ends here; of a word's forms, 1 or 0 of what ends at `to`. */
@external('words', 'ask')
export declare function asked(rule: i32, at: i32, to: i32): i32
