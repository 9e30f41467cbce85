// What the name of a member says, as outside it was found out once (core/redaction/name-signs.ts has the same bits): of the
// object that has such a member, and of the value that is called so.

import { PARTS, SIGNS } from './map'

/** Of its object: it tells of somebody, by itself or beside others; it is a name, a reference, what is shown of one, a type. */
export const TELLS: i32 = 0x100
export const ITS_NAME: i32 = 0x200
export const REFERENCE: i32 = 0x400
export const DISPLAY: i32 = 0x800
export const TYPED: i32 = 0x1000
/** All of these. */
export const MEMBERS: i32 = 0x1f00
/** Of what is called so: a reference to a patient; parts of a person, beside one. */
export const OF_PATIENT: i32 = 0x2000
export const BESIDE: i32 = 0x4000
/** Both: an object in a list is called as the list is. */
export const CALLS: i32 = 0x6000
/** A person, whatever it holds. */
export const IS_PERSON: i32 = 0x1
/** Which parts are beside a person, and what the value is of one. */
const PARTS_FROM: i32 = 20
const HOLDS: i32 = 24
/** Of its object: it is a person, it is a person's name. */
export const OWNER: i32 = 0x8000
export const HUMAN: i32 = 0x10000
/** How FHIR calls what a patient is known by. */
export const ID: i32 = 0x20000
export const IDENTIFIER: i32 = 0x40000
export const VALUE: i32 = 0x80000

/** What a value is of a person, by its member's name. */
export const A_NAME: i32 = 1
export const AN_ID: i32 = 2
export const ITS_OWN_NAME: i32 = 5

// @ts-ignore: decorator
@inline
export function signOf(name: i32): i32 {
  return load<i32>((<usize>name << 2), SIGNS)
}

// @ts-ignore: decorator
@inline
export function holds(sign: i32): i32 {
  return (sign >> HOLDS) & 7
}

/** Which parts, and one; 0 for none. */
// @ts-ignore: decorator
@inline
export function beside(sign: i32): i32 {
  return (sign >> PARTS_FROM) & 7
}

/** What a member of this name is to who looks for these parts: nothing (0), a name, an id, or further parts, and three. */
// @ts-ignore: decorator
@inline
export function partOf(name: i32, parts: i32): i32 {
  return (load<i32>((<usize>name << 2), PARTS) >> (parts << 2)) & 0xf
}
