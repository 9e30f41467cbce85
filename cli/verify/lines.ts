// Reads a file of lines as bytes: what is not exactly the bytes that were hashed must not pass by being decoded.

import { createReadStream } from 'node:fs'
import { recordLimit } from '../../core/record.ts'

/**
 * Lines without their newline. A last line that has none is yielded too, marked: it is cut off. So is the beginning of one that
 * is longer than any record, and nothing behind it is read: a file without newlines must not fill a memory.
 */
export async function* linesOf(path: string): AsyncGenerator<{ bytes: Buffer; ended: boolean }> {
  let rest: Buffer = Buffer.alloc(0)
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    let from = 0
    for (let at = bytes.indexOf(0x0a); at >= 0; at = bytes.indexOf(0x0a, from)) {
      yield { bytes: bytes.subarray(from, at), ended: true }
      from = at + 1
    }
    rest = bytes.subarray(from)
    if (rest.length > recordLimit) break
  }
  if (rest.length > 0) yield { bytes: rest, ended: false }
}
