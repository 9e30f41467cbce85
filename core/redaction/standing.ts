// How a string is read by where it stands in a document. Codes and their words are told by the members that hold them, not by
// how they look: a name of two words and a disease of two words look alike.

import { type Reading, readings } from '../text/prose.ts'
import { words } from '../words.ts'
import { holdsMoment } from './moments.ts'

/** Members that hold a code, its words, a unit or a list's entry, in FHIR and in most other records. */
const termNames: ReadonlySet<string> = words(
  `code codes coding codings system systems unit units status statuses category categories type types class kind severity
     interpretation use gender sex intent priority resourceType profile url version method bodySite route modality
     clinicalStatus verificationStatus maritalStatus abatement vaccine vaccineType criticality comparator relation mode
     specialty serviceType substance ingredient referenceRange security tag icd10 snomed loinc rxnorm cpt ndc
     city state country county district
     medication medications drug drugs allergy allergies allergen
     test tests lab labs analyte panel vaccines immunization immunizations`,
)
const endings =
  /(?:Code|Codes|Coding|CodeableConcept|Concept|Quantity|Status|Type|Category|Class|Unit|Units|System|Method)$|_(?:code|codes|unit|units|status|type|category|class|system)$/

/** Beside a code, or in what holds codings: its words. */
const besideCodes: ReadonlySet<string> = new Set([
  'text',
  'display',
  'name',
  'title',
  'label',
  'value',
  'definition',
])

/** Members that hold what people write for people. */
const textNames: ReadonlySet<string> = words(
  'div note notes comment comments narrative message messages body freeText free_text remark remarks',
)
const withinText: ReadonlySet<string> = new Set(['text', 'content', 'value'])

/** Where a string stands: in a member of this name, or in a list of it, and how it is read there. */
export type Standing = {
  readonly member: string
  readonly reading: Reading
  /** Whether its name says that it is a moment. */
  readonly moment: boolean
}

/** A document that stands in nothing. */
export const outermost: Standing = { member: '', reading: readings.value, moment: false }

/** By how what is around it is read, then by name, as most come again and again; others are forgotten. */
const standings: readonly Map<string, Standing>[] = [new Map(), new Map(), new Map()]
const most = 4_096

/** Where the member `name` stands, of an object that stands there. */
export function standingWithin({ reading }: Standing, name: string): Standing {
  const known = standings[reading] as Map<string, Standing>
  let standing = known.get(name)
  if (standing === undefined) {
    if (known.size >= most) known.clear()
    standing = { member: name, reading: readingWithin(reading, name), moment: holdsMoment(name) }
    known.set(name, standing)
  }
  return standing
}

function readingWithin(outer: Reading, name: string): Reading {
  if (outer === readings.term && besideCodes.has(name)) return readings.term
  if (outer === readings.text && withinText.has(name)) return readings.text
  if (textNames.has(name)) return readings.text
  return termNames.has(name) || endings.test(name) ? readings.term : readings.value
}
