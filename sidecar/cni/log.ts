// What the plugin's installer says of itself. Never a token, and of a file of the node its name and what is wrong with it.

import { pino } from 'pino'
import { cniPlugin } from '../../core/identifiers.ts'
import {
  BadSettings,
  type Code,
  codeOf,
  type LogOf,
  logOver,
  type Settings,
  settingsOf,
} from '../../core/log.ts'

type Fields = {
  /** Of the plugin's programs, a hash. */
  version?: string
  /** How often the plugin was put back. */
  restored?: number
  /** Class or code of an error. */
  error?: string
  /** What is wrong with the node, in words of ours. */
  settings?: string
}

export type Log = LogOf<Fields>

/** JSON lines on standard output. */
export function jsonLog(): Log {
  return logOver(pino({ base: { program: cniPlugin }, timestamp: pino.stdTimeFunctions.isoTime }))
}

/** Why, as far as it may be said: our own words about the node, of any other error its code. */
export const reasonOf = (error: unknown): { readonly settings?: Settings; readonly error?: Code } =>
  error instanceof BadSettings ? { settings: settingsOf(error) } : { error: codeOf(error) }
