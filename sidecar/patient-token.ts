// Patients in records: a token that is equal for equal patients of one server and tells nothing else, and the identifier
// itself, sealed, because affected individuals must be named after a breach (45 CFR 164.404(c), 164.410(c)(1)).

import { patientToken } from '../core/patient-seal.ts'
import type { PatientToken } from '../core/record.ts'
import type { InForce } from './in-force.ts'

/**
 * Tokens made lately, for one policy in force. A sealed text that comes again says no more than the token beside it,
 * which is equal for equal patients anyway.
 */
const made = new WeakMap<InForce, Map<string, PatientToken>>()
const mostMade = 10_000

/** The tokens of patients, in order of first mention. */
export function patientTokens(patients: readonly string[], inForce: InForce): PatientToken[] {
  const { keys, policy } = inForce
  const server = `${policy.server.namespace}/${policy.server.name}`
  let known = made.get(inForce)
  if (known === undefined || known.size > mostMade) made.set(inForce, (known = new Map()))
  const tokens = known
  return patients.map((patient) => {
    const before = tokens.get(patient)
    if (before !== undefined) return before
    const token = patientToken(patient, keys, server)
    tokens.set(patient, token)
    return token
  })
}
