// What the collector says about itself. Messages are constant; what varies is a field, and the type of a field has no
// place for anything that a record, a caller or a patient said.

import { pino } from 'pino'
import { type LogOf, logOver } from '../core/log.ts'

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
  /** Words of an error of our own, of the disk or of the network. */
  error?: string
}

export type Log = LogOf<Fields>

/** JSON lines on standard output. */
export function jsonLog(): Log {
  return logOver(pino({ base: { program: 'collector' }, timestamp: pino.stdTimeFunctions.isoTime }))
}

/** The words of an error, for the field `error`. */
export function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
