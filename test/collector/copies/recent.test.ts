import { expect } from 'vitest'
import { Recent } from '../../../collector/copies/recent.ts'
import { verifies } from '../../verifies.ts'

verifies('audit:copies', 'one record that is remembered keeps no whole request in memory', () => {
  const recent = new Recent()
  const body = Buffer.alloc(8 * 1024 * 1024, 'x')
  recent.take('a', 0, body.subarray(body.length - 500))

  const [record] = recent.read('a', 0, 1) ?? []
  expect(record).toEqual(Buffer.alloc(500, 'x'))
  expect(record?.buffer.byteLength).toBe(500)
})
