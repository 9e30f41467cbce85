// The form of a segment file: frames, each `magic | length | CRC-32 | kind | payload`, begun at multiples of 16 bytes in
// a file that was filled with zeros before. One frame is what one write made durable: a batch of records, a signed
// checkpoint, or the header. So a frame is whole or it was never acknowledged, and a whole frame behind a broken one
// cannot come from a torn write: the broken one was durable once, and is damaged. The CRC is
// that of zlib, native in Node; it finds accidents, the Merkle tree finds attackers.

import { crc32 } from 'node:zlib'

export type FrameKind = 'header' | 'records' | 'checkpoint'

/** `start` and `end` are offsets in the file. */
export type Frame = { kind: FrameKind; payload: Buffer; start: number; end: number }

/** First frame of a segment. */
export type SegmentHeader = {
  origin: string
  /** Raw Ed25519 key of the chain, base64. */
  publicKey: string
  /** Counts the segments of this chain from 0. */
  sequence: number
  /** Index of its first record. */
  first: number
}

/** What a scan found. `end`: where the next frame would begin. */
export type Scan = { frames: Frame[]; end: number; damaged: boolean }

const magic = 0x68_6d_73_31
const alignment = 16
const headLength = 16
const codes = { header: 0x68, records: 0x72, checkpoint: 0x63 } as const
const kinds = new Map<number, FrameKind>(
  (Object.keys(codes) as FrameKind[]).map((kind) => [codes[kind], kind]),
)
const newline = 0x0a

/** The bytes of a frame, its padding included. */
export function frame(kind: FrameKind, payload: Buffer): Buffer {
  const bytes = Buffer.alloc(padded(headLength + payload.length))
  bytes.writeUInt32BE(magic, 0)
  bytes.writeUInt32BE(payload.length, 4)
  bytes.writeUInt8(codes[kind], 12)
  payload.copy(bytes, headLength)
  bytes.writeUInt32BE(crc32(bytes.subarray(12, headLength + payload.length)), 8)
  return bytes
}

/** Records as one payload. Canonical JSON holds no line feed. */
export function payloadOf(records: readonly Buffer[]): Buffer {
  let length = Math.max(0, records.length - 1)
  for (const record of records) length += record.length
  const payload = Buffer.allocUnsafe(length)
  let at = 0
  for (const record of records) {
    at += record.copy(payload, at)
    if (at < length) payload[at++] = newline
  }
  return payload
}

/** What `payloadOf` joined. */
export function recordsIn(payload: Buffer): Buffer[] {
  const records: Buffer[] = []
  for (let from = 0; from <= payload.length; ) {
    const at = payload.indexOf(newline, from)
    const to = at < 0 ? payload.length : at
    records.push(payload.subarray(from, to))
    from = to + 1
  }
  return records
}

/** The frame that begins at `start`, if a whole one does. */
export function frameAt(bytes: Buffer, start: number): Frame | undefined {
  if (start + headLength > bytes.length || bytes.readUInt32BE(start) !== magic) return undefined
  const length = bytes.readUInt32BE(start + 4)
  const kind = kinds.get(bytes.readUInt8(start + 12))
  const to = start + headLength + length
  if (kind === undefined || to > bytes.length) return undefined
  if (crc32(bytes.subarray(start + 12, to)) !== bytes.readUInt32BE(start + 8)) return undefined
  return {
    kind,
    payload: bytes.subarray(start + headLength, to),
    start,
    end: start + padded(headLength + length),
  }
}

/** All whole frames from `start` on. `damaged`: a whole frame stands behind a broken one. */
export function scan(bytes: Buffer, start = 0): Scan {
  const frames: Frame[] = []
  let end = start
  for (let next = frameAt(bytes, end); next !== undefined; next = frameAt(bytes, end)) {
    frames.push(next)
    end = next.end
  }
  for (let at = end; at + headLength <= bytes.length; at += alignment) {
    if (frameAt(bytes, at) !== undefined) return { frames, end, damaged: true }
  }
  return { frames, end, damaged: false }
}

/** Reads a header's payload; undefined for anything else. */
export function headerIn(payload: Buffer): SegmentHeader | undefined {
  const value = JSON.parse(payload.toString('utf8')) as Partial<SegmentHeader>
  const { origin, publicKey, sequence, first } = value
  if (typeof origin !== 'string' || typeof publicKey !== 'string') return undefined
  if (!Number.isSafeInteger(sequence) || !Number.isSafeInteger(first)) return undefined
  return { origin, publicKey, sequence: sequence as number, first: first as number }
}

function padded(length: number): number {
  return Math.ceil(length / alignment) * alignment
}
