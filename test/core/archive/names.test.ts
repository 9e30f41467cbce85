import { expect, test } from 'vitest'
import { bodyOf, isOf } from '../../../core/archive/body.ts'
import { faultOf } from '../../../core/archive/hold.ts'
import {
  keyOfCheckpoint,
  keyOfRecords,
  keyOfSegment,
  keyOfWitnessed,
  registryNameOf,
  registryPrefix,
} from '../../../core/archive/keys.ts'
import { locationOf, textOfLocation } from '../../../core/archive/location.ts'

const sha256 = 'ab'.repeat(32)
const origin = 'hipaa-mcp.dev/clinic/ehr/0f2c/0'

test('a place in a bucket is read as it is written', () => {
  for (const text of ['s3://trail/', 's3://trail/clinic/', 's3://trail.example/a/b_c/'])
    expect(textOfLocation(locationOf(text) ?? { bucket: '', prefix: '' })).toBe(text)
  expect(locationOf('s3://trail')).toEqual({ bucket: 'trail', prefix: '' })
  expect(locationOf('s3://trail/clinic')).toEqual({ bucket: 'trail', prefix: 'clinic/' })
})

test.each([
  'trail',
  's3:/trail',
  's3://T/',
  's3://tr',
  's3://trail//x',
  's3://trail/a b',
  's3://user:pass@trail',
  'https://trail',
])('%s is no place in a bucket', (text) => {
  expect(locationOf(text)).toBe(undefined)
})

const below = (key: string): string => key.slice(registryPrefix('p/').length)

test('names say whose records, which and by which hash, and those of the registry log are read back', () => {
  expect(keyOfSegment('p/', { origin, from: 5, to: 9, sha256 })).toBe(
    `p/${origin}/0000000000000005-0000000000000009-${sha256}.sealed`,
  )
  const records = { from: 0, to: 12, sha256 }
  expect(registryNameOf(below(keyOfRecords('p/', records)))).toEqual({ kind: 'records', ...records })
  const note = { size: 12, sha256 }
  expect(registryNameOf(below(keyOfCheckpoint('p/', note)))).toEqual({ kind: 'checkpoint', ...note })
  expect(registryNameOf(below(keyOfWitnessed('p/', note)))).toEqual({ kind: 'witnessed', ...note })
  for (const name of ['', 'x', `0-1-${sha256}.records`, `${'0'.repeat(16)}-${sha256}.sealed`])
    expect(registryNameOf(name)).toBe(undefined)
})

test('bytes are told by length and hash, and a stream that is too long is not read to its end', async () => {
  const body = bodyOf(Buffer.from('records'))
  let pieces = 0
  async function* endless(): AsyncGenerator<Buffer> {
    for (;;) {
      pieces += 1
      yield Buffer.from('records')
    }
  }

  expect(await isOf(body.read(), body)).toBe(true)
  expect(await isOf(bodyOf(Buffer.from('recordz')).read(), body)).toBe(false)
  expect(await isOf(bodyOf(Buffer.from('record')).read(), body)).toBe(false)
  expect(await isOf(endless(), body)).toBe(false)
  expect(pieces).toBeLessThan(3)
})

const hold = { hold: 'matter-7', state: 'on', server: 'clinic/ehr', why: 'subpoena' }

test.each([
  ['whole', hold, undefined],
  [
    'with times',
    { ...hold, since: '2026-01-01T00:00:00.000Z', through: '2026-02-01T00:00:00.000Z' },
    undefined,
  ],
  ['taken off', { hold: 'matter-7', state: 'off', why: 'closed' }, undefined],
  ['none', 'x', /no object/],
  ['named by words', { ...hold, hold: 'the matter' }, /letters, digits/],
  ['neither on nor off', { ...hold, state: 'maybe' }, /on or off/],
  ['without a reason', { ...hold, why: undefined }, /reason/],
  ['with a reason of two lines', { ...hold, why: 'a\nb' }, /one line/],
  ['of no server', { ...hold, server: 'ehr' }, /NAMESPACE\/NAME/],
  ['at a time that is none', { ...hold, since: '2026-13-01T00:00:00.000Z' }, /RFC 3339/],
  [
    'that ends before it begins',
    { ...hold, since: '2026-02-01T00:00:00.000Z', through: '2026-01-01T00:00:00.000Z' },
    /ends before/,
  ],
  ['taken off in part', { hold: 'h', state: 'off', why: 'x', server: 'clinic/ehr' }, /as a whole/],
])('a legal hold that is %s is taken, or a person is told why not', (_, asked, fault) => {
  if (fault === undefined) expect(faultOf(asked)).toBe(undefined)
  else expect(faultOf(asked)).toMatch(fault)
})
