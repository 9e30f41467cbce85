// What stands in the place of an identifier, and under which word it is counted.

import type { IdentifierType } from './span.ts'

export const marks: { readonly [type in IdentifierType]: readonly [mark: string, counted: string] } = {
  NAME: ['[NAME]', 'name'],
  GEOGRAPHIC_LOCATION: ['[PLACE]', 'place'],
  DATE: ['[DATE]', 'date'],
  AGE: ['[AGE]', 'age'],
  PHONE_NUMBER: ['[PHONE]', 'phone'],
  FAX_NUMBER: ['[FAX]', 'fax'],
  EMAIL_ADDRESS: ['[EMAIL]', 'email'],
  SOCIAL_SECURITY_NUMBER: ['[SSN]', 'ssn'],
  MEDICAL_RECORD_NUMBER: ['[MRN]', 'mrn'],
  HEALTH_PLAN_BENEFICIARY_NUMBER: ['[PLAN]', 'plan'],
  ACCOUNT_NUMBER: ['[ACCOUNT]', 'account'],
  CERTIFICATE_LICENSE_NUMBER: ['[LICENSE]', 'license'],
  VEHICLE_IDENTIFIER: ['[VEHICLE]', 'vehicle'],
  DEVICE_IDENTIFIER: ['[DEVICE]', 'device'],
  URL: ['[URL]', 'url'],
  IP_ADDRESS: ['[IP]', 'ip'],
  BIOMETRIC_IDENTIFIER: ['[BIOMETRIC]', 'biometric'],
  PHOTO: ['[PHOTO]', 'photo'],
  UNIQUE_IDENTIFIER: ['[ID]', 'id'],
}
