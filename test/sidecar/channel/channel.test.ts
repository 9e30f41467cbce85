// Identity and orders over real TLS: the key stays in memory, certificates renew, the stream comes back.

import { createPrivateKey, X509Certificate } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Certificates, type Identity, keepIdentity } from '../../../sidecar/channel/identity.ts'
import { Link } from '../../../sidecar/channel/link.ts'
import { clusterLookup } from '../../../sidecar/channel/lookup.ts'
import { followOrders, type OrdersStream } from '../../../sidecar/channel/orders-stream.ts'
import { eventParser } from '../../../sidecar/sse.ts'
import { anAuthority, certify } from '../../collector/peers.ts'
import { takesLess } from '../../support/best-of.ts'
import { aPolicy } from '../../support/policy.ts'
import { verifies } from '../../verifies.ts'
import {
  aLog,
  anInstallation,
  type Heard,
  type Installation,
  pod,
  server,
  someOrders,
  until,
} from '../installation.ts'
import { loopback } from '../loopback.ts'
import { aResolver } from '../resolver.ts'

let installation: Installation
const ends: (() => unknown)[] = []
beforeEach(async () => {
  installation = await anInstallation()
})
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
  await installation.end()
})

function channelLink(ca = installation.authority.pem, credentials?: { key: string; cert: string }): Link {
  const base = new URL(`https://localhost:${installation.channel.faults.port}`)
  const link = new Link({ base, ca, lookup: loopback, ...(credentials === undefined ? {} : { credentials }) })
  ends.push(async () => await link.close())
  return link
}

function anIdentity(changes: { ca?: string; podUid?: string } = {}): Identity & { log: Heard } {
  const log = aLog()
  const identity = keepIdentity({
    link: channelLink(changes.ca),
    token: installation.token,
    server,
    podUid: changes.podUid ?? pod.podUid,
    log,
    retry: { least: 20, most: 100 },
  })
  ends.push(() => identity.stop())
  return { ...identity, log }
}

verifies(
  'transit:key-in-memory',
  'what is sent for a certificate holds the public key and never the private one',
  async () => {
    const { key, channel, server: cert } = await anIdentity().first()

    const { d } = createPrivateKey(key).export({ format: 'jwk' })
    const secret = Buffer.from(d as string, 'base64url')
    expect(secret).toHaveLength(32)
    for (const { body, authorization } of installation.channel.asked) {
      const { csr } = JSON.parse(body) as { csr: string }
      const der = Buffer.from(csr.replace(/-----[^-]+-----|\s/g, ''), 'base64')
      expect(der.includes(secret)).toBe(false)
      expect(body).not.toContain('PRIVATE')
      expect(authorization).toBe('Bearer token-of-the-pod')
    }
    expect(installation.channel.asked).toHaveLength(1)
    for (const pem of [channel, cert])
      expect(new X509Certificate(pem).checkPrivateKey(createPrivateKey(key))).toBe(true)
  },
)

verifies(
  'transit:renewal',
  'certificates are renewed at two thirds of their life, each time with a new key and the token of that moment',
  async () => {
    installation.channel.seconds = 3
    const identity = anIdentity()
    const seen: Certificates[] = [await identity.first()]
    const times = [performance.now()]
    identity.onChange((certificates) => {
      seen.push(certificates)
      times.push(performance.now())
    })
    writeFileSync(installation.token, 'token-after-rotation')

    let renewals = 0
    const life = await takesLess(2_600, async () => {
      renewals += 1
      await until('a renewal', () => times.length > renewals, 20_000)
      return (times[renewals] as number) - (times[renewals - 1] as number)
    })

    expect(life).toBeGreaterThan(1_200)
    expect(seen[1]?.key).not.toBe(seen[0]?.key)
    expect(installation.channel.asked.at(-1)?.authorization).toBe('Bearer token-after-rotation')
  },
)

test('an operator that is away is asked until it is back', async () => {
  installation.channel.faults.set('away')
  const identity = anIdentity()
  await until('a few tries', () => identity.log.lines.length > 2)
  expect(identity.current()).toBeUndefined()

  installation.channel.faults.set('well')

  expect((await identity.first()).names).toContain('ehr.clinic.svc')
})

test('an issuer that signs what the request says is asked again with the names, by the same key', async () => {
  installation.channel.byRequest = true

  const { server: cert } = await anIdentity().first()

  expect(installation.channel.asked).toHaveLength(2)
  expect(new X509Certificate(cert).subjectAltName).toContain('DNS:ehr.clinic.svc')
})

test('the operator’s word that names changed brings new certificates soon', async () => {
  const identity = anIdentity()
  await identity.first()
  installation.channel.names = ['other.clinic.svc']

  identity.renewSoon()

  await until('new names', () => identity.current()?.names.includes('other.clinic.svc'), 4_000)
})

test('a channel that is not of the operator’s own CA gets no token', async () => {
  const identity = anIdentity({ ca: (await anAuthority()).pem })
  await until('a few tries', () => identity.log.lines.length > 2)

  expect(installation.channel.asked).toEqual([])
  expect(identity.current()).toBeUndefined()
})

test('a certificate for another pod is not used', async () => {
  const identity = anIdentity({ podUid: 'another' })
  await until('a few tries', () => identity.log.lines.length > 2)
  expect(identity.current()).toBeUndefined()
})

