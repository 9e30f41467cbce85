// A FHIR R4 resource redacted by the types of its elements: what Safe Harbor names goes or is made coarse (45 CFR
// 164.514(b)(2)(i)), text is searched, and what R4 does not define is left out. For files; results of tools are cut by the
// fields of their policy first. Redacted, not de-identified: text that stays was searched, and no search finds all.

import type { KeyObject } from 'node:crypto'
import type { Json, JsonObject } from '../canonical.ts'
import { type Element, elementsOf, isPrimitive, isResource, isType, lineage } from '../fields/fhir-r4.ts'
import { isObject } from '../is-object.ts'
import { patternTree } from '../pointer.ts'
import { ageIn, quantityAsGroup } from './ages.ts'
import { pseudonym } from './pseudonym.ts'
import { yearOf, zipArea } from './safe-harbor.ts'
import { look, type Survey, survey } from './survey.ts'
import { redactText } from './text.ts'

/**
 * `key`: under which ids become pseudonyms, the same for all resources that refer to each other. `bornFrom`: years of
 * birth before it tell that somebody is older than 89, and go.
 */
export type FhirRedaction = { readonly key: KeyObject; readonly bornFrom: number }

/** The resource as it may leave; undefined when it is no resource of FHIR R4. */
export function redactResource(document: Json, by: FhirRedaction): JsonObject | undefined {
  const type = resourceType(document)
  if (type === undefined) return undefined
  const known = survey()
  look(document, patternTree([]), known)
  return objectOf(document as JsonObject, type, { ...by, known })
}

type By = FhirRedaction & { readonly known: Survey }

function resourceType(value: Json): string | undefined {
  const type = isObject(value) ? value['resourceType'] : undefined
  return typeof type === 'string' && isType(type) && isResource(type) ? type : undefined
}

const members = new Map<string, ReadonlyMap<string, Element>>()

function membersOf(type: string): ReadonlyMap<string, Element> {
  let of = members.get(type)
  if (of === undefined) {
    of = new Map(elementsOf(type).map((element) => [element.member, element]))
    members.set(type, of)
  }
  return of
}

/** What stays of an object of this type. Members that the type does not have are left out, `_member` with its extensions too. */
function objectOf(value: JsonObject, type: string, by: By): JsonObject {
  const of = membersOf(type)
  const out: { [member: string]: Json } = {}
  for (const member in value) {
    const element = of.get(member)
    if (member === 'resourceType') out[member] = type
    if (element === undefined || gone(type, element)) continue
    const left = valueOf(value[member] as Json, element, type, by)
    if (left !== undefined) out[member] = ageIn(left, member)
  }
  return out
}

function valueOf(value: Json, element: Element, parent: string, by: By): Json | undefined {
  if (!Array.isArray(value)) return single(value, element, parent, by)
  const items = value.flatMap((item: Json) => single(item, element, parent, by) ?? [])
  // An empty list is no FHIR.
  return items.length === 0 ? undefined : items
}

/** Types of which nothing stays: who somebody is, how they are reached, bytes that cannot be looked into. */
const goneTypes: ReadonlySet<string> = new Set([
  'HumanName',
  'ContactPoint',
  'Identifier',
  'Signature',
  'ContactDetail',
  'Contributor',
  // A narrative says all that its resource does, in one string. An instant has no form without its day.
  'Narrative',
  'base64Binary',
  'instant',
  'time',
  'uuid',
])

/** Elements of which nothing stays, by the type that has them: places, numbers of devices and plans, search URLs. */
const goneElements: { readonly [type: string]: ReadonlySet<string> } = {
  Element: new Set(['id']),
  Reference: new Set(['display', 'identifier']),
  Attachment: new Set(['data', 'url', 'hash', 'title']),
  Address: new Set(['text', 'line', 'city', 'district']),
  Annotation: new Set(['author']),
  Meta: new Set(['source', 'security', 'tag']),
  Location: new Set(['name', 'alias', 'description', 'position']),
  Organization: new Set(['name', 'alias']),
  HealthcareService: new Set(['name']),
  Device: new Set(['udiCarrier', 'distinctIdentifier', 'lotNumber', 'serialNumber', 'url']),
  Coverage: new Set(['subscriberId', 'dependent', 'class']),
  Bundle: new Set(['link', 'signature']),
  'Bundle.entry': new Set(['link', 'request', 'response', 'search']),
}

function gone(parent: string, { name, type }: Element): boolean {
  return goneTypes.has(type) || lineage(parent).some((one) => goneElements[one]?.has(name))
}

