import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fatal, readOpening, sslRequest, withoutChannelBinding } from '../../../sidecar/egress/postgres.ts'
import { EgressRefusal } from '../../../sidecar/egress/reasons.ts'
import { verifies } from '../../verifies.ts'

const packet = (code: number, body = '', size = 8 + body.length): Buffer => {
  const head = Buffer.alloc(8)
  head.writeInt32BE(size, 0)
  head.writeInt32BE(code, 4)
  return Buffer.concat([head, Buffer.from(body, 'latin1')])
}
const version3 = 0x30000
const start = packet(version3, 'user\0ehr\0\0')
const messageOf = (type: string, body: Buffer): Buffer => {
  const head = Buffer.alloc(5)
  head.write(type, 'latin1')
  head.writeInt32BE(4 + body.length, 1)
  return Buffer.concat([head, body])
}
const authentication = (kind: number, rest = '') => {
  const code = Buffer.alloc(4)
  code.writeInt32BE(kind)
  return messageOf('R', Buffer.concat([code, Buffer.from(rest, 'latin1')]))
}

test('a client asks for encryption, starts or cancels', () => {
  expect(readOpening(sslRequest)).toEqual({ says: 'encrypt', size: 8 })
  expect(readOpening(packet(80_877_104))).toEqual({ says: 'encrypt', size: 8 })
  expect(readOpening(start)).toEqual({ says: 'start', size: start.length })
  expect(readOpening(packet(80_877_102, 'pid!key!'))).toEqual({ says: 'cancel', size: 16 })
})

test('a packet in pieces is waited for', () => {
  for (let size = 0; size < start.length; size += 1)
    expect(readOpening(start.subarray(0, size))).toBeUndefined()
})

test('anything else is refused: TLS of the app’s own, another version, a size out of bounds', () => {
  for (const bytes of [
    Buffer.from([22, 3, 1]),
    packet(0x20000, 'x'),
    packet(version3, '', 7),
    packet(version3, '', 10_001),
    packet(80_877_103, 'x'),
    Buffer.from('GET / HT'),
  ]) {
    expect(() => readOpening(bytes)).toThrow(EgressRefusal)
  }
})

verifies(
  'transmission:store-tls',
  'channel binding is taken out of the offer, which alone is changed, however it is cut',
  () => {
    const before = Buffer.concat([messageOf('N', Buffer.from('notice')), messageOf('v', Buffer.alloc(8))])
    const offer = authentication(10, 'SCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0')
    const after = Buffer.concat([
      authentication(11, 'SCRAM-SHA-256-PLUS\0'),
      messageOf('D', Buffer.alloc(3, 'x')),
    ])
    const sent = Buffer.concat([before, offer, after])
    const wanted = Buffer.concat([before, authentication(10, 'SCRAM-SHA-256\0\0'), after])

    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(sent.length), { maxLength: 6 }), (cuts) => {
        const filter = withoutChannelBinding()
        const got: Buffer[] = []
        let from = 0
        for (const to of [...cuts.toSorted((a, b) => a - b), sent.length]) {
          got.push(filter.pass(sent.subarray(from, to)))
          from = to
        }
        got.push(filter.rest())
        expect(Buffer.concat(got)).toEqual(wanted)
      }),
    )
  },
)

test('a server that offers nothing to take out, or says no, passes untouched', () => {
  for (const bytes of [
    authentication(0),
    authentication(5, 'salt'),
    authentication(10, 'SCRAM-SHA-256\0\0'),
    fatal('no'),
  ]) {
    const filter = withoutChannelBinding()
    expect(Buffer.concat([filter.pass(bytes), filter.rest()])).toEqual(bytes)
  }
})

test('a server that speaks no PostgreSQL ends the connection', () => {
  const filter = withoutChannelBinding()

  expect(() => filter.pass(Buffer.from('HTTP/1.1 400 Bad Request'))).toThrow('not-postgres')
})
