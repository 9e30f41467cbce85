// One frame is one commit: some records of a chain, written and synced together.
//
//   magic 4 | length 4 | index of the first record 8 | CRC of the payload 4 | CRC of the header 4 | payload
//
// The payload is records in canonical JSON, one a line, in one of the forms of pack.ts. The CRC is that of zlib, native in Node, which CRC-32C is not; it
// finds accidents. Attackers are found by the Merkle root.

import { crc32 } from 'node:zlib'
import { type Form, pack, unpack } from './pack.ts'

/** 0xF5 stands in no UTF-8 text, so records never hold it. */
const magics: { readonly [form in Form]: Buffer } = {
  plain: Buffer.from([0xf5, 0x48, 0x4d, 0x01]),
  packed: Buffer.from([0xf5, 0x48, 0x4d, 0x02]),
  tight: Buffer.from([0xf5, 0x48, 0x4d, 0x03]),
}
const forms = Object.keys(magics) as Form[]
const headerBytes = 24

export type Frame = {
  from: number
  records: Buffer[]
  /** As it stands there. */
  bytes: Buffer
  /** Where the next frame begins. */
  end: number
}

const newline = Buffer.from('\n')

/** The bytes of a frame. */
export function encodeFrame(from: number, records: readonly Buffer[]): Buffer {
  return framed('plain', from, payloadOf(records))
}

/** Likewise, less than half as long. A collector of before cannot read it: for stores that one collector alone has. */
export function packFrame(from: number, records: readonly Buffer[]): Buffer {
  const { form, bytes } = pack(payloadOf(records))
  return framed(form, from, bytes)
}

function payloadOf(records: readonly Buffer[]): Buffer {
  return Buffer.concat(records.flatMap((record) => [record, newline]))
}

function framed(form: Form, from: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(headerBytes)
  magics[form].copy(header)
  header.writeUInt32LE(payload.length, 4)
  header.writeBigUInt64LE(BigInt(from), 8)
  header.writeUInt32LE(crc32(payload), 16)
  header.writeUInt32LE(crc32(header.subarray(0, 20)), 20)
  return Buffer.concat([header, payload])
}

/**
 * What stands at `offset`. `torn`: a commit that power loss cut off, which nobody was told of. Files only grow, and a
 * file system that orders data before size (ext4, XFS) leaves of a cut-off append a prefix, or zeros. Anything else that
 * is no frame is `broken`: bytes that were committed are not there any more, and taking them for a torn end would lose
 * an acknowledged record without a word.
 */
export function frameAt(bytes: Buffer, offset: number): Frame | 'end' | 'torn' | 'broken' {
  const rest = bytes.subarray(offset)
  if (rest.length === 0) return 'end'
  if (rest[0] === 0) return rest.every((byte) => byte === 0) ? 'torn' : 'broken'
  const header = rest.subarray(0, headerBytes)
  if (header.length < headerBytes)
    return forms.some((one) => magics[one].subarray(0, header.length).equals(header.subarray(0, 4)))
      ? 'torn'
      : 'broken'
  const form = forms.find((one) => magics[one].equals(header.subarray(0, 4)))
  if (form === undefined || crc32(header.subarray(0, 20)) !== header.readUInt32LE(20)) return 'broken'
  const length = header.readUInt32LE(4)
  if (rest.length < headerBytes + length) return 'torn'
  const payload = rest.subarray(headerBytes, headerBytes + length)
  if (crc32(payload) !== header.readUInt32LE(16)) return 'broken'
  const text = unpack(form, payload)
  // Each record ends in a newline.
  if (text === undefined || (text.length > 0 && text.at(-1) !== 0x0a)) return 'broken'
  return {
    from: Number(header.readBigUInt64LE(8)),
    records: lines(text),
    bytes: rest.subarray(0, headerBytes + length),
    end: offset + headerBytes + length,
  }
}

function lines(payload: Buffer): Buffer[] {
  const records: Buffer[] = []
  for (let from = 0; from < payload.length; ) {
    const end = payload.indexOf(0x0a, from)
    records.push(payload.subarray(from, end))
    from = end + 1
  }
  return records
}
