import { decode, encode, RECURSION_DESIRED } from 'dns-packet'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { answerTo, type Lookup } from '../../../sidecar/egress/answer.ts'
import { verifies } from '../../verifies.ts'

const known = new Map([
  ['ehr-db.clinic.svc.cluster.local', '127.64.0.1'],
  ['vendor.example', '127.64.0.2'],
])
const lookup: Lookup = {
  ready: true,
  addressOf: (name) => known.get(name),
  search: ['clinic.svc.cluster.local', 'svc.cluster.local', 'cluster.local'],
}
const query = (name: string, type = 'A', changes: object = {}): Buffer =>
  encode({
    id: 7,
    type: 'query',
    flags: RECURSION_DESIRED,
    questions: [{ name, type, class: 'IN' }],
    answers: [],
    ...changes,
  })
const ask = (bytes: Buffer, using = lookup) => {
  const answered = answerTo(bytes, using)
  if (answered === undefined) return undefined
  const { id, type, flags, answers } = decode(answered.bytes)
  return {
    id,
    type,
    code: flags & 15,
    data: answers.map(({ data }) => data),
    undeclared: answered.undeclared !== undefined,
  }
}
const base = { id: 7, type: 'response', data: [], undeclared: false }

verifies('transmission:egress-by-name', 'a declared name has its address, in any spelling', () => {
  for (const name of ['vendor.example', 'VENDOR.Example', 'vendor.example.']) {
    expect(ask(query(name))).toEqual({ ...base, code: 0, data: ['127.64.0.2'] })
  }
})

verifies('transmission:egress-by-name', 'any other name does not exist, and is counted', () => {
  for (const name of [
    'evil.example',
    'ssn-123.evil.example',
    'a.vendor.example',
    'example',
    'localhost',
    '1.0.64.127.in-addr.arpa',
  ]) {
    expect(ask(query(name)), name).toEqual({ ...base, code: 3, undeclared: true })
  }
})

test('a declared name with a search domain behind it does not exist, so that the resolver goes on; it is no attempt', () => {
  for (const domain of lookup.search) {
    expect(ask(query(`vendor.example.${domain}`))).toEqual({ ...base, code: 3 })
  }
  expect(ask(query('ehr-db.clinic.svc.cluster.local'))?.data).toEqual(['127.64.0.1'])
})

test('a declared name has no address of IPv6 where the pod has IPv4, no other record, and does exist', () => {
  for (const type of ['AAAA', 'MX', 'TXT', 'SRV']) {
    expect(ask(query('vendor.example', type))).toEqual({ ...base, code: 0 })
  }
})

verifies(
  'transmission:egress-by-name',
  'in a pod without IPv4 a declared name has its address as one of IPv6, too',
  () => {
    const there = { ...lookup, withoutIPv4: true }
    expect(ask(query('vendor.example', 'AAAA'), there)).toEqual({
      ...base,
      code: 0,
      data: ['::ffff:7f40:2'],
    })
    expect(ask(query('vendor.example'), there)?.data).toEqual(['127.64.0.2'])
    expect(ask(query('vendor.example', 'TXT'), there)).toEqual({ ...base, code: 0 })
    expect(ask(query('evil.example', 'AAAA'), there)).toEqual({ ...base, code: 3, undeclared: true })
  },
)

test('before there is a policy, the answer is to try again', () => {
  expect(ask(query('vendor.example'), { ...lookup, ready: false })).toEqual({ ...base, code: 2 })
})

test('an update or a notification is not implemented', () => {
  expect(ask(query('vendor.example', 'A', { flags: 5 << 11 }))).toEqual({ ...base, code: 4 })
})

test('no packet, however malformed, does anything but go unanswered or get one bounded answer', () => {
  const mutated = fc
    .tuple(fc.array(fc.tuple(fc.nat(60), fc.nat(255)), { maxLength: 8 }), fc.nat(60))
    .map(([changes, cut]) => {
      const bytes = query('ehr-db.clinic.svc.cluster.local')
      for (const [at, value] of changes) bytes[at % bytes.length] = value
      return bytes.subarray(0, bytes.length - (cut % 8))
    })
  fc.assert(
    fc.property(
      fc.oneof(
        mutated,
        fc.uint8Array({ maxLength: 600 }).map((bytes) => Buffer.from(bytes)),
      ),
      (bytes) => {
        const answered = answerTo(bytes, lookup)
        if (answered === undefined) return
        expect(answered.bytes.length).toBeLessThanOrEqual(600)
        expect(answered.bytes.subarray(0, 2)).toEqual(bytes.subarray(0, 2))
        for (const { data } of decode(answered.bytes).answers) expect([...known.values()]).toContain(data)
      },
    ),
    { numRuns: 2_000 },
  )
})

test('a response, two questions, and a header that promises 65,535 records go unanswered', () => {
  const lying = query('vendor.example')
  lying.writeUInt16BE(65_535, 6)
  const twice = query('vendor.example')
  twice.writeUInt16BE(2, 4)

  for (const bytes of [
    query('vendor.example', 'A', { type: 'response' }),
    twice,
    lying,
    Buffer.alloc(0),
    Buffer.alloc(12),
  ]) {
    expect(answerTo(bytes, lookup)).toBeUndefined()
  }
})
