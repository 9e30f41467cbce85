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
/** What all of them begin with. */
const magicOfAll = magics.plain.subarray(0, 3)
const headerBytes = 24
/** What a disk writes whole or not at all, bytes. */
const sector = 512
const zeros = Buffer.alloc(4096)

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
 * What stands at `offset`. `torn`: a commit that power loss cut off, which nobody was told of. Where a file grows, a file system that
 * orders data before size (ext4, XFS) leaves of it a prefix, or zeros; where it was written over zeros, of which the last stays, any
 * sectors of it, or a prefix. Anything else that is no frame is `broken`: bytes that were committed are not there any more, and
 * taking them for a torn end would lose an acknowledged record without a word.
 */
export function frameAt(bytes: Buffer, offset: number): Frame | 'end' | 'torn' | 'broken' {
  const rest = bytes.subarray(offset)
  if (rest.length === 0) return 'end'
  if (rest[0] === 0 && isZero(rest)) return 'torn'
  const form = formOf(rest)
  if (form === undefined) return isTornHeader(bytes, offset) ? 'torn' : 'broken'
  const length = headerBytes + rest.readUInt32LE(4)
  if (rest.length < length) return 'torn'
  const payload = rest.subarray(headerBytes, length)
  if (crc32(payload) !== rest.readUInt32LE(16))
    return isZero(rest.subarray(length)) && isTornOverZeros(bytes, offset, offset + length)
      ? 'torn'
      : 'broken'
  const text = unpack(form, payload)
  // Each record ends in a newline.
  if (text === undefined || (text.length > 0 && text.at(-1) !== 0x0a)) return 'broken'
  return {
    from: Number(rest.readBigUInt64LE(8)),
    records: lines(text),
    bytes: rest.subarray(0, length),
    end: offset + length,
  }
}

/** Undefined where no whole header stands. */
function formOf(rest: Buffer): Form | undefined {
  if (rest.length < headerBytes || crc32(rest.subarray(0, 20)) !== rest.readUInt32LE(20)) return undefined
  return forms.find((one) => magics[one].equals(rest.subarray(0, 4)))
}

/** Of a frame that is not whole: it stands before zeros, and a sector of it does, or its last byte, which is none in a whole one. */
function isTornOverZeros(bytes: Buffer, from: number, to: number): boolean {
  if (to >= bytes.length) return false
  for (let at = from; at < to; at = sectorAfter(at))
    if (isZero(bytes.subarray(at, Math.min(to, sectorAfter(at))))) return true
  return bytes[to - 1] === 0
}

/** Of bytes that no whole header begins. */
function isTornHeader(bytes: Buffer, offset: number): boolean {
  const rest = bytes.subarray(offset)
  const begins = (length: number): boolean =>
    forms.some((one) => magics[one].subarray(0, length).equals(rest.subarray(0, Math.min(4, length))))
  if (rest.length < headerBytes) return begins(rest.length)
  // A prefix: no payload is all zeros.
  if (rest[0] !== 0 && isZero(rest.subarray(headerBytes - 1))) return begins(written(rest.subarray(0, 4)))
  if (bytes.at(-1) !== 0 || hasFrameBehind(rest)) return false
  // The sector in which it began, or the one after.
  const first = sectorAfter(offset) - offset
  if (isZero(rest.subarray(0, first))) return true
  return first < headerBytes && begins(Math.min(4, first)) && isZero(rest.subarray(first, first + sector))
}

/** A commit begins when the one before it is whole: behind a torn one there is none. */
function hasFrameBehind(rest: Buffer): boolean {
  for (let at = rest.indexOf(magicOfAll, 1); at >= 0; at = rest.indexOf(magicOfAll, at + 1))
    if (formOf(rest.subarray(at)) !== undefined) return true
  return false
}

const sectorAfter = (at: number): number => (Math.floor(at / sector) + 1) * sector

/** How many bytes there are up to the last that is not zero. */
const written = (bytes: Buffer): number => bytes.findLastIndex((byte) => byte !== 0) + 1

function isZero(bytes: Buffer): boolean {
  for (let at = 0; at < bytes.length; at += zeros.length) {
    const part = bytes.subarray(at, at + zeros.length)
    if (!part.equals(zeros.subarray(0, part.length))) return false
  }
  return true
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
