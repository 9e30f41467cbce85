// C2SP chunked-encryption (https://c2sp.org/chunked-encryption), instantiated as Cobblestone-256: SHA-512 and AES-256-GCM.
// A message of any length is encrypted and opened as a stream, 16 KiB in memory at a time. A chunk that was changed, moved
// or taken away does not open, the last one is the only short one, so that a cut is found, and a commitment to the key
// stands in front, since GCM alone would open one text under two keys.
//
//   salt 24 | commitment 32 | chunk 16384+16 | … | last chunk 0..16383 + 16

import { createCipheriv, createDecipheriv, createHmac, createSecretKey, timingSafeEqual } from 'node:crypto'

/** Bytes of the input key, which must be uniformly random and is used for one message. */
export const inputKeyBytes = 32
/** Bytes of the salt, which must not come twice for one key. */
export const saltBytes = 24
const commitmentBytes = 32
const chunkBytes = 16_384
const nonceBytes = 12
const tagBytes = 16
const algorithm = 'aes-256-gcm'

/** `wrong-key`: the commitment is not that of this key and context. */
export type ChunkFault = 'wrong-key' | 'chunk-changed' | 'truncated'

/** The message is not what was encrypted, or not whole. What was yielded before stands, and the message does not end there. */
export class ChunksDamaged extends Error {
  readonly fault: ChunkFault
  constructor(fault: ChunkFault, options?: ErrorOptions) {
    super(says[fault], options)
    this.name = 'ChunksDamaged'
    this.fault = fault
  }
}

const says: { [fault in ChunkFault]: string } = {
  'wrong-key': 'The key or the context is not the one under which this was encrypted',
  'chunk-changed': 'A chunk is not what was encrypted',
  truncated: 'The end is missing',
}

/** Bytes that `encryptChunks` makes of a message of so many. */
export function encryptedBytes(bytes: number): number {
  return saltBytes + commitmentBytes + bytes + (Math.floor(bytes / chunkBytes) + 1) * tagBytes
}

/** Encrypts a message. `context` is whatever else must be the same when it is opened. */
export async function* encryptChunks(
  message: AsyncIterable<Uint8Array>,
  keys: { key: Uint8Array; salt: Uint8Array; context: Uint8Array },
): AsyncGenerator<Buffer> {
  const { key, nonce, commitment } = derive(keys.key, keys.salt, keys.context)
  yield Buffer.concat([keys.salt, commitment])
  let chunk = 0
  const encrypt = (bytes: Uint8Array): Buffer => {
    const cipher = createCipheriv(algorithm, key, nonceOf(nonce, chunk++))
    return Buffer.concat([cipher.update(bytes), cipher.final(), cipher.getAuthTag()])
  }
  for await (const { bytes, last } of pieces(message, chunkBytes)) {
    yield encrypt(bytes)
    // A message that fills its last chunk is followed by an empty one.
    if (last && bytes.length === chunkBytes) yield encrypt(Buffer.alloc(0))
  }
}

/** Opens what `encryptChunks` made. Yields only what is authentic. Throws `ChunksDamaged`. */
export async function* decryptChunks(
  encrypted: AsyncIterable<Uint8Array>,
  keys: { key: Uint8Array; context: Uint8Array },
): AsyncGenerator<Buffer> {
  let derived: Derived | undefined
  let chunk = 0
  for await (const { bytes, last } of pieces(encrypted, chunkBytes + tagBytes, saltBytes + commitmentBytes)) {
    if (derived === undefined) {
      if (bytes.length < saltBytes + commitmentBytes || last) throw new ChunksDamaged('truncated')
      derived = derive(keys.key, bytes.subarray(0, saltBytes), keys.context)
      if (!timingSafeEqual(derived.commitment, bytes.subarray(saltBytes)))
        throw new ChunksDamaged('wrong-key')
      continue
    }
    if (bytes.length < tagBytes) throw new ChunksDamaged('truncated')
    yield decrypt(bytes, derived, chunk++)
    if (last && bytes.length === chunkBytes + tagBytes) throw new ChunksDamaged('truncated')
  }
  if (derived === undefined) throw new ChunksDamaged('truncated')
}

type Derived = { key: ReturnType<typeof createSecretKey>; nonce: Buffer; commitment: Buffer }

/** HKDF-Expand (RFC 5869 2.3) with SHA-512: the input key is uniformly random, so that nothing is to be extracted. */
function derive(inputKey: Uint8Array, salt: Uint8Array, context: Uint8Array): Derived {
  if (inputKey.length !== inputKeyBytes || salt.length !== saltBytes)
    throw new RangeError('A key of 32 and a salt of 24 bytes are wanted')
  const info = Buffer.concat([
    Buffer.from('c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0'),
    salt,
    context,
  ])
  const first = createHmac('sha512', inputKey)
    .update(info)
    .update(Buffer.from([1]))
    .digest()
  const second = createHmac('sha512', inputKey)
    .update(first)
    .update(info)
    .update(Buffer.from([2]))
    .digest()
  const made = Buffer.concat([first, second])
  const nonce = Buffer.from(made.subarray(inputKeyBytes, inputKeyBytes + nonceBytes))
  const commitment = Buffer.from(
    made.subarray(inputKeyBytes + nonceBytes, inputKeyBytes + nonceBytes + commitmentBytes),
  )
  const key = createSecretKey(made.subarray(0, inputKeyBytes))
  for (const bytes of [first, second, made]) bytes.fill(0)
  return { key, nonce, commitment }
}

/** The base nonce XOR the number of the chunk, as a big-endian number as wide as the nonce. */
function nonceOf(base: Buffer, chunk: number): Buffer {
  const nonce = Buffer.from(base)
  const low = nonce.readUIntBE(nonceBytes - 6, 6)
  // Not the operator ^, which has 32 bits.
  nonce.writeUIntBE(Number(BigInt(low) ^ BigInt(chunk)), nonceBytes - 6, 6)
  return nonce
}

function decrypt(bytes: Uint8Array, { key, nonce }: Derived, chunk: number): Buffer {
  const decipher = createDecipheriv(algorithm, key, nonceOf(nonce, chunk), { authTagLength: tagBytes })
  decipher.setAuthTag(bytes.subarray(bytes.length - tagBytes))
  try {
    return Buffer.concat([decipher.update(bytes.subarray(0, bytes.length - tagBytes)), decipher.final()])
  } catch (cause) {
    throw new ChunksDamaged('chunk-changed', { cause })
  }
}

/** Cuts a stream into pieces of one size, the first of another if told so. The last piece, which may be empty, is shorter or as long. */
async function* pieces(
  source: AsyncIterable<Uint8Array>,
  size: number,
  first: number = size,
): AsyncGenerator<{ bytes: Buffer; last: boolean }> {
  let held: Buffer = Buffer.alloc(0)
  let wanted = first
  for await (const bytes of source) {
    held = held.length === 0 ? Buffer.from(bytes) : Buffer.concat([held, bytes])
    // One byte more than a piece shows that it is not the last.
    let at = 0
    for (; held.length - at > wanted; wanted = size) {
      yield { bytes: held.subarray(at, at + wanted), last: false }
      at += wanted
    }
    held = held.subarray(at)
  }
  yield { bytes: held, last: true }
}
