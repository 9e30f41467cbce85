// Numbers by which servers that speak no FHIR say whose a record is. Their members are known by their names.

import { isObject } from '../is-object.ts'
import { words } from '../words.ts'
import { patientIn } from './patients.ts'

/** Names of members that hold a patient, in small letters, without _ and -; plural or not. */
const patientNames = words(`
  patientid patientidentifier patientnumber patientno patientuuid patientguid patientkey patientref patientreference
  subjectid subjectidentifier personid personidentifier personuuid pid
`)
/** Names of members that hold a number which one person has. */
const numberNames = words(`
  mrn patientmrn medicalrecordnumber medicalrecordno medicalrecordid chartnumber chartno chartid hospitalnumber mpi mpiid
  empi empiid ssn socialsecuritynumber nhsnumber healthcardnumber
`)
/** Members that are a patient: a text there may be anything, and an object has an id. */
const persons = words('patient subject beneficiary patients subjects')
/** Members that a person's object alone has. */
const birthNames = words('dob birthdate dateofbirth')

type Kind = 'patient' | 'number' | 'person' | 'birth' | undefined
type Members = { readonly [member: string]: unknown }

/** Names repeat more than anything else. */
const kinds = new Map<string, Kind>()
const mostKinds = 4096

function kindOf(member: string): Kind {
  const before = kinds.get(member)
  if (before !== undefined || kinds.has(member)) return before
  const plain = member.toLowerCase().replaceAll(/[_-]/g, '')
  const one = plain.endsWith('s') ? plain.slice(0, -1) : plain
  const kind = patientNames.has(one)
    ? 'patient'
    : numberNames.has(one)
      ? 'number'
      : persons.has(plain)
        ? 'person'
        : birthNames.has(plain)
          ? 'birth'
          : undefined
  if (kinds.size < mostKinds) kinds.set(member, kind)
  return kind
}

/** `patients`: who is named as the patient. `numbers`: what else one person alone is called by. */
export type Named = { readonly patients: readonly string[]; readonly numbers: readonly string[] }

/** Whom one object names by its own members. `key`: the member that it stands in, or whose list. */
export function namedBy(value: Members, key: string): Named {
  const patients: string[] = []
  const numbers: string[] = []
  let person = kindOf(key) === 'person' && !('reference' in value)
  for (const name in value) {
    const kind = kindOf(name)
    if (kind === undefined) continue
    if (kind === 'birth') person = true
    else if (kind === 'person') patients.push(...scalars(value[name]).filter(isNumbered))
    else (kind === 'patient' ? patients : numbers).push(...scalars(value[name]))
  }
  // A resource of FHIR says by other members whose it is.
  if ((person || numbers.length > 0) && !('resourceType' in value)) patients.push(...scalars(value['id']))
  return { patients, numbers }
}

function scalars(value: unknown): string[] {
  const all: readonly unknown[] = Array.isArray(value) ? value : [value]
  return all.flatMap((one) => (isObject(one) ? [] : (patientIn(one) ?? [])))
}

/** An identifier, as far as it shows: what has no number in it may be a name, or what a message is about. */
function isNumbered(text: string): boolean {
  return /[0-9]/.test(text) && !/\s/.test(text)
}

/**
 * Numbers that stand beside a patient within reach in one object, and so are theirs. Not where that object names another
 * patient as well.
 */
export function numbersOf(
  documents: readonly unknown[],
  within: (patient: string) => boolean,
): ReadonlySet<string> {
  const found = new Set<string>()
  const walk = (value: unknown, key: string): void => {
    if (Array.isArray(value)) {
      for (const item of value) walk(item, key)
      return
    }
    if (!isObject(value)) return
    const { patients, numbers } = namedBy(value, key)
    if (patients.every(within) && (patients.length > 0 || numbers.some(within)))
      for (const one of numbers) found.add(one)
    for (const name in value) walk(value[name], name)
  }
  for (const document of documents) walk(document, '')
  return found
}
