// Reads the server name out of a TLS ClientHello (RFC 8446 4.1.2, RFC 6066 3) without being a party to the handshake.

import type { Reason } from './reasons.ts'

/** Largest hello that is read, bytes. Post-quantum key shares make it about 2,000; servers take no more than this. */
export const helloLimit = 16_384

/** `size`: of the hello with its records. */
export type Hello = { serverName: string; size: number } | { refused: Reason }

/** The bytes end before the hello does. */
class Short extends Error {}

/** A stretch of bytes that is never read past its end. It holds places, not parts: a hello has dozens of fields, and a Buffer each is dear. */
class Reader {
  readonly #bytes: Buffer
  readonly #end: number
  #at: number
  constructor(bytes: Buffer, from = 0, end = bytes.length) {
    this.#bytes = bytes
    this.#at = from
    this.#end = end
  }
  get left(): number {
    return this.#end - this.#at
  }
  number(size: 1 | 2): number {
    const at = this.skip(size)
    const first = this.#bytes[at] as number
    return size === 1 ? first : (first << 8) | (this.#bytes[at + 1] as number)
  }
  /** Goes on behind so many bytes; where they begin. */
  skip(size: number): number {
    const at = this.#at
    if (size > this.#end - at) throw new Short()
    this.#at = at + size
    return at
  }
  /** What stands behind a length of so many bytes. */
  vector(size: 1 | 2): Reader {
    const length = this.number(size)
    const from = this.skip(length)
    return new Reader(this.#bytes, from, from + length)
  }
  /** What is left, a character each byte. */
  text(): string {
    return this.#bytes.toString('latin1', this.#at, this.#end)
  }
}

/** Types of a record (RFC 8446 5.1). */
export const record = { changeCipherSpec: 20, alert: 21, handshake: 22, applicationData: 23 } as const
/** Of a record: its type, version and length. */
export const recordHead = 5
const clientHello = 1
const serverNameExtension = 0
const encryptedHelloExtension = 0xfe0d

/**
 * The one server name that the client asks for, in lower case; undefined while more bytes are needed.
 *
 * A hello with an Encrypted Client Hello (RFC 9849) is refused even if its outer name is the right one: the inner name,
 * which nobody on the way sees, may be another customer of the same front. A decoy extension (GREASE) looks the same.
 * So is a hello with a further message in its last record, which could be a second hello.
 */
export function readClientHello(bytes: Buffer): Hello | undefined {
  if (bytes.length > 0 && bytes[0] !== record.handshake) return { refused: 'not-tls' }
  const { message, size } = joined(bytes)
  if (message === undefined) return { refused: 'not-tls' }
  if (message.length > 0 && message[0] !== clientHello) return { refused: 'not-tls' }
  if (message.length < 4) return undefined
  if (message.readUIntBE(1, 3) > helloLimit) return { refused: 'not-tls' }
  if (size === undefined) return undefined
  try {
    return readExtensions(new Reader(message, 4), size)
  } catch (error) {
    // The whole message is here, so a length that points past its end is a lie.
    if (error instanceof Short) return { refused: 'not-tls' }
    throw error
  }
}

/** What a client may say between its two hellos: data that the server skips now, and what old middleboxes wait for (RFC 8446 4.2.10, D.4). */
const betweenHellos: ReadonlySet<number | undefined> = new Set([
  record.changeCipherSpec,
  record.alert,
  record.applicationData,
])

/** The same of the hello with which a client answers a HelloRetryRequest, wherever it begins. */
export function readSecondHello(bytes: Buffer): Hello | undefined {
  let at = 0
  while (betweenHellos.has(bytes[at])) {
    if (at + recordHead > bytes.length) return undefined
    at += recordHead + bytes.readUInt16BE(at + 3)
  }
  return readClientHello(bytes.subarray(at))
}

type Joined = { message?: Buffer; size?: number }

/** The first handshake message, and the bytes of its records if it is whole; no message for what are no such records. */
function joined(bytes: Buffer): Joined {
  const parts: Buffer[] = []
  let declared = 0
  /** Bytes of the message, once its head is there. Not put together at every record: a hello may come in thousands. */
  let wanted = 4
  for (let at = 0; at + recordHead <= bytes.length; ) {
    const length = bytes.readUInt16BE(at + 3)
    if (bytes[at] !== record.handshake || bytes[at + 1] !== 3 || length === 0 || length > 16_384) return {}
    parts.push(bytes.subarray(at + recordHead, at + recordHead + length))
    at += recordHead + length
    declared += length
    if (declared < wanted) continue
    // Nearly always it is the first record.
    const message = parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts)
    if (message.length < 4) break
    wanted = 4 + message.readUIntBE(1, 3)
    if (declared > wanted) return {}
    if (message.length === wanted) return { message, size: at }
  }
  return { message: Buffer.concat(parts) }
}

function readExtensions(hello: Reader, size: number): Hello {
  hello.skip(2 + 32)
  hello.vector(1)
  hello.vector(2)
  hello.vector(1)
  if (hello.left === 0) return { refused: 'server-name-missing' }
  const extensions = hello.vector(2)
  let serverName: string | undefined
  while (extensions.left > 0) {
    const type = extensions.number(2)
    if (type === encryptedHelloExtension) return { refused: 'server-name-encrypted' }
    if (type !== serverNameExtension) {
      extensions.skip(extensions.number(2))
      continue
    }
    const body = extensions.vector(2)
    // Two of them, or a list of other than one host name: servers differ in which one they take.
    const list = body.vector(2)
    const kind = list.number(1)
    const name = list.vector(2)
    if (serverName !== undefined || kind !== 0 || list.left > 0 || body.left > 0)
      return { refused: 'not-tls' }
    serverName = name.text().toLowerCase()
  }
  return serverName === undefined || serverName === ''
    ? { refused: 'server-name-missing' }
    : { serverName, size }
}

/** A fatal alert (RFC 8446 6), so that the app's TLS library says that access is denied instead of guessing. */
export const accessDenied: Buffer = Buffer.from([21, 3, 3, 0, 2, 2, 49])
