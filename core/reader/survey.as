// A document's tape, looked over for what it says of persons: of most objects their members' names show that they say nothing
// (signs.as), and of most texts their bytes. What is found is listed; name-signs.ts says what the names mean, and
// edit-survey.ts what becomes of what is found.

import { mayBeEncoded } from './encoded'
import {
  AROUND, BEYOND_ASCII, DOCUMENT, END, ENTRY, ESCAPES, KIND, LIST, NAME, NEXT, NUMBER, OBJECT, REFERS, ROUNDS, SEEN, START,
  TEXT, WORTH,
} from './map'
import {
  AN_ID, A_NAME, beside, DISPLAY, holds, HUMAN, ID, IDENTIFIER, IS_PERSON, ITS_OWN_NAME, ITS_NAME, OF_PATIENT, OWNER, partOf,
  REFERENCE, signOf, TELLS, TYPED, VALUE,
} from './signs'
import { hash, same } from './spellings'

/** What was found, besides what a member says by its name that it holds: name-signs.ts says what. */
const TEXT_REFERS: i32 = 8
const REFERS_TO: i32 = 9
const PLAIN_REFERENCE: i32 = 10
const PATIENT_ID: i32 = 11
const PATIENT_IDENTIFIER: i32 = 12
const ESCAPED: i32 = 13

/** Parts of a person, by the numbers that name-signs.ts gives them. */
const PERSON_PARTS: i32 = 0
const HUMAN_NAME: i32 = 1

/** What a type of resource is: nothing else of it matters. */
const OTHER: i32 = 0
const OF_PERSON: i32 = 1
const OF_PRACTITIONER: i32 = 2
/** A person, too. */
const PATIENT: i32 = 3

/** Objects and texts shorter than this are looked at once, however often they stand there: every resource names its subject. */
const SHORT: i32 = 256
/** Places for what was met: what has the same place as another is looked at again, which costs time and nothing else. */
const PLACES: u32 = 1024
/** In the place of a name's number. */
const NONE: i32 = -1
const A_TEXT: i32 = -2

/** A container around an entry: where it ends on the tape, how it is called, of what type it is. 12 bytes. */
const WITHIN: usize = 12

/** The beginning of the tape; where the list goes on, and where there is room for no more. */
let zero: usize = 0
let found: usize = 0
let room: usize = 0

/**
 * Writes to `out` four numbers for each thing that says something of a person, in the order in which they are taken: what it is,
 * negative where it is no text of ASCII without escapes, its entry, its start and its end. `tape`, `out`: from the beginning of the document. Returns how many bytes; -1 where somebody else has to look.
 */
export function listPersons(tape: i32, first: i32, out: i32): i32 {
  // What was met in another document counts no more.
  const round = load<i32>(ROUNDS) + 1
  store<i32>(ROUNDS, round)
  if (round == 0) memory.fill(SEEN, 0, 16 * PLACES)
  zero = DOCUMENT + tape
  found = DOCUMENT + out
  room = <usize>memory.size() << 16
  const entries = zero + (<usize>first << 2)
  const end = nextOf(entries)
  let within = AROUND
  store<usize>(within, end)
  store<i32>(within, NONE, 4)
  store<i32>(within, OTHER, 8)
  let at = entries
  while (at < end) {
    const kind = load<i32>(at)
    if ((kind & WORTH) == 0) {
      at = nextOf(at)
      continue
    }
    if ((kind & KIND) == TEXT) {
      if (mayRefer(at, kind) && !wasMet(at, A_TEXT, OTHER)) put(at, TEXT_REFERS)
      at += ENTRY
      continue
    }
    while (load<usize>(within) <= at) within -= WITHIN
    const name = load<i32>(at, NAME)
    const called = name < 0 || at == entries ? load<i32>(within, 4) : name
    let type = load<i32>(within, 8)
    const next = nextOf(at)
    if ((kind & KIND) == OBJECT) {
      const all = kind
      const sign = called < 0 ? 0 : signOf(called)
      let own = OTHER
      if ((all & TYPED) != 0) {
        const said = typeIn(at, next)
        if (said == UNREAD) return -1
        if (said != NONE) {
          own = said
          type = said
        }
      }
      if (tells(all, sign, own, type)) {
        if (wasMet(at, called, type)) {
          // So was all that it holds.
          at = next
          continue
        }
        lookAt(at, called, own, type)
      }
    }
    within += WITHIN
    store<usize>(within, next)
    store<i32>(within, called, 4)
    store<i32>(within, type, 8)
    at += ENTRY
  }
  return <i32>(found - DOCUMENT) - out
}

/** Whether a text may name a patient: as a reference, or inside of an encoding. Escapes may spell either. */
function mayRefer(text: usize, kind: i32): bool {
  if ((kind & (ESCAPES | REFERS)) != 0) return true
  const length = load<i32>(text, END) - load<i32>(text, START) - 2
  return mayBeEncoded(DOCUMENT + load<i32>(text, START) + 1, length, (kind & BEYOND_ASCII) == 0)
}

