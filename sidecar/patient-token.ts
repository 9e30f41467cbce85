// Patients in records: a token that is equal for equal patients of one server and tells nothing else, and the identifier
// itself, sealed, because affected individuals must be named after a breach (45 CFR 164.404(c), 164.410(c)(1)).

import { createHmac, type KeyObject } from 'node:crypto'
import type { PatientToken } from '../core/record.ts'
import { open, seal } from './aead.ts'
import type { InForce } from './in-force.ts'

/**
 * Tokens made lately, for one policy in force. A sealed text that comes again says no more than the token beside it,
 * which is equal for equal patients anyway.
 */
const made = new WeakMap<InForce, Map<string, PatientToken>>()
const mostMade = 10_000

/** The tokens of patients, in order of first mention. */
export function patientTokens(patients: readonly string[], inForce: InForce): PatientToken[] {
  let known = made.get(inForce)
  if (known === undefined || known.size > mostMade) made.set(inForce, (known = new Map()))
  const tokens = known
  return patients.map((patient) => {
    const before = tokens.get(patient)
    if (before !== undefined) return before
    const token = tokenOf(patient, inForce)
    tokens.set(patient, token)
    return token
  })
}

function tokenOf(patient: string, { keys, policy }: InForce): PatientToken {
  const server = `${policy.server.namespace}/${policy.server.name}`
  return {
    // The server's name is authenticated: a sealed identifier moved to another one does not open.
    sealed: seal(patient, keys.seal, server),
    token: createHmac('sha256', keys.patients).update(`${server}\n${patient}`).digest('base64url'),
  }
}

/** The identifier in a sealed token of `server` (`namespace/name`). Throws when key, server or text is another. */
export function openPatient(sealed: string, key: KeyObject, server: string): string {
  return open(sealed, key, server)
}
