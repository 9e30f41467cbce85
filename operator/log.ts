// What this program says about itself. Messages are constant; what varies is a field, and the type of a field has no
// place for anything that a patient or a caller said.

import { pino } from 'pino'
import { type LogOf, logOver } from '../core/log.ts'

export { codeOf, idOf, settingsOf } from '../core/log.ts'

type Fields = {
  /** Namespace and name of an object of the API server. */
  namespace?: string
  name?: string
  kind?: string
  /** Key of a work queue. */
  key?: string
  controller?: string
  /** HTTP status, or 0 where nothing answered. */
  status?: number
  reason?: string
  attempt?: number
  milliseconds?: number
  count?: number
  port?: number
  /** Class or code of an error: of the API server the reason of its Status. */
  error?: string
  /** What is wrong with the environment: names of variables, never their values. */
  settings?: string
}

export type Log = LogOf<Fields>

/** JSON lines on standard output. */
export function jsonLog(): Log {
  return logOver(pino({ base: { program: 'operator' }, timestamp: pino.stdTimeFunctions.isoTime }))
}
