// What the collector says about itself. Messages are constant; what varies is a field, and the type of a field has no
// place for anything that a record, a caller or a patient said.

import { pino } from 'pino'
import { type LogOf, logOver } from '../core/log.ts'

export { codeOf, idOf, settingsOf } from '../core/log.ts'

type Fields = {
  reason?: string
  /** HTTP status. */
  status?: number
  port?: number
  count?: number
  /** Seconds. */
  seconds?: number
  /** Origin of a chain: namespace, server, pod, restart. */
  origin?: string
  /** Name of a copy's target in its file. */
  copy?: string
  /** Name of a witness in the policy file. */
  witness?: string
  /** Verifier key of a log, or its records. */
  log?: string
  /** Identifier of the key that wraps data keys. */
  key?: string
  /** Class or code of an error. */
  error?: string
  /** What is wrong with the environment: names of variables, never their values. */
  settings?: string
}

export type Log = LogOf<Fields>

/** JSON lines on standard output. */
export function jsonLog(): Log {
  return logOver(pino({ base: { program: 'collector' }, timestamp: pino.stdTimeFunctions.isoTime }))
}
