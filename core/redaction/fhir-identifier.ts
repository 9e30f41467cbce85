// Whom an Identifier of FHIR names.

import { isObject } from '../is-object.ts'
import { patientIn } from './patients.ts'

/**
 * What an Identifier names (FHIR R4 datatypes.html#Identifier). The value alone where it has no system or is a medical
 * record number (v2-0203 MR); else `system|value`, as search.html#token writes it: the same number of a payer is somebody else.
 */
export function identifierOf(identifier: unknown): string | undefined {
  if (!isObject(identifier)) return undefined
  const { system, value, type } = identifier
  const named = patientIn(value)
  if (named === undefined) return undefined
  if (typeof system !== 'string' || system === '' || isRecordNumber(type)) return named
  return `${system}|${named}`
}

function isRecordNumber(type: unknown): boolean {
  const coding = isObject(type) ? type['coding'] : undefined
  return Array.isArray(coding) && coding.some((one) => isObject(one) && one['code'] === 'MR')
}
