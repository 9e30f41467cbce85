// The list of patients whose records draw the curious. It is PHI: it stands in a Secret of the operator's namespace, where no
// tenant reads, and pods get tokens of it under the server's own key, which tell nothing to whoever has no such key.

import { createSecretKey } from 'node:crypto'
import { tokenOf } from '../core/patient-seal.ts'
import { patientIn } from '../core/redaction/patients.ts'
import type { Orders } from '../core/wire.ts'
import type { Secret } from './objects.ts'

/** More than that are no list of few, and all of it goes to every pod. */
const mostPatients = 4096

/** The patients that a Secret lists, one a line; undefined where it is not there, lists nobody, too many, or what is no identifier. */
export function vipPatients(secret: Secret | undefined): string[] | undefined {
  const text = Buffer.from(secret?.data?.['patients'] ?? '', 'base64').toString('utf8')
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '')
  const patients = lines.map(patientIn).filter((patient) => patient !== undefined)
  const whole = patients.length === lines.length && lines.length > 0 && lines.length <= mostPatients
  return whole ? [...new Set(patients)] : undefined
}

/** Made once for each state of the Secret: orders are made anew for every pod and every change. */
const made = new WeakMap<Secret, { key: string; tokens: string[] | undefined }>()

/** As orders carry them, in an order that says nothing. `server` is `namespace/name`. */
export function vipTokens(
  secret: Secret | undefined,
  { patients: key }: Orders['keys'],
  server: string,
): string[] | undefined {
  if (secret === undefined) return undefined
  const before = made.get(secret)
  if (before?.key === key) return before.tokens
  const secretKey = createSecretKey(Buffer.from(key, 'base64'))
  const tokens = vipPatients(secret)
    ?.map((patient) => tokenOf(patient, secretKey, server))
    .toSorted()
  made.set(secret, { key, tokens })
  return tokens
}
