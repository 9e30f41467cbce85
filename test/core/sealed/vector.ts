// The one segment of test/vectors: out of what it is sealed. Its data key is published there; nothing real is under it.

import { createHash } from 'node:crypto'
import { leafHash } from '../../../core/merkle.ts'
import { type SegmentHeader, sealSegment } from '../../../core/sealed/segment.ts'
import { together } from './streams.ts'

const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest()

export const dataKey: Buffer = sha256('hipaa-mcp test vector: data key')
const salt = sha256('hipaa-mcp test vector: salt').subarray(0, 24)

/** More than one chunk, with the last record alone in the second one. */
export const records: readonly Buffer[] = [
  '{"record":0}',
  '{"record":1,"text":"é"}',
  `{"record":2,"text":"${'x'.repeat(16_400)}"}`,
  '{"record":3}',
].map((text) => Buffer.from(text))

const header: SegmentHeader = {
  origin: 'hipaa-mcp.dev/clinic/ehr/00000000-0000-4000-8000-000000000001/0',
  segment: '00000000-0000-4000-8000-0000000000aa',
  from: 4096,
  to: 4096 + records.length,
  bytes: records.reduce((sum, { length }) => sum + length + 1, 0),
  sealedAt: '2026-11-26T12:00:00.000Z',
  keyId: 'file:test',
  wrapped: sha256('hipaa-mcp test vector: wrapped').toString('base64'),
}

export async function sealedVector(): Promise<Buffer> {
  async function* groups(): AsyncGenerator<readonly Buffer[]> {
    yield records
  }
  return await together(sealSegment(header, records.map(leafHash), groups(), { dataKey, salt }))
}
