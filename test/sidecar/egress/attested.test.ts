// What somebody attested of an account at a model's vendor grows too old while an answer streams: the agreement as people write
// it, the operator's orders of it, the sidecar's keeper and clock, its gate, and a server in the vendor's shape.

import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { createServer, type Server } from 'node:https'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { afterEach, beforeEach, expect } from 'vitest'
import type { BusinessAssociateAgreement } from '../../../crds/businessassociateagreement.generated.ts'
import { ordersFor } from '../../../operator/orders-source.ts'
import { type RunningEgress, startEgress } from '../../../sidecar/egress/start.ts'
import { keepOrders, type OrdersKeeper } from '../../../sidecar/orders.ts'
import { anAgreement, aServer, aVipList, aWorld } from '../../operator/world.ts'
import { type MemoryTrail, memoryTrail } from '../../support/trail.ts'
import { verifies } from '../../verifies.ts'
import { aLog } from '../installation.ts'
import { listening, storesCa, vendorAddress, vendorHost } from './scene.ts'

/** The longest that an end may take, milliseconds. */
const bound = 5_000
const hour = 3_600_000
const name = '127.64.0.1'
const server = { namespace: 'clinic', name: 'ehr' }
let vendor: Server
let orders: OrdersKeeper
let egress: RunningEgress
let trail: MemoryTrail
let ca: string
let generation: number
let apps: Socket[]

beforeEach(async () => {
  apps = []
  generation = 0
  const stores = await storesCa()
  ca = stores.cert
  vendor = await listening(
    createServer(await stores.issue('vendor', [vendorHost]), (_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n')
    }),
  )
  orders = keepOrders({
    pod: { server, acknowledge: 'Stream', port: 8080, transport: 'StreamableHttp' },
    record: async () => await Promise.resolve(),
    log: aLog(),
  })
  trail = memoryTrail()
  egress = await startEgress({
    orders,
    trail,
    dns: '192.0.2.53',
    search: [],
    namespace: server.namespace,
    ports: { egress: 0, dns: 0 },
    // Nobody looks but the clock of the orders.
    periods: { reviewMs: 60_000 },
    world: {
      resolve: async () => await Promise.resolve([vendorAddress]),
      place: () => ({
        host: '127.0.0.1',
        port: (vendor.address() as AddressInfo).port,
        allowHalfOpen: true,
      }),
    },
  })
})
afterEach(async () => {
  for (const app of apps) app.destroy()
  await egress.close()
  orders.stop()
  vendor.closeAllConnections()
  vendor.close()
})

const at = (milliseconds: number): string => new Date(Date.now() + milliseconds).toISOString()

/** An agreement with years to go, of whose account somebody saw an hour ago, less `left` milliseconds, what counts for an hour. */
const seenOfTheAccount = (left: number): BusinessAssociateAgreement =>
  anAgreement('openai', {
    hosts: [vendorHost],
    effective: at(-24 * hour),
    expires: at(1_000 * 24 * hour),
    model: { vendor: 'OpenAI', attested: { at: at(left - hour), maxAge: '1h' } },
  })

/** What the operator says of it at this moment. */
function hear(agreement: BusinessAssociateAgreement) {
  generation += 1
  const credential = {
    ...aVipList(''),
    metadata: {
      name: 'openai-key',
      namespace: 'hipaa-mcp-system',
      labels: { 'hipaa-mcp.dev/owner': 'clinic.ehr' },
    },
    data: { credential: Buffer.from('sk-of-the-clinic').toString('base64') },
  }
  const entry = { baa: 'openai', credential: { secretName: 'openai-key' }, tls: { ca: { pem: ca } } }
  const { world, outside } = aWorld({
    servers: [aServer({ network: { egress: [entry] } })],
    agreements: [agreement],
    secrets: [credential],
  })
  const told = ordersFor(
    world,
    { ...outside, clientCa: ca },
    { ...server, podUid: 'uid-ehr-1' },
    generation,
    Date.now(),
  )
  orders.hear(JSON.stringify(told))
  return told?.agreements[0]
}

/** An answer of the vendor's that goes on; undefined where the app gets none. */
async function streaming(): Promise<IncomingMessage | undefined> {
  const socket = connect({ host: name, port: egress.ports.egress })
  apps.push(socket)
  await once(socket, 'connect')
  const asked = request({
    createConnection: () => socket,
    method: 'POST',
    path: '/v1/responses',
    headers: { host: vendorHost, 'content-type': 'application/json' },
  })
  asked.end(JSON.stringify({ model: 'gpt-5', input: 'hello', store: false, stream: true }))
  const response = await once(asked, 'response').then(
    ([answer]) => answer as IncomingMessage,
    () => undefined,
  )
  if (response?.statusCode !== 200) return undefined
  response.on('error', () => undefined)
  const [event] = (await once(response, 'data')) as [Buffer]
  expect(event.toString()).toBe('data: 1\n\n')
  return response
}
/** It ends by an error, which `once` would throw. */
const closeOf = async (live: IncomingMessage) =>
  await new Promise<void>((resolve) => live.once('close', resolve))
const isOpen = async () => (await streaming()) !== undefined
const opens = async () => await expect.poll(isOpen).toBe(true)

verifies(
  'agreement:attested',
  'an answer that streams is cut within five seconds of the moment at which what was attested is too old, without word from anybody, and a new look opens the way again',
  async () => {
    hear(seenOfTheAccount(hour))
    await opens()
    const live = (await streaming()) as IncomingMessage
    const closed = closeOf(live)
    const stale = Date.now() + 1_500

    expect(hear(seenOfTheAccount(1_500))).toMatchObject({ active: true, reason: 'Active' })

    await closed
    const late = Date.now() - stale
    expect(late).toBeGreaterThanOrEqual(-50)
    expect(late).toBeLessThan(bound)
    expect(live.complete).toBe(false)
    expect(await isOpen()).toBe(false)
    expect(trail.of('counted').map(({ what, reason }) => `${what} ${reason}`)).toContain(
      'egress-refused agreement-over',
    )

    hear(seenOfTheAccount(hour))
    await opens()
  },
)

verifies(
  'agreement:attested',
  'an answer that streams is cut when the operator says that it is too old',
  async () => {
    hear(seenOfTheAccount(hour))
    await opens()
    const live = (await streaming()) as IncomingMessage
    const closed = closeOf(live)
    const from = Date.now()

    expect(hear(seenOfTheAccount(-1_000))).toMatchObject({ active: false, reason: 'AttestationStale' })

    await closed
    expect(Date.now() - from).toBeLessThan(bound)
    expect(live.complete).toBe(false)
    expect(await isOpen()).toBe(false)
  },
)
