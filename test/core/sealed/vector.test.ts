import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readSegment } from '../../../core/sealed/segment.ts'
import { all, inPieces } from './streams.ts'
import { dataKey, records, sealedVector } from './vector.ts'

const kept = join(import.meta.dirname, '../../vectors')
const bytes = readFileSync(join(kept, 'sealed-segment.sealed'))
const told = JSON.parse(readFileSync(join(kept, 'sealed-segment.json'), 'utf8')) as {
  dataKey: string
  records: string[]
}

test('the segment that is kept for others is sealed today as it was', async () => {
  expect(await sealedVector()).toEqual(bytes)
  expect(told).toMatchObject({ dataKey: dataKey.toString('hex'), records: records.map(String) })
})

test('the segment that is kept for others opens', async () => {
  const reading = await readSegment(inPieces(bytes))

  const opened = (await all(reading.records(Buffer.from(told.dataKey, 'hex')))).flat()

  expect(opened.map(String)).toEqual(told.records)
})
