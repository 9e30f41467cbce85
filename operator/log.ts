// What this program says about itself. Messages are constant; what varies is a field, and the type of a field has no
// place for anything that a patient or a caller said.

import { pino } from 'pino'
import { type LogOf, logOver } from '../core/log.ts'

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
  /** Our own error or the API server's, which speaks of objects only. */
  error?: string
}

export type Log = LogOf<Fields>

/** JSON lines on standard output. */
export function jsonLog(): Log {
  return logOver(pino({ base: { program: 'operator' }, timestamp: pino.stdTimeFunctions.isoTime }))
}

/** The words of an error, for the field `error`. */
export function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
