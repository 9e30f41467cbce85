// AES-256-GCM over short texts: nonce ‖ ciphertext ‖ tag, base64url. What `context` says is authenticated with it: a
// sealed text that is moved to another person, tool or server does not open.

import { createCipheriv, createDecipheriv, type KeyObject, randomBytes } from 'node:crypto'

const nonceBytes = 12
const tagBytes = 16

export function seal(text: string, key: KeyObject, context: string): string {
  const nonce = randomBytes(nonceBytes)
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  cipher.setAAD(Buffer.from(context))
  const sealed = [nonce, cipher.update(text), cipher.final(), cipher.getAuthTag()]
  return Buffer.concat(sealed).toString('base64url')
}

/** The text. Throws when key, context or text is another. */
export function open(sealed: string, key: KeyObject, context: string): string {
  const bytes = Buffer.from(sealed, 'base64url')
  const nonce = bytes.subarray(0, nonceBytes)
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes })
  decipher.setAAD(Buffer.from(context))
  decipher.setAuthTag(bytes.subarray(Math.max(0, bytes.length - tagBytes)))
  const text = decipher.update(bytes.subarray(nonceBytes, Math.max(nonceBytes, bytes.length - tagBytes)))
  return Buffer.concat([text, decipher.final()]).toString('utf8')
}
