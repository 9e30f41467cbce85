// Values of an MCP message in HTTP headers (MCP 2026-07-28, Standard Headers and Custom Headers): as they are where that is
// safe, else in base64 between sentinels.

import { isUtf8 } from 'node:buffer'

const sentinels = /^=\?base64\?(.*)\?=$/s

/** What a header's value stands for; undefined when it is in sentinels and its base64 is not canonical, or no UTF-8. */
export function decodedHeader(value: string): string | undefined {
  const inner = sentinels.exec(value)?.[1]
  if (inner === undefined) return value
  const bytes = Buffer.from(inner, 'base64')
  // Node's decoder takes much that is no base64: only what it would write itself is taken.
  return bytes.toString('base64') === inner && isUtf8(bytes) ? bytes.toString('utf8') : undefined
}

/** A value for a header. */
export function headerValue(value: string): string {
  const safe = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(value) && !value.startsWith('=?base64?')
  return safe ? value : `=?base64?${Buffer.from(value).toString('base64')}?=`
}
