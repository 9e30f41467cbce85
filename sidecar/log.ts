// What the sidecar says about itself. Messages are constant; what varies is a field, and the type of a field has no
// place for anything that a caller, a patient or the upstream said (45 CFR 164.502(b): a log is a disclosure as well).

import { pino } from 'pino'
import { type LogOf, logOver } from '../core/log.ts'

export { codeOf, idOf, settingsOf } from '../core/log.ts'

type Fields = {
  /** Why, out of a table of ours, kebab-case. */
  reason?: string
  /** Class or code of an error of ours or of Node's. Never its message: JSON.parse quotes its input. */
  error?: string
  /** Pipeline stage. */
  stage?: string
  /** HTTP status that the operator or the collector answered. */
  status?: number
  generation?: number
  /** SHA-256 of the policy, hexadecimal. */
  policy?: string
  /** Origin of a chain of ours. */
  origin?: string
  records?: number
  /** Messages of a server that named nobody and reached nobody. */
  strays?: number
  bytes?: number
  milliseconds?: number
  attempt?: number
  port?: number
  /** Name of an egress, out of the policy. */
  egress?: string
  /** `namespace/name` of the server, and the pod. */
  server?: string
  pod?: string
  /** RFC 3339. */
  until?: string
  /** What to change in the configuration: names of variables, never their values. */
  variable?: string
}

export type Log = LogOf<Fields>

/** JSON lines on standard output. */
export function jsonLog(): Log {
  return logOver(pino({ base: { program: 'sidecar' }, timestamp: pino.stdTimeFunctions.isoTime }))
}
