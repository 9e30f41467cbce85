// What a member's name means (meanings.ts), as the reader keeps it by the name's number: bits that signs.as has the same.

import {
  allParts,
  besides,
  isPersonMember,
  type Meaning,
  meaningOf,
  type Parts,
  patientMembers,
} from './meanings.ts'

/** What is found, of persons. */
export const found = {
  /** Noted until a text is searched for it. */
  name: 1,
  id: 2,
  birth: 3,
  zip: 4,
  /** What else a member's name says of its value. */
  'its own name': 5,
  patient: 6,
  age: 7,
  /** A text that may refer to patients; a reference to one, and one that is nothing else. */
  'text that refers': 8,
  reference: 9,
  'plain reference': 10,
  /** Of a Patient, with its identifiers behind it. */
  'patient id': 11,
  'patient identifier': 12,
  /** An object whose reference is spelt with escapes. */
  escaped: 13,
} as const

/** Of the object that has such a member (signs.as). */
const [tells, named, reference, display, typed] = [0x100, 0x200, 0x400, 0x800, 0x1000] as const
/** Of what is called so. */
const [isPerson, ofPatient, isBeside, besideFrom, holdsFrom] = [1, 0x2000, 0x4000, 20, 24] as const
const [owner, human, id, identifier, value] = [0x8000, 0x1_0000, 0x2_0000, 0x4_0000, 0x8_0000] as const

const byName: ReadonlyMap<string, number> = new Map([
  ['family', human | tells],
  ['given', human | tells],
  ['reference', reference],
  ['display', display],
  ['resourceType', typed],
  ['id', id],
  ['identifier', identifier],
  ['value', value],
])

/** What a name says of its object, and of its value. */
export function signsOfName(name: string): number {
  const beside = besides.get(name)
  return (
    (byName.get(name) ?? 0) |
    ofMeaning(meaningOf(name)) |
    (patientMembers.has(name) ? ofPatient : 0) |
    (isPersonMember(name) ? isPerson : 0) |
    (beside === undefined ? 0 : isBeside | ((allParts.indexOf(beside) + 1) << besideFrom))
  )
}

function ofMeaning(meaning: Meaning | undefined): number {
  if (meaning === undefined) return 0
  const { holds, person } = meaning
  const own = holds === undefined ? 0 : found[holds] << holdsFrom
  return own | (person ? owner : 0) | (holds === 'its own name' && !person ? named : tells)
}

/** What a name is among all parts: four bits for each of them. */
export function partsOfName(name: string): number {
  return allParts.reduce((all, parts, at) => all | (partOf(parts.get(name)) << (at * 4)), 0)
}

function partOf(part: Parts | 'name' | 'id' | undefined): number {
  if (part === undefined) return 0
  return typeof part === 'string' ? found[part] : allParts.indexOf(part) + 3
}
