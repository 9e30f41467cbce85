// Numbers of the types of identifiers, as span.ts lists them.

export const NAME: i32 = 0
export const GEOGRAPHIC_LOCATION: i32 = 1
export const DATE: i32 = 2
export const AGE: i32 = 3
export const PHONE_NUMBER: i32 = 4
export const FAX_NUMBER: i32 = 5
export const EMAIL_ADDRESS: i32 = 6
export const SOCIAL_SECURITY_NUMBER: i32 = 7
export const MEDICAL_RECORD_NUMBER: i32 = 8
export const HEALTH_PLAN_BENEFICIARY_NUMBER: i32 = 9
export const ACCOUNT_NUMBER: i32 = 10
export const CERTIFICATE_LICENSE_NUMBER: i32 = 11
export const VEHICLE_IDENTIFIER: i32 = 12
export const DEVICE_IDENTIFIER: i32 = 13
export const URL: i32 = 14
export const IP_ADDRESS: i32 = 15
export const PHOTO: i32 = 17
export const UNIQUE_IDENTIFIER: i32 = 18
export const TYPES: i32 = 19
