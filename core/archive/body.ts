// Bytes that are put into the archive or read out of it, and their SHA-256.

import { createHash, hash } from 'node:crypto'

/** Bytes of a known length that can be read as often as a put must be repeated. */
export type Body = {
  bytes: number /** Lower-case hexadecimal. */
  sha256: string
  read: () => AsyncIterable<Uint8Array>
}

export function bodyOf(bytes: Buffer): Body {
  return {
    bytes: bytes.length,
    sha256: hash('sha256', bytes, 'hex'),
    async *read() {
      yield bytes
    },
  }
}

/** Whether a stream has exactly these bytes. Reads it to its end, or until it is too long. */
export async function isOf(
  stream: AsyncIterable<Uint8Array>,
  { bytes, sha256 }: Omit<Body, 'read'>,
): Promise<boolean> {
  const digest = createHash('sha256')
  let length = 0
  for await (const chunk of stream) {
    length += chunk.length
    if (length > bytes) return false
    digest.update(chunk)
  }
  return length === bytes && digest.digest('hex') === sha256
}
