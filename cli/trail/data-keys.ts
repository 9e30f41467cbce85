// Data keys that the key's holder unwrapped by tools of their own: for an archive of which no collector is left. They never stand on a
// command line, and a file that others can read is not taken.

import { readFile } from 'node:fs/promises'
import { isObject } from '../../core/is-object.ts'
import type { SegmentHeader } from '../../core/sealed/segment.ts'
import { CannotError } from '../command.ts'
import { isOwn } from './key-file.ts'

/** Reads lines of `{"segment":"UUID","key":"base64"}`. Rejects with `CannotError`, which says nothing of what they hold. */
export async function dataKeysIn(file: string): Promise<(header: SegmentHeader) => Promise<Buffer>> {
  await isOwn(file, '--data-keys', 'every record that they open')
  const keys = new Map<string, Buffer>()
  for (const [at, line] of (await readFile(file, 'utf8')).split('\n').entries()) {
    if (line.trim() === '') continue
    const { segment, key } = parsed(line)
    if (typeof segment !== 'string' || key?.length !== 32)
      throw new CannotError(`Line ${at + 1} of ${file} is none: {"segment":"UUID","key":"32 bytes, base64"}`)
    keys.set(segment, key)
  }
  return async ({ origin, segment, from, to, keyId }) => {
    const key = keys.get(segment)
    if (key === undefined)
      throw new CannotError(
        `${file} has no key for segment ${segment}, records ${from} to ${to - 1} of ${origin}: have it unwrapped by ${keyId}. hipaa-mcp trail data-keys lists what is wanted`,
      )
    // Whoever opens the segment overwrites it.
    return await Promise.resolve(Buffer.from(key))
  }
}

function parsed(line: string): { segment?: unknown; key?: Buffer } {
  try {
    const value: unknown = JSON.parse(line)
    if (!isObject(value)) return {}
    return { segment: value['segment'], key: Buffer.from(String(value['key']), 'base64') }
  } catch {
    return {}
  }
}
