// Where in its memory the reader keeps what. All places are byte offsets; what is read begins at DOCUMENT.

/** Entries of the containers that are open. */
export const OPEN: usize = 0x1000
/** How many objects were read again for names that stand twice, and how many documents looked over: what was met carries these numbers. */
export const OBJECTS: usize = 0x2000
export const ROUNDS: usize = 0x2004
/** For a short text from outside. */
export const SCRATCH: usize = 0x3000
/** Two stores of spellings: see spellings.as. */
export const NAMES: usize = 0x10000
export const TERMS: usize = 0x40000
/** By name's number: the object in which it was met last. */
export const MET: usize = 0x70000
/** By a name's number and one: that of the name that followed it last, and one; 0 where none did. */
export const FOLLOWER: usize = 0x74000
/** What was met before in the document that is looked over: see survey.as. */
export const SEEN: usize = 0x7a000
/** Containers around the entry that is looked at. */
export const AROUND: usize = 0x7e000
/** What is said of places (cut.as): each place, and where its members are. */
export const STEPS: usize = 0x80000
export const WAYS: usize = 0xc0000
/** By rule's number: how many places it kept in the document that is cut. */
export const KEPT: usize = 0x100000
/** By a term's number, and by a name's: the result of which one of its words begins what it says; and as what it was read. */
export const TERM_SAID: usize = 0x104000
export const NAME_SAID: usize = 0x108000
export const TERM_READING: usize = 0x10c000
/** By a name's number: whether it is a term. */
export const NAME_TERM: usize = 0x10d000
/** By what is left of a day: the result of which somebody was born on one of those. */
export const BORN: usize = 0x10e000
/** A bit for each word of a term: see words.as. */
export const HEARD: usize = 0x110000
/** By name's number: what it says of its object, and what the member is to those who look for parts: see signs.as. */
export const SIGNS: usize = 0x120000
export const PARTS: usize = 0x124000
export const DOCUMENT: usize = 0x130000

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
/** Of a text: it may tell of somebody. Of a container: something in it may, or it does. */
export const WORTH: i32 = 0x80
