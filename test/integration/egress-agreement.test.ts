// A live connection to a vendor, and the life of the agreement that opens it: orders as the operator sends them, the keeper and
// the clock of a sidecar, real sockets and real TLS.

import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { afterEach, beforeEach, expect } from 'vitest'
import type { Orders } from '../../core/wire.ts'
import { type RunningEgress, startEgress } from '../../sidecar/egress/start.ts'
import { keepOrders, type OrdersKeeper } from '../../sidecar/orders.ts'
import { anAuthority } from '../collector/peers.ts'
import { agreementEntry, appTls, aVendor, echoed, vendorAddress } from '../sidecar/egress/scene.ts'
import { aLog, server, someOrders } from '../sidecar/installation.ts'
import { aPolicy } from '../support/policy.ts'
import { memoryTrail } from '../support/trail.ts'
import { verifies } from '../verifies.ts'

/** The longest that an end may take, milliseconds. */
const bound = 5_000
const name = '127.64.0.1'
let orders: OrdersKeeper
let egress: RunningEgress
let vendor: Awaited<ReturnType<typeof aVendor>>
let generation: number
let clientCa: string

beforeEach(async () => {
  generation = 0
  clientCa = (await anAuthority()).pem
  vendor = await aVendor()
  orders = keepOrders({
    pod: { server, acknowledge: 'Stream', port: 8080, transport: 'StreamableHttp' },
    record: async () => await Promise.resolve(),
    log: aLog(),
  })
  egress = await startEgress({
    orders,
    trail: memoryTrail(),
    dns: '192.0.2.53',
    search: [],
    namespace: server.namespace,
    ports: { egress: 0, dns: 0 },
    world: {
      resolve: async () => await Promise.resolve([vendorAddress]),
      place: () => ({ port: (vendor.address() as AddressInfo).port, allowHalfOpen: true }),
    },
  })
})
afterEach(async () => {
  await egress.close()
  orders.stop()
  vendor.close()
})

/** What the operator would say next. */
function hear(...agreements: Orders['agreements']): void {
  generation += 1
  const policy = aPolicy({ tls: { minVersion: 'TLSv1.3', clientCa }, egress: [agreementEntry] })
  orders.hear(JSON.stringify(someOrders(policy, { generation, agreements })))
}
const agreement = (milliseconds: number, active = true): Orders['agreements'][number] => ({
  name: agreementEntry.agreement,
  active,
  until: new Date(Date.now() + milliseconds).toISOString(),
  reason: active ? 'Active' : 'Expired',
})

async function opened(): Promise<TLSSocket> {
  const socket = connect({ host: name, port: egress.ports.egress })
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  const secure = await appTls(socket)
  expect(await echoed(secure, Buffer.from('hello'))).toEqual(Buffer.from('hello'))
  return secure
}
const isOpen = async (): Promise<boolean> =>
  await opened().then(
    () => true,
    () => false,
  )
const opens = async () => await expect.poll(isOpen, { timeout: 10_000 }).toBe(true)
/** Milliseconds from `from` until a live connection is gone. */
async function goneAfter(live: TLSSocket, from: () => number): Promise<number> {
  if (!live.destroyed) await once(live, 'close')
  return Date.now() - from()
}

verifies(
  'agreement:egress',
  'a live connection is cut within five seconds of the agreement’s end by the clock, and renewal opens the way again',
  async () => {
    hear(agreement(3_600_000))
    await opens()
    const live = await opened()
    const other = await opened()
    const ends = agreement(1_500)
    hear(ends)

    expect(await goneAfter(live, () => Date.parse(ends.until))).toBeLessThan(bound)
    expect(await goneAfter(other, () => Date.parse(ends.until))).toBeLessThan(bound)
    expect(await isOpen()).toBe(false)

    hear(agreement(3_600_000))
    await opens()
  },
)

verifies(
  'agreement:egress',
  'a live connection is cut within five seconds of word that the agreement is revoked or gone, and stays shut',
  async () => {
    for (const revoked of [[agreement(3_600_000, false)], []]) {
      hear(agreement(3_600_000))
      await opens()
      const live = await opened()
      const from = Date.now()

      hear(...revoked)

      expect(await goneAfter(live, () => from)).toBeLessThan(bound)
      expect(await isOpen()).toBe(false)
    }
  },
)
