// What a Kafka store is told, and what it asks of its topics.

import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer, type TLSSocket } from 'node:tls'
import { promisify } from 'node:util'
import { ConnectionPool } from '@platformatic/kafka'
import { expect, test } from 'vitest'
import { fetchedFrom, reset } from '../../../collector/commit/kafka/log.ts'
import { connectionOf, kafkaPlace } from '../../../collector/commit/kafka/options.ts'
import { gapsOf } from '../../../collector/commit/kafka/topics.ts'
import { anAuthority, certify } from '../peers.ts'

test('a URL names brokers, the beginning of the topics’ names, and who asks', () => {
  expect(kafkaPlace('kafka://a:b%40c@k1:9093,k2.example.org:9094,[::1]:9093/hipaa.mcp')).toEqual({
    brokers: ['k1:9093', 'k2.example.org:9094', '[::1]:9093'],
    prefix: 'hipaa.mcp',
    user: 'a',
    password: 'b@c',
  })
  expect(connectionOf({ url: 'kafka://k1:9093/t' })).toMatchObject({
    tls: { rejectUnauthorized: true, minVersion: 'TLSv1.2' },
    tlsServerName: true,
  })
})

test.each([
  'kafka://k1/t',
  'kafka://k1:9093',
  'kafka://k1:9093/',
  'kafka://k1:9093,/t',
  'kafka://user@k1:9093/t',
  'kafka://k1:9093/t?ssl=false',
  'kafka://k1:9093/a/b',
  'http://k1:9093/t',
])('%s is no place, and its refusal repeats nothing of it', (url) => {
  expect(() => kafkaPlace(url)).toThrow(
    /^a Kafka store is kafka:\/\/user:password@broker:9093,broker:9093\/prefix$/,
  )
})

const lasting = {
  'cleanup.policy': 'delete',
  'retention.ms': '-1',
  'retention.bytes': '-1',
  'unclean.leader.election.enable': 'false',
  'max.message.bytes': '1048588',
  'min.insync.replicas': '2',
}
test.each([
  ['three copies, of which two acknowledge', {}, 3, []],
  ['one copy that is synced', { 'min.insync.replicas': '1', 'flush.messages': '1' }, 1, []],
  ['one copy', {}, 1, ['three replicas with min.insync.replicas=2, or flush.messages=1']],
  [
    'three copies, of which one acknowledges',
    { 'min.insync.replicas': '1' },
    3,
    ['three replicas with min.insync.replicas=2, or flush.messages=1'],
  ],
  ['a week', { 'retention.ms': '604800000' }, 3, ['retention.ms=-1']],
  ['a terabyte', { 'retention.bytes': '1099511627776' }, 3, ['retention.bytes=-1']],
  [
    'a leader that lacks some',
    { 'unclean.leader.election.enable': 'true' },
    3,
    ['unclean.leader.election.enable=false'],
  ],
  ['compaction', { 'cleanup.policy': 'compact' }, 3, ['cleanup.policy=delete']],
  ['small messages', { 'max.message.bytes': '65536' }, 3, ['max.message.bytes=1048588']],
  [
    'nothing said',
    undefined,
    0,
    [
      'cleanup.policy=delete',
      'retention.ms=-1',
      'retention.bytes=-1',
      'unclean.leader.election.enable=false',
      'max.message.bytes=1048588',
      'three replicas with min.insync.replicas=2, or flush.messages=1',
    ],
  ],
])('a topic of records with %s', (_, other, copies, gaps) => {
  expect(gapsOf('records', other === undefined ? {} : { ...lasting, ...other }, copies)).toEqual(gaps)
})

const batch = (
  firstOffset: bigint,
  lastOffsetDelta: number,
  deltas: readonly number[],
): Parameters<typeof fetchedFrom>[0][number] => ({
  firstOffset,
  lastOffsetDelta,
  records: deltas.map((offsetDelta) => ({ offsetDelta, key: null, value: Buffer.alloc(36, 'w') })),
})
test.each([
  ['nothing', [], 7n, [], 7n],
  ['a whole batch, which begins before', [batch(5n, 4, [0, 1, 2, 3, 4])], 7n, [7n, 8n, 9n], 10n],
  ['a batch without its last records', [batch(5n, 4, [0, 1])], 5n, [5n, 6n], 10n],
  ['a batch of which only earlier records are left', [batch(5n, 4, [0, 1])], 7n, [], 10n],
  ['a batch without any record, and one behind', [batch(5n, 4, []), batch(12n, 0, [0])], 5n, [12n], 13n],
])('after compaction a log is read on behind %s', (_, batches, from, offsets, next) => {
  const fetched = fetchedFrom(batches, from)

  expect(fetched.found.map(({ offset }) => offset)).toEqual(offsets)
  expect(fetched.next).toBe(next)
})

test('nothing that waits to be sent is delivered once a client is reset', async () => {
  const authority = await anAuthority()
  const broker = createServer({ ...(await certify(authority, undefined, { names: ['localhost'] })) })
  await once(broker.listen(0, '127.0.0.1'), 'listening')
  const { port } = broker.address() as AddressInfo
  const connections = new ConnectionPool('test', { tls: { ca: authority.pem }, tlsServerName: 'localhost' })
  const accepted = once(broker, 'secureConnection') as Promise<[TLSSocket]>
  const { socket } = await connections.get({ host: '127.0.0.1', port })
  const [side] = await accepted
  // Everything that came was read: with something unread the kernel resets by itself.
  side.write('.')
  await once(socket, 'data')
  // It hangs, and the kernel has it all: closing the socket would deliver it.
  const late = Buffer.alloc(2 ** 20)
  await promisify<Buffer, void>(socket.write.bind(socket))(late)

  reset({ connections })
  await connections.close()
  let heard = 0
  side.on('data', (bytes: Buffer) => (heard += bytes.length))

  await expect(once(side, 'close')).rejects.toMatchObject({ code: 'ECONNRESET' })
  expect(heard).toBeLessThan(late.length)
  broker.close()
})
