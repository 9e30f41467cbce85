// Patients in records: a token that is equal for equal patients of one server and tells nothing else, and the identifier
// itself, sealed, because affected individuals must be named after a breach (45 CFR 164.404(c), 164.410(c)(1)).

import { createCipheriv, createDecipheriv, createHmac, type KeyObject, randomBytes } from 'node:crypto'
import type { PatientToken } from '../../core/record.ts'
import type { InForce } from '../in-force.ts'

const nonceBytes = 12
const tagBytes = 16

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
    token: createHmac('sha256', keys.patients).update(`${server}\n${patient}`).digest('base64url'),
    sealed: seal(patient, keys.seal, server),
  }
}

/** nonce ‖ ciphertext ‖ tag. The server's name is authenticated: a sealed identifier moved to another one does not open. */
function seal(patient: string, key: KeyObject, server: string): string {
  const nonce = randomBytes(nonceBytes)
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  cipher.setAAD(Buffer.from(server))
  const sealed = [nonce, cipher.update(patient), cipher.final(), cipher.getAuthTag()]
  return Buffer.concat(sealed).toString('base64url')
}

/** The identifier in a sealed token of `server` (`namespace/name`). Throws when key, server or text is another. */
export function openPatient(sealed: string, key: KeyObject, server: string): string {
  const bytes = Buffer.from(sealed, 'base64url')
  const nonce = bytes.subarray(0, nonceBytes)
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes })
  decipher.setAAD(Buffer.from(server))
  decipher.setAuthTag(bytes.subarray(bytes.length - tagBytes))
  const text = decipher.update(bytes.subarray(nonceBytes, bytes.length - tagBytes))
  return Buffer.concat([text, decipher.final()]).toString('utf8')
}
