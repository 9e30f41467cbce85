// The bytes before a PostgreSQL session (PostgreSQL documentation, "Message Flow" and "Message Formats"): enough of the
// protocol to keep plain text on loopback and put TLS on the wire.

import type { Filter } from './join.ts'
import { EgressRefusal } from './reasons.ts'

const sslRequestCode = 80_877_103
const gssRequestCode = 80_877_104
const cancelRequestCode = 80_877_102
/** The server's own limit for a startup packet, bytes. */
const startupLimit = 10_000

export const sslRequest: Buffer = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f])
/** To a client that asks for encryption: none here, on loopback. */
export const notHere: Buffer = Buffer.from('N')

/** What a client says first; `size` bytes long. */
export type Opening = { says: 'encrypt' | 'start' | 'cancel'; size: number }

/** The first packet of a client; undefined while more bytes are needed. Throws `EgressRefusal` for anything else. */
export function readOpening(bytes: Buffer): Opening | undefined {
  // A length's first byte is 0. A TLS record would start with 22: the app's driver speaks TLS by itself.
  if (bytes.length > 0 && bytes[0] !== 0) throw new EgressRefusal('not-postgres')
  if (bytes.length < 8) return undefined
  const size = bytes.readInt32BE(0)
  const code = bytes.readInt32BE(4)
  if (size < 8 || size > startupLimit) throw new EgressRefusal('not-postgres')
  if (code === sslRequestCode || code === gssRequestCode) {
    if (size !== 8) throw new EgressRefusal('not-postgres')
    return { says: 'encrypt', size }
  }
  if (code !== cancelRequestCode && code >> 16 !== 3) throw new EgressRefusal('not-postgres')
  if (bytes.length < size) return undefined
  return { says: code === cancelRequestCode ? 'cancel' : 'start', size }
}

const authentication = 'R'.charCodeAt(0)
const errorResponse = 'E'.charCodeAt(0)
const sasl = 10
const channelBound = 'SCRAM-SHA-256-PLUS'
/** Largest message before the first answer about authentication, bytes. */
const greetingLimit = 65_536

/**
 * Server to client: takes SCRAM-SHA-256-PLUS out of the offered mechanisms and passes the rest untouched. It binds to
 * the TLS channel (RFC 5802, RFC 5929), which ends here; libpq refuses a server that offers it on a plain connection.
 */
export function withoutChannelBinding(): Filter {
  let held: Buffer = Buffer.alloc(0)
  let over = false
  return {
    pass: (chunk) => {
      if (over) return chunk
      held = Buffer.concat([held, chunk])
      const parts: Buffer[] = []
      while (!over && held.length >= 5) {
        const size = 1 + held.readInt32BE(1)
        if (size < 5 || size > greetingLimit) throw new EgressRefusal('not-postgres')
        if (held.length < size) break
        const message = held.subarray(0, size)
        held = held.subarray(size)
        over = message[0] === authentication || message[0] === errorResponse
        parts.push(message[0] === authentication ? unbound(message) : message)
      }
      if (over) {
        parts.push(held)
        held = Buffer.alloc(0)
      }
      return Buffer.concat(parts)
    },
    rest: () => held,
  }
}

function unbound(message: Buffer): Buffer {
  if (message.length < 9 || message.readInt32BE(5) !== sasl) return message
  const names = message
    .subarray(9)
    .toString('latin1')
    .split('\0')
    .filter((name) => name !== '' && name !== channelBound)
  const list = Buffer.from(names.map((name) => `${name}\0`).join('') + '\0', 'latin1')
  const head = Buffer.alloc(9)
  head[0] = authentication
  head.writeInt32BE(8 + list.length, 1)
  head.writeInt32BE(sasl, 5)
  return Buffer.concat([head, list])
}

/** An ErrorResponse, so that the app's driver shows why. 08004: the server rejected the connection. */
export function fatal(text: string): Buffer {
  const fields = Buffer.from(`SFATAL\0VFATAL\0C08004\0M${text}\0\0`)
  const head = Buffer.alloc(5)
  head[0] = errorResponse
  head.writeInt32BE(4 + fields.length, 1)
  return Buffer.concat([head, fields])
}