// @ts-ignore: decorator
@inline
function nextOf(entry: usize): usize {
  return zero + (<usize>load<i32>(entry, NEXT) << 2)
}

// @ts-ignore: decorator
@inline
function kindOf(entry: usize): i32 {
  return load<i32>(entry) & KIND
}

function put(entry: usize, what: i32): void {
  if (found + 16 > room) {
    if (memory.grow(1) < 0) unreachable()
    room = <usize>memory.size() << 16
  }
  const isPlain = (load<i32>(entry) & (KIND | ESCAPES | BEYOND_ASCII)) == TEXT
  store<i32>(found, isPlain ? what : -what)
  store<i32>(found, <i32>((entry - zero) >> 2), 4)
  store<i32>(found, load<i32>(entry, START), 8)
  store<i32>(found, load<i32>(entry, END), 12)
  found += 16
}

/** Of an object with members that say `all`, called so, of this type or within one of that. */
function tells(all: i32, sign: i32, own: i32, type: i32): bool {
  const both = all & (REFERENCE | DISPLAY)
  return (
    (all & TELLS) != 0 ||
    isPerson(own) ||
    (beside(sign) != 0 && isPerson(type)) ||
    ((sign & OF_PATIENT) != 0 && (both != 0 || (all & ITS_NAME) != 0)) ||
    both == (REFERENCE | DISPLAY)
  )
}

/** In the order in which survey.ts looks at an object's members. */
function lookAt(object: usize, called: i32, own: i32, type: i32): void {
  const sign = called < 0 ? 0 : signOf(called)
  const isPractitioner = type == OF_PRACTITIONER
  let isOwner = (sign & IS_PERSON) != 0
  let isNamed = false
  let name: usize = 0
  let reference: usize = 0
  let display: usize = 0
  const next = nextOf(object)
  for (let member = object + ENTRY; member < next; member = nextOf(member)) {
    const says = signOf(load<i32>(member, NAME))
    if ((says & HUMAN) != 0) isNamed = true
    else if ((says & REFERENCE) != 0) reference = member
    else if ((says & DISPLAY) != 0) display = member
    if (isPractitioner) continue
    if ((says & OWNER) != 0) isOwner = true
    const held = holds(says)
    if (held == ITS_OWN_NAME) name = member
    else if (held == A_NAME || held == AN_ID) note(member, held)
    else if (held != 0) put(member, held)
  }
  if (isPerson(own)) {
    tell(object, PERSON_PARTS)
    if (own == PATIENT) tellPatient(object)
  }
  if (isPerson(type) && beside(sign) != 0) tell(object, beside(sign) - 1)
  if (isNamed && !isPractitioner) tell(object, HUMAN_NAME)
  tellReference(object, called, reference, display)
  if (isOwner && name != 0) note(name, A_NAME)
}

/** A text or a number; nothing of what is neither. */
function note(entry: usize, what: i32): void {
  const kind = kindOf(entry)
  if (kind == TEXT || (kind == NUMBER && what == AN_ID)) put(entry, what)
}

/** What these parts of an object say, alone or in a list. */
function tell(object: usize, parts: i32): void {
  const next = nextOf(object)
  for (let member = object + ENTRY; member < next; member = nextOf(member)) {
    const part = partOf(load<i32>(member, NAME), parts)
    if (part == 0) continue
    const last = nextOf(member)
    for (let one = kindOf(member) == LIST ? member + ENTRY : member; one < last; one = nextOf(one)) {
      if (part <= AN_ID) note(one, part)
      else if (kindOf(one) == OBJECT) tell(one, part - 3)
    }
  }
}

/** Who has an id is a patient, and the same one by all of the identifiers. */
function tellPatient(object: usize): void {
  let id: usize = 0
  let identifiers: usize = 0
  const next = nextOf(object)
  for (let member = object + ENTRY; member < next; member = nextOf(member)) {
    const says = signOf(load<i32>(member, NAME))
    if ((says & ID) != 0) id = member
    else if ((says & IDENTIFIER) != 0) identifiers = member
  }
  if (id == 0 || !isScalar(id)) return
  put(id, PATIENT_ID)
  if (identifiers != 0) {
    const last = nextOf(identifiers)
    for (let one = kindOf(identifiers) == LIST ? identifiers + ENTRY : identifiers; one < last; one = nextOf(one)) {
      if (kindOf(one) != OBJECT) continue
      const end = nextOf(one)
      for (let member = one + ENTRY; member < end; member = nextOf(member))
        if ((signOf(load<i32>(member, NAME)) & VALUE) != 0 && isScalar(member)) put(member, PATIENT_IDENTIFIER)
    }
  }
  put(id, AN_ID)
}

