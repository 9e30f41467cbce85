// Whether a server answers a ClientHello with a ServerHello, after which no further hello may come; or with anything else, such as
// a HelloRetryRequest (RFC 8446 4.1.4).

import { record, recordHead } from './client-hello.ts'

const serverHello = 2
/** Of the handshake message, behind its head and a version: what tells a HelloRetryRequest from a ServerHello (RFC 8446 4.1.3). */
const randomAt = 6
const retryRandom = Buffer.from('cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c', 'hex')
const randomEnd = randomAt + retryRandom.length

/** Alerts that end nothing may come before, bytes. */
const beforeLimit = 1_024

/** Of the first bytes that a server sends; undefined while more of them are needed. */
export function isServerHello(bytes: Buffer): boolean | undefined {
  let message: Buffer | undefined
  for (let at = 0; at < bytes.length; ) {
    const type = bytes[at]
    if (type !== record.handshake && type !== record.alert) return false
    if (at + recordHead > bytes.length) break
    const from = at + recordHead
    at = from + bytes.readUInt16BE(from - 2)
    if (type === record.alert) continue
    const part = bytes.subarray(from, at)
    // Nearly always it is the first record, and in one piece.
    message = message === undefined ? part : Buffer.concat([message, part])
    if (message.length > 0 && message[0] !== serverHello) return false
    if (message.length >= randomEnd)
      return message.compare(retryRandom, 0, retryRandom.length, randomAt, randomEnd) !== 0
  }
  return bytes.length > beforeLimit ? false : undefined
}
