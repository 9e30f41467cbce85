// What is found in a text: where, and which of the identifiers of 45 CFR 164.514(b)(2)(i) it is.

/** The eighteen identifiers of Safe Harbor by name, phone and fax apart, and the ages over 89 of (C). A closed list. */
export const identifierTypes = [
  'NAME',
  'GEOGRAPHIC_LOCATION',
  'DATE',
  'AGE',
  'PHONE_NUMBER',
  'FAX_NUMBER',
  'EMAIL_ADDRESS',
  'SOCIAL_SECURITY_NUMBER',
  'MEDICAL_RECORD_NUMBER',
  'HEALTH_PLAN_BENEFICIARY_NUMBER',
  'ACCOUNT_NUMBER',
  'CERTIFICATE_LICENSE_NUMBER',
  'VEHICLE_IDENTIFIER',
  'DEVICE_IDENTIFIER',
  'URL',
  'IP_ADDRESS',
  'BIOMETRIC_IDENTIFIER',
  'PHOTO',
  'UNIQUE_IDENTIFIER',
] as const

export type IdentifierType = (typeof identifierTypes)[number]

/**
 * A stretch of text that is an identifier, in UTF-16 code units of the text as it came, `end` exclusive. `year`: of a date
 * that has one.
 */
export type Span = {
  readonly start: number
  readonly end: number
  readonly type: IdentifierType
  readonly year?: string
}

/** A span of the text that is looked through, which may grow by another that overlaps it. */
export type Finding = { -readonly [member in keyof Span]: Span[member] }
