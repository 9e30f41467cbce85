// A patient in a record, made by the sidecar and read by whoever holds the keys: the two must agree on every byte.

import { createHmac, type KeyObject } from 'node:crypto'
import { open, seal } from './aead.ts'
import type { PatientToken } from './record.ts'

/** Keys of one server, 32 bytes each. They are made once, and kept for as long as the trail is. */
export type PatientKeys = { patients: KeyObject; seal: KeyObject }

/** Both forms of a patient's identifier. `server` is `namespace/name`. */
export function patientToken(patient: string, keys: PatientKeys, server: string): PatientToken {
  return {
    // The server's name is authenticated: a sealed identifier moved to another one does not open.
    sealed: seal(patient, keys.seal, server),
    token: tokenOf(patient, keys.patients, server),
  }
}

/** HMAC-SHA256, base64url: by it all records of a patient are found, and no identifier is in any of them. */
export function tokenOf(patient: string, key: KeyObject, server: string): string {
  return createHmac('sha256', key).update(`${server}\n${patient}`).digest('base64url')
}

/** The identifier in a sealed token of `server` (`namespace/name`). Throws when key, server or text is another. */
export function openPatient(sealed: string, key: KeyObject, server: string): string {
  return open(sealed, key, server)
}
