// base64 in its one form.

/**
 * The bytes of RFC 4648 section 4 base64. Throws `TypeError` on anything else: Node decodes leniently, and several texts would
 * then be the same signature, so that a changed byte passes.
 */
export function strictBase64(text: string): Buffer {
  const bytes = Buffer.from(text, 'base64')
  if (bytes.toString('base64') !== text) throw new TypeError('Not base64 in its one canonical form')
  return bytes
}
