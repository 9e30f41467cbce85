import { Resolver } from 'node:dns/promises'
import { once } from 'node:events'
import { connect } from 'node:net'
import { decode, encode, RECURSION_DESIRED } from 'dns-packet'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { startEgress } from '../../../sidecar/egress/start.ts'
import { verifies } from '../../verifies.ts'
import { agreementEntry, aScene, type Scene, storeEntry, vendorHost } from './scene.ts'

let scene: Scene
let resolver: Resolver
beforeEach(async () => {
  scene = await aScene({ egress: [agreementEntry, storeEntry('a CA')] })
  resolver = new Resolver({ timeout: 1_000, tries: 1 })
  resolver.setServers([`127.0.0.1:${scene.egress.ports.dnsUdp}`])
})
afterEach(async () => await scene.close())

const query = (name: string): Buffer => {
  const bytes = encode({
    id: 9,
    type: 'query',
    flags: RECURSION_DESIRED,
    questions: [{ name, type: 'A', class: 'IN' }],
    answers: [],
  })
  const length = Buffer.alloc(2)
  length.writeUInt16BE(bytes.length)
  return Buffer.concat([length, bytes])
}

verifies(
  'transmission:egress-by-name',
  'a real resolver finds declared names and nothing else, and what was asked is not in the trail',
  async () => {
    expect(await resolver.resolve4(vendorHost, { ttl: true })).toEqual([{ address: '127.64.0.1', ttl: 3 }])
    expect(await resolver.resolve4('ehr-db.clinic.svc.cluster.local')).toEqual(['127.64.0.2'])
    await expect(resolver.resolve6(vendorHost)).rejects.toMatchObject({ code: 'ENODATA' })
    await expect(resolver.resolve4('mrn-4711.evil.example')).rejects.toMatchObject({ code: 'ENOTFOUND' })

    await expect.poll(() => scene.refusals()).toEqual(['undeclared-name'])
    expect(JSON.stringify(scene.trail.entries)).not.toContain('4711')
  },
)

test('over TCP, several questions in one piece and one in many are answered in their order', async () => {
  const socket = connect({ host: '127.0.0.1', port: scene.egress.ports.dnsTcp })
  let got = Buffer.alloc(0)
  socket.on('data', (chunk: Buffer) => (got = Buffer.concat([got, chunk])))
  await once(socket, 'connect')
  socket.setNoDelay(true)

  const bytes = Buffer.concat([query(vendorHost), query('evil.example')])
  socket.write(bytes.subarray(0, 1))
  await new Promise((resolve) => setTimeout(resolve, 20))
  socket.write(bytes.subarray(1))

  const answers = () => {
    const found = []
    for (let at = 0; at + 2 <= got.length; ) {
      const size = got.readUInt16BE(at)
      found.push(decode(got.subarray(at + 2, at + 2 + size)))
      at += 2 + size
    }
    return found.map(({ flags, answers }) => [flags & 15, answers[0]?.data])
  }
  await expect.poll(answers).toEqual([
    [0, '127.64.0.1'],
    [3, undefined],
  ])
  socket.write(Buffer.from([0, 3, 1, 2, 3]))
  await once(socket, 'close')
})

test('a name is answered as soon as a policy declares it', async () => {
  await expect(resolver.resolve4('new.vendor.example')).rejects.toMatchObject({ code: 'ENOTFOUND' })

  scene.setEgress([agreementEntry, { ...agreementEntry, host: 'new.vendor.example' }])

  expect(await resolver.resolve4('new.vendor.example')).toEqual(['127.64.0.3'])
})

test('before any policy the resolver says to try again', async () => {
  const early = await startEgress({
    orders: { ...scene.orders, standing: () => ({ locked: 'no-orders' }) },
    trail: scene.trail,
    dns: '192.0.2.53',
    search: [],
    namespace: 'clinic',
    ports: { egress: 0, dns: 0 },
  })
  resolver.setServers([`127.0.0.1:${early.ports.dnsUdp}`])

  await expect(resolver.resolve4(vendorHost)).rejects.toMatchObject({ code: 'ESERVFAIL' })
  await early.close()
})
