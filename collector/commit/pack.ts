// Records as fewer bytes: what they have in common is named by a dictionary. Each text is packed by itself: nothing of another
// is needed to read it, and damage to one is damage to no other.

import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { frameDictionary as dictionary } from './frame-dictionary.ts'

/** No commit is larger, bytes. */
const largest = 64 * 1024 * 1024

/** Undefined where it would be no shorter. */
export function pack(text: Buffer): Buffer | undefined {
  // The window is no larger than what is there: it is cleared each time.
  const windowLog = Math.min(20, Math.max(12, Math.ceil(Math.log2(text.length))))
  const params = { [constants.ZSTD_c_compressionLevel]: 3, [constants.ZSTD_c_windowLog]: windowLog }
  const packed = zstdCompressSync(text, { dictionary, params, chunkSize: 4096 })
  return packed.length < text.length ? packed : undefined
}

/** What `pack` was given; undefined for bytes that it did not make. */
export function unpack(packed: Buffer): Buffer | undefined {
  try {
    return zstdDecompressSync(packed, { dictionary, maxOutputLength: largest })
  } catch {
    return undefined
  }
}
