// People and places of a text: the module finds them (module/people.as).

import type { RuleGroup } from './search.ts'
import { searchPeople } from './tokenize.ts'

/** Bits of rules: module/people.as has the same. */
const [names, places, context, inProse, shapes] = [1, 2, 4, 8, 16]

/** `prose`: in values of a structure a facility, a city by itself and a word that no list has are terms. In the text whose words were cut last. */
export function findPeopleAndPlaces(groups: ReadonlySet<RuleGroup>, prose: boolean): void {
  const rules =
    (groups.has('names') ? names : 0) |
    (groups.has('places') ? places : 0) |
    (groups.has('context') ? context : 0) |
    (groups.has('shapes') ? shapes : 0) |
    (prose ? inProse : 0)
  searchPeople(rules)
}
