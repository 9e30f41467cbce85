// Where in its memory the reader keeps what. All places are byte offsets; what is read begins at DOCUMENT.

/** Entries of the containers that are open. */
export const OPEN: usize = 0x1000
/** How many objects were read, and how many documents sifted: what was met carries these numbers. */
export const OBJECTS: usize = 0x2000
export const ROUNDS: usize = 0x2004
/** Two stores of spellings: see spellings.as. */
export const NAMES: usize = 0x10000
export const TERMS: usize = 0x40000
/** By name's number: the object in which it was met last. */
export const MET: usize = 0x70000
/** By a name's number and one: that of the name that followed it last, and one; 0 where none did. */
export const FOLLOWER: usize = 0x74000
/** By name's number: what it says of its object, a byte, written from outside. */
export const SIGNS: usize = 0x79000
/** What was met before in the document that is sifted: see sift.as. */
export const SEEN: usize = 0x7a000
/** Containers around the entry that is sifted. */
export const AROUND: usize = 0x7e000
export const DOCUMENT: usize = 0x80000

/** An entry of a tape, in bytes, and its fields: json-scan.ts says what they hold. */
export const ENTRY: usize = 24
export const NAME: usize = 4
export const MEMBER: usize = 8
export const START: usize = 12
export const END: usize = 16
export const NEXT: usize = 20

export const OBJECT: i32 = 1
export const LIST: i32 = 2
export const TEXT: i32 = 3
export const NUMBER: i32 = 4
export const LITERAL: i32 = 5
export const KIND: i32 = 0xf
/** Signs of a text. */
export const ESCAPES: i32 = 0x10
export const BEYOND_ASCII: i32 = 0x20
export const REFERS: i32 = 0x40
