// Records as fewer bytes: what they have in common is named by a dictionary. Each text is packed by itself: nothing of another
// is needed to read it, and damage to one is damage to no other.

import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { frameDictionary, tightDictionary } from './frame-dictionary.ts'
import { loosen, tighten } from './tighten.ts'

/** How records lie in a frame: as they are, packed, or made tight and then packed. */
export type Form = 'plain' | 'packed' | 'tight'

/** No commit is larger, bytes. */
const largest = 64 * 1024 * 1024
/** Text of one record, bytes: several have so much in common that making them tight saves less than it costs whoever waits. */
const one = 1_024

/** The text in the form that is shortest for its time. */
export function pack(text: Buffer): { form: Form; bytes: Buffer } {
  const tight = text.length > one ? undefined : tighten(text)
  const [form, bytes] =
    tight === undefined
      ? (['packed', compressed(text, frameDictionary, 3)] as const)
      : (['tight', compressed(tight, tightDictionary, 6)] as const)
  return bytes.length < text.length ? { form, bytes } : { form: 'plain', bytes: text }
}

function compressed(text: Buffer, dictionary: Buffer, level: number): Buffer {
  // The window is no larger than what is there: it is cleared each time.
  const windowLog = Math.min(20, Math.max(12, Math.ceil(Math.log2(text.length))))
  const params = { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_windowLog]: windowLog }
  return zstdCompressSync(text, { dictionary, params, chunkSize: 4096 })
}

/** What `pack` was given; undefined for bytes that it did not make. */
export function unpack(form: Form, bytes: Buffer): Buffer | undefined {
  if (form === 'plain') return bytes
  const dictionary = form === 'tight' ? tightDictionary : frameDictionary
  try {
    const text = zstdDecompressSync(bytes, { dictionary, maxOutputLength: largest })
    return form === 'tight' ? loosen(text) : text
  } catch {
    return undefined
  }
}