type Following = {
  stream: OrdersStream
  orders: string[]
  heartbeats: number
  renewals: number
  generation: number
}

async function following(): Promise<Following> {
  const { key, channel } = await anIdentity().first()
  const seen = { orders: [] as string[], heartbeats: 0, renewals: 0, generation: 0 }
  const stream = followOrders({
    link: channelLink(installation.authority.pem, { key, cert: channel }),
    generation: () => seen.generation,
    orders: (data) => seen.orders.push(data),
    heartbeat: () => {
      seen.heartbeats += 1
    },
    renew: () => {
      seen.renewals += 1
    },
    log: aLog(),
    retry: { least: 20, most: 100 },
  })
  ends.push(() => stream.stop())
  return Object.assign(seen, { stream })
}

describe('the stream of orders', () => {
  verifies('operator:orders', 'orders, heartbeats and calls to renew arrive as they are sent', async () => {
    const seen = await following()
    await until('a stream', () => installation.channel.streams() === 1)
    const orders = someOrders(aPolicy())

    installation.channel.tell(orders)
    installation.channel.send('renew', '{}')
    installation.channel.send('something-new', '{}')

    await until('all three', () => seen.orders.length === 1 && seen.heartbeats > 0 && seen.renewals === 1)
    expect(JSON.parse(seen.orders[0] as string)).toEqual(orders)
  })

  test('it opens again after the channel was away, and says which generation it has', async () => {
    const seen = await following()
    await until('a stream', () => installation.channel.streams() === 1)
    seen.generation = 41
    installation.channel.faults.set('away')
    await until('its end', () => installation.channel.streams() === 0)

    installation.channel.faults.set('well')

    await until('another', () => installation.channel.streams() === 1)
    expect(installation.channel.opened.at(-1)).toBe(41)
  })

  test('it opens again at once when it is told to, as after a renewal', async () => {
    const seen = await following()
    await until('a stream', () => installation.channel.opened.length === 1)

    seen.stream.reopen()

    await until(
      'another',
      () => installation.channel.opened.length === 2 && installation.channel.streams() === 1,
      1_000,
    )
  })

  test('without a certificate of a sidecar there is nothing to hear', async () => {
    const credentials = await certify(installation.authority, undefined)
    const orders: string[] = []
    const log = aLog()
    const stream = followOrders({
      link: channelLink(installation.authority.pem, credentials),
      generation: () => 0,
      orders: (data) => orders.push(data),
      heartbeat: () => undefined,
      renew: () => undefined,
      log,
      retry: { least: 20, most: 50 },
    })
    ends.push(() => stream.stop())
    installation.channel.tell(someOrders(aPolicy()))

    await until('tries', () => log.lines.filter((line) => line.includes('HTTP_401')).length > 1)
    expect(orders).toEqual([])
  })
})

const eventsOf = (...chunks: string[]) => {
  const events: unknown[] = []
  const take = eventParser((event) => events.push(event), 8 * 1024 * 1024)
  for (const chunk of chunks) take(Buffer.from(chunk))
  return events
}

describe('events', () => {
  test.each(['\n', '\r\n', '\r'])('are the same however they are cut, lines ended by %j', (end) => {
    const text = `: comment${end}event: orders${end}data: {"a":${end}data: "é"}${end}${end}data:x${end}${end}event: ignored${end}${end}`
    const whole = [
      { event: 'orders', data: '{"a":\n"é"}' },
      { event: 'message', data: 'x' },
    ]
    const bytes = Buffer.from(text)
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      const events: unknown[] = []
      const take = eventParser((event) => events.push(event), 8 * 1024 * 1024)
      take(bytes.subarray(0, cut))
      take(bytes.subarray(cut))
      // A lone carriage return at the very end may be half of a line end: it waits.
      expect(events).toEqual(whole)
    }
  })

  test('an event that is not ended is none', () => {
    expect(eventsOf('data: x\n')).toEqual([])
  })

  test('one that never ends is too large at some point', () => {
    const chunk = 'x'.repeat(1024 * 1024)
    expect(() => eventsOf('data: ', ...Array<string>(9).fill(chunk))).toThrow(RangeError)
  })
})

const resolver = async (name: string) => {
  const made = await aResolver(name, '127.9.9.9')
  ends.push(() => made.close())
  return made
}

const ask = async (dns: string, search: string[], name: string) =>
  await new Promise((resolve) =>
    clusterLookup(dns, search)(name, { all: true }, (error, found) => resolve(error?.code ?? found)),
  )

describe('names of our own programs', () => {
  test('a Service is found below the cluster’s domain', async () => {
    const { address, asked } = await resolver('hipaa-mcp-channel.hipaa-mcp-system.svc.cluster.local')
    const search = ['clinic.svc.cluster.local', 'svc.cluster.local', 'cluster.local']

    expect(await ask(address, search, 'hipaa-mcp-channel.hipaa-mcp-system.svc')).toEqual([
      { address: '127.9.9.9', family: 4 },
    ])
    expect(asked.every((question) => question.endsWith('.svc.cluster.local'))).toBe(true)
  })

  test('a name that nobody knows fails, and an address is itself', async () => {
    const { address } = await resolver('other')
    expect(await ask(address, ['cluster.local'], 'nowhere.svc')).toBe('ENOTFOUND')
    expect(await ask(address, [], '10.1.2.3')).toEqual([{ address: '10.1.2.3', family: 4 }])
  })
})