// @ts-ignore: decorator
@inline
function isScalar(entry: usize): bool {
  return kindOf(entry) == TEXT || kindOf(entry) == NUMBER
}

/** What an object refers to, and what is displayed of it: a patient's name, if it is a patient. */
function tellReference(object: usize, called: i32, reference: usize, display: usize): void {
  const isPatient = called >= 0 && (signOf(called) & OF_PATIENT) != 0
  const kind = reference != 0 && kindOf(reference) == TEXT ? load<i32>(reference) : 0
  if ((kind & ESCAPES) != 0) {
    put(object, ESCAPED)
    // By what it is called, in the place of its end.
    store<i32>(found - 4, called)
    return
  }
  if (kind != 0 && isPatient) {
    const start = DOCUMENT + load<i32>(reference, START) + 1
    if (load<u64>(start) == PATIENT_OF || load<u32>(start) == URN) {
      // Every resource names its patient, and mostly the same one.
      if (!isPlain(reference)) put(reference, REFERS_TO)
      else if (!wasMet(reference, A_TEXT, OTHER)) put(reference, PLAIN_REFERENCE)
    }
  }
  if (display != 0 && (isPatient || (kind & REFERS) != 0)) note(display, A_NAME)
}

/** "Patient/" and "urn:", as their bytes lie. */
const PATIENT_OF: u64 = 0x2f746e6569746150
const URN: u32 = 0x3a6e7275

/** Whether a text is a reference to a patient and nothing else: with a dash in its id it is no encoding of something. */
function isPlain(entry: usize): bool {
  const start = DOCUMENT + load<i32>(entry, START) + 1
  const length = load<i32>(entry, END) - load<i32>(entry, START) - 2
  if (length < 11 || length > 72 || load<u64>(start) != PATIENT_OF) return false
  let dash = 0
  for (let at = 8; at < length; at += 1) {
    const byte = <i32>load<u8>(start + at)
    const small = byte | 0x20
    if (byte == 0x2d) {
      if (dash == 0) dash = at
    } else if (byte != 0x2e && !(byte >= 0x30 && byte <= 0x39) && !(small >= 0x61 && small <= 0x7a)) return false
  }
  // Within the 64 characters of an id.
  return dash > 8 && dash <= 40 && dash < length - 1 && length - dash <= 32
}

/** An object's type that is spelt with escapes is another one than it seems. */
const UNREAD: i32 = -2

/** The type that an object says it has; NONE where it says none. */
function typeIn(object: usize, next: usize): i32 {
  for (let member = object + ENTRY; member < next; member = nextOf(member)) {
    if ((signOf(load<i32>(member, NAME)) & TYPED) == 0) continue
    if (kindOf(member) != TEXT) return NONE
    return (load<i32>(member) & ESCAPES) != 0 ? UNREAD : typeOf(member)
  }
  return NONE
}

// @ts-ignore: decorator
@inline
function isPerson(type: i32): bool {
  return (type & 1) != 0
}

function typeOf(entry: usize): i32 {
  const at = DOCUMENT + load<i32>(entry, START) + 1
  const length = load<i32>(entry, END) - load<i32>(entry, START) - 2
  const eight = load<u64>(at)
  // Patient, Person, RelatedPerson, Practitioner, PractitionerRole
  if (length == 7) return (eight & 0xffffffffffffff) == 0x746e6569746150 ? PATIENT : OTHER
  if (length == 6) return (eight & 0xffffffffffff) == 0x6e6f73726550 ? OF_PERSON : OTHER
  if (length == 13) return eight == 0x50646574616c6552 && load<u64>(at, 5) == 0x6e6f737265506465 ? OF_PERSON : OTHER
  if (length != 12 && length != 16) return OTHER
  if (eight != 0x6974697463617250 || load<u32>(at, 8) != 0x72656e6f) return OTHER
  return length == 12 || load<u32>(at, 12) == 0x656c6f52 ? OF_PRACTITIONER : OTHER
}

function wasMet(entry: usize, called: i32, type: i32): bool {
  const start = load<i32>(entry, START)
  const length = load<i32>(entry, END) - start
  if (length >= SHORT) return false
  const place = SEEN + <usize>((hash(DOCUMENT + start, length) + called * 31 + type) & (PLACES - 1)) * 16
  const other = zero + (<usize>load<i32>(place, 4) << 2)
  if (
    load<i32>(place) == load<i32>(ROUNDS) &&
    load<i32>(place, 8) == called &&
    load<i32>(place, 12) == type &&
    load<i32>(other, END) - load<i32>(other, START) == length &&
    same(DOCUMENT + load<i32>(other, START), DOCUMENT + start, length)
  )
    return true
  store<i32>(place, load<i32>(ROUNDS))
  store<i32>(place, <i32>((entry - zero) >> 2), 4)
  store<i32>(place, called, 8)
  store<i32>(place, type, 12)
  return false
}
