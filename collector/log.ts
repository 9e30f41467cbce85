// What the collector says about itself. Messages are constant; what varies is a field, and the type of a field has no
// place for anything that a record, a caller or a patient said.

import { pino } from 'pino'

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

export interface Log {
  info(message: string, fields?: Fields): void
  warn(message: string, fields?: Fields): void
  error(message: string, fields?: Fields): void
}

/** JSON lines on standard output. */
export function jsonLog(): Log {
  const logger = pino({ base: { program: 'collector' }, timestamp: pino.stdTimeFunctions.isoTime })
  return {
    info: (message, fields = {}) => logger.info(fields, message),
    warn: (message, fields = {}) => logger.warn(fields, message),
    error: (message, fields = {}) => logger.error(fields, message),
  }
}

/** The words of an error, for the field `error`. */
export function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