function single(value: Json, element: Element, parent: string, by: By): Json | undefined {
  const { type, name } = element
  if (isPrimitive(type)) return primitive(value, element, parent, by)
  if (!isObject(value)) return undefined
  const object: JsonObject = value
  if (type === 'Extension' && tellingExtension(object)) return undefined
  const own = type === 'Resource' || type === 'DomainResource' ? resourceType(object) : type
  if (own === undefined) return undefined
  const left = objectOf(object, own, by)
  if (own === 'Coding') return coded(left, by)
  if (lineage(own).includes('Quantity')) return aged(left, parent === 'Range')
  // An object of which nothing stays, or a reference that refers to nothing, says no more than that it was there.
  return Object.keys(left).length === 0 ||
    (name === 'extension' && Object.keys(left).length === 1 && 'url' in left)
    ? undefined
    : left
}

/** Extensions that tell a place or a name in a type that says nothing of it. */
function tellingExtension({ url }: JsonObject): boolean {
  return typeof url !== 'string' || /(?:geolocation|mothersMaidenName|birthTime|ADXP-|EN-)/i.test(url)
}

/** Words of a terminology are nobody's: a search would take diseases for the people that they are called after. */
const terminology =
  /^(?:https?:\/\/(?:[a-z]+\.)?(?:hl7\.org|snomed\.info|loinc\.org|unitsofmeasure\.org|nlm\.nih\.gov|ama-assn\.org|nubc\.org|nucc\.org|cms\.gov|cdc\.gov)\/|http:\/\/(?:snomed\.info|loinc\.org|unitsofmeasure\.org)|urn:oid:2\.16\.840\.1\.113883\.)/

/** A code of a list of somebody's own may be a number of somebody's own, with their name beside it. */
function coded(coding: JsonObject, { known }: By): JsonObject | undefined {
  const { system, code, display, ...rest } = coding
  if (typeof system === 'string' && terminology.test(system)) return coding
  const text = (value: Json | undefined) =>
    typeof value === 'string' ? redactText(value, known, rules, tally) : undefined
  const [shownCode, shownDisplay] = [text(code), text(display)]
  const left = {
    ...(system === undefined ? {} : { system }),
    ...(shownCode === undefined || shownCode !== code ? {} : { code: shownCode }),
    ...(shownDisplay === undefined ? {} : { display: shownDisplay }),
    ...rest,
  }
  return Object.keys(left).length === 0 ? undefined : left
}

/** Years above 89 are one group whatever they are years of: an Observation's value may be an age. */
function aged(quantity: JsonObject, isEnd: boolean): JsonObject {
  const { code, unit } = quantity
  const years = code === 'a' || (typeof unit === 'string' && /^(?:years?|yrs?|y\/?o|a)$/i.test(unit))
  return (years ? quantityAsGroup(quantity, 'years', isEnd) : undefined) ?? quantity
}

const rules = { dates: 'Year', text: 'Redact' } as const
const tally = { redacted: {}, dropped: {} }

/** Elements that are somebody's birth: a relative's is FamilyMemberHistory.born[x]. */
const births = new Set(['birthDate', 'born'])

function primitive(value: Json, { type, name }: Element, parent: string, by: By): Json | undefined {
  if (typeof value !== 'string')
    return typeof value === 'number' || typeof value === 'boolean' ? value : undefined
  if (type === 'date' || type === 'dateTime') {
    const year = yearOf(value)
    return births.has(name) && Number(year) < by.bornFrom ? undefined : year
  }
  if (name === 'postalCode') return zipArea(value)
  if (name === 'id' && isResource(parent)) return pseudonym(value, by.key)
  if (name === 'reference' && parent === 'Reference') return reference(value, by)
  if (name === 'fullUrl') return fullUrl(value, by)
  // A coding's words are judged beside its system.
  if (
    plain.has(type) ||
    (parent === 'Coding' && name === 'display') ||
    (parent === 'Extension' && name === 'url')
  )
    return value
  if (type === 'uri' && name === 'system') return value
  return redactText(value, by.known, rules, tally)
}

/** Types whose values come out of closed or public lists. */
const plain: ReadonlySet<string> = new Set(['code', 'canonical', 'oid'])

/** `Type/id`, whatever stands before it, or `#id` of a contained resource, with a pseudonym for the id. */
function reference(value: string, { key }: By): string | undefined {
  const [, type, id] =
    /(?:^|\/)([A-Z][A-Za-z]{1,63})\/([A-Za-z0-9.-]{1,64})(?:\/_history\/[A-Za-z0-9.-]{1,64})?$/.exec(value) ??
    []
  if (type !== undefined && id !== undefined) return `${type}/${pseudonym(id, key)}`
  const [, scheme, own] = /^(#|urn:uuid:)([A-Za-z0-9.-]{1,64})$/.exec(value) ?? []
  return scheme === undefined || own === undefined ? undefined : `${scheme}${pseudonym(own, key)}`
}

/** An entry's own name, by which others of its bundle refer to it. */
function fullUrl(value: string, by: By): string | undefined {
  const own = reference(value, by)
  if (own === undefined || own.startsWith('urn:uuid:')) return own
  return `urn:uuid:${own.slice(own.indexOf('/') + 1)}`
}
