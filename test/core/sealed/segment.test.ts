import { createHash, randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { leafHash } from '../../../core/merkle.ts'
import { encryptChunks } from '../../../core/sealed/chunked.ts'
import { readSegment, type SegmentHeader, sealedBytes, sealSegment } from '../../../core/sealed/segment.ts'
import { verifies } from '../../verifies.ts'
import { all, inPieces, together } from './streams.ts'

const dataKey = createHash('sha256').update('a data key').digest()
const salt = Buffer.alloc(24, 5)
const recordsOf = (count: number): Buffer[] =>
  Array.from({ length: count }, (_, i) => Buffer.from(`{"record":${i}}`))
const bytesOf = (records: readonly Buffer[]): number =>
  records.reduce((sum, { length }) => sum + length + 1, 0)

const headerOf = (records: readonly Buffer[], said: Partial<SegmentHeader> = {}): SegmentHeader => ({
  origin: 'hipaa-mcp.dev/clinic/ehr/pod-1/0',
  segment: '3f0c1f6e-8f0e-4b6e-9d5b-5d0f6a3c2b11',
  from: 100,
  to: 100 + records.length,
  bytes: bytesOf(records),
  sealedAt: '2026-11-26T12:00:00.000Z',
  keyId: 'file:k1',
  wrapped: randomBytes(60).toString('base64'),
  ...said,
})

async function sealed(records: readonly Buffer[], header = headerOf(records)): Promise<Buffer> {
  async function* groups(): AsyncGenerator<Buffer[]> {
    for (let at = 0; at < records.length; at += 7) yield records.slice(at, at + 7)
  }
  return await together(sealSegment(header, records.map(leafHash), groups(), { dataKey, salt }))
}

async function opened(bytes: Uint8Array, key: Uint8Array = dataKey, size = 100): Promise<Buffer[]> {
  const { records } = await readSegment(inPieces(bytes, size))
  return (await all(records(key))).flat()
}

async function checked(bytes: Uint8Array): Promise<void> {
  await (await readSegment(inPieces(bytes))).check()
}

/** As somebody who changes bytes on purpose would: the last line fits again. */
const refitted = (bytes: Buffer): Buffer =>
  Buffer.concat([bytes.subarray(0, -32), createHash('sha256').update(bytes.subarray(0, -32)).digest()])

test('a segment reads back as it was sealed, its leaves without a key', async () => {
  const records = recordsOf(5000)
  const header = headerOf(records)

  const bytes = await sealed(records, header)
  const reading = await readSegment(inPieces(bytes))

  expect(bytes).toHaveLength(sealedBytes(header))
  expect(reading.header).toEqual(header)
  expect(reading.leaves).toEqual(records.map(leafHash))
  await reading.check()
  expect(await opened(bytes)).toEqual(records)
  expect(bytes.includes('"record"')).toBe(false)
})

verifies('rest:sealed-trail', 'any byte of a segment that changes is found without a key', async () => {
  const whole = await sealed(recordsOf(3))
  for (let at = 0; at < whole.length; at++)
    for (const bit of [1, 128]) {
      const changed = Buffer.from(whole)
      changed[at] = (changed[at] as number) ^ bit
      await expect(checked(changed), `byte ${at}`).rejects.toThrow()
    }
})

verifies(
  'rest:sealed-trail',
  'any byte that somebody changes, with a hash that fits, is found with the key',
  async () => {
    const whole = await sealed(recordsOf(3))
    for (let at = 0; at < whole.length - 32; at++) {
      const changed = Buffer.from(whole)
      changed[at] = (changed[at] as number) ^ 1
      await expect(opened(refitted(changed)), `byte ${at}`).rejects.toThrow()
    }
  },
)

verifies(
  'rest:sealed-trail',
  'a segment that is cut at any byte, or goes on behind its end, is found',
  async () => {
    const whole = await sealed(recordsOf(3))
    for (let length = 0; length < whole.length; length++) {
      await expect(checked(whole.subarray(0, length)), `byte ${length}`).rejects.toThrow()
      await expect(opened(whole.subarray(0, length)), `byte ${length}`).rejects.toThrow()
    }
    const longer = Buffer.concat([whole, Buffer.from('x')])
    await expect(checked(longer)).rejects.toMatchObject({ fault: 'changed' })
    await expect(opened(longer)).rejects.toMatchObject({ fault: 'changed' })
  },
)

test('a segment is sealed and opened as a stream: no more is held than its leaves, a chunk and what came at once', async () => {
  const records = recordsOf(20_000)
  let read = 0
  async function* groups(): AsyncGenerator<Buffer[]> {
    for (let at = 0; at < records.length; at += 100) {
      yield records.slice(at, at + 100)
      read += 100
    }
  }
  let made = 0
  async function* counted(): AsyncGenerator<Buffer> {
    for await (const piece of sealSegment(headerOf(records), records.map(leafHash), groups(), {
      dataKey,
      salt,
    })) {
      made += piece.length
      yield piece
    }
  }
  const clear = 32 * records.length + 1000
  const reading = await readSegment(counted())
  const opening = reading.records(dataKey)
  let opened = 0

  for await (const group of opening) {
    opened += group.length
    const bytes = bytesOf(records.slice(0, opened))
    expect(made - clear).toBeLessThan(bytes + 4 * 16_400)
    expect(bytesOf(records.slice(0, read))).toBeLessThan(bytes + 4 * 16_400)
  }
  expect(opened).toBe(records.length)
})

test('another key is told from damage, before any record is given', async () => {
  const whole = await sealed(recordsOf(3))

  await expect(opened(whole, Buffer.alloc(32, 7))).rejects.toMatchObject({ fault: 'wrong-key' })
})

test('a header that says another place, chain or key opens nothing', async () => {
  const records = recordsOf(3)
  const header = headerOf(records)
  const whole = await sealed(records, header)
  for (const [from, to] of [
    ['"from":100', '"from":101'],
    ['pod-1/0', 'pod-1/1'],
    ['3f0c1f6e', '4f0c1f6e'],
    ['file:k1', 'file:k2'],
  ] as const) {
    const changed = Buffer.from(whole.toString('latin1').replace(from, to), 'latin1')
    await expect(opened(refitted(changed))).rejects.toThrow()
  }
})

test('records under leaves that are others’ are found by whoever opens them: a sealer that lies', async () => {
  const records = recordsOf(3)
  const leaves = [...records.slice(0, 2), Buffer.from('{"record":9}')].map(leafHash)
  const line = (await sealed(records)).toString('latin1').split('\n').slice(0, 2).join('\n')
  const head = Buffer.concat([Buffer.from(`${line}\n`, 'latin1'), ...leaves])
  const context = createHash('sha256').update(head).digest()
  const plain = inPieces(Buffer.from(records.map((record) => `${String(record)}\n`).join('')))
  const lie = Buffer.concat([
    head,
    await together(encryptChunks(plain, { key: dataKey, salt, context })),
    Buffer.alloc(32),
  ])

  await checked(refitted(lie))
  await expect(opened(refitted(lie))).rejects.toMatchObject({ fault: 'record-not-leaf' })
})

test('records that are not those of the leaves are not sealed', async () => {
  const records = recordsOf(3)
  async function* other(): AsyncGenerator<Buffer[]> {
    yield [...records.slice(0, 2), Buffer.from('{"record":9}')]
  }
  const few = async function* (): AsyncGenerator<Buffer[]> {
    yield records.slice(0, 2)
  }
  for (const stream of [other(), few()])
    await expect(
      together(sealSegment(headerOf(records), records.map(leafHash), stream, { dataKey, salt })),
    ).rejects.toMatchObject({ fault: 'record-not-leaf' })
})

test.each([
  ['another first line', 'hipaa-mcp.dev/sealed-segment/2\n{}\n'],
  ['no header', 'hipaa-mcp.dev/sealed-segment/1\nhello\n'],
  [
    'a header with a member more',
    `hipaa-mcp.dev/sealed-segment/1\n${JSON.stringify({ ...headerOf(recordsOf(1)), zone: 1 })}\n`,
  ],
  ['no records', `hipaa-mcp.dev/sealed-segment/1\n${JSON.stringify(headerOf([]))}\n`],
  ['an endless line', `hipaa-mcp.dev/sealed-segment/1\n${'x'.repeat(70_000)}`],
])('%s is no segment', async (_, text) => {
  await expect(checked(Buffer.from(text))).rejects.toMatchObject({ fault: 'not-a-segment' })
})
