// The eight levels of MCP's log messages (RFC 5424). Any other word in their place would be free text.

import { words } from '../core/words.ts'

const levels = words('debug info notice warning error critical alert emergency')

export function isLogLevel(value: unknown): value is string {
  return typeof value === 'string' && levels.has(value)
}
