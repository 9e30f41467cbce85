import { X509Certificate } from 'node:crypto'
import { Agent, request } from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect, TLSSocket } from 'node:tls'
import { afterAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { dnsNamesAnnotation, enforceLabel, identity, identityOf } from '../../../core/identifiers.ts'
import type { IdentityResponse, Orders } from '../../../core/wire.ts'
import { inject } from '../../../operator/admission/inject.ts'
import type { Pod } from '../../../operator/admission/pod.ts'
import { loadAuthority, makeAuthority } from '../../../operator/authority/ca.ts'
import { proved } from '../../../operator/authority/certificate-request.ts'
import { issue } from '../../../operator/authority/issue.ts'
import { believe } from '../../../operator/channel/believe.ts'
import { startChannel } from '../../../operator/channel/server.ts'
import { kinds } from '../../../operator/cluster/kinds.ts'
import type { OrdersSource } from '../../../operator/orders-source.ts'
import { verifies } from '../../verifies.ts'
import { aBystander, aPod, surroundings } from '../admission/pods.ts'
import { aRequestFor } from '../authority/keys.ts'
import { objects } from '../authority/objects.ts'
import { aServer } from '../world.ts'

const client = objects()
const authority = await loadAuthority(client, 'hipaa-mcp-ca')
const clients = await loadAuthority(client, 'hipaa-mcp-client-ca')
const ehr = aServer()

/** Orders that a test sets, and what asked for them. */
const told = {
  orders: undefined as Orders | undefined,
  caughtUp: Promise.resolve(),
  asked: [] as unknown[],
  fails: false,
}
const listeners = new Set<() => void>()
const source: OrdersSource = {
  for: (...who) => {
    told.asked.push(who)
    if (told.fails) throw new Error('planted')
    return told.orders
  },
  subscribe: (_namespace, _name, listener) => {
    listeners.add(listener)
    return () => listeners.delete(listener)
  },
  caughtUp: async (generation) => {
    told.asked.push(generation)
    await told.caughtUp
  },
  fresh: () => true,
}
const silent = { info: () => {}, warn: () => {}, error: () => {} }
const channel = await startChannel({
  client,
  authority,
  clients,
  surroundings,
  orders: source,
  network: { seconds: 900 },
  unknownKey: (...of) => told.asked.push(of),
  log: silent,
  port: 0,
  seconds: 300,
  outdatedMs: 50,
})
afterAll(async () => await channel.close(0))

function guardedPod(metadata: Pod['metadata'] = {}): Pod {
  const made = inject(aPod({}, { name: 'ehr-1', uid: 'uid-1', ...metadata }), ehr, surroundings)
  if ('violations' in made) throw new Error(made.violations.join())
  return { ...made.pod, status: { podIP: '127.0.0.1' } }
}

const tokenOf = (
  namespace: string,
  account: string,
  pod: string,
  uid: string,
  audiences = ['hipaa-mcp'],
) => ({
  authenticated: true,
  audiences,
  user: {
    username: `system:serviceaccount:${namespace}:${account}`,
    extra: { 'authentication.kubernetes.io/pod-name': [pod], 'authentication.kubernetes.io/pod-uid': [uid] },
  },
})

beforeEach(() => {
  Object.assign(told, { orders: undefined, caughtUp: Promise.resolve(), asked: [], fails: false })
  listeners.clear()
  client.put(kinds.namespace, {
    metadata: {
      name: 'clinic',
      labels: { [enforceLabel]: 'true' },
      annotations: {
        [dnsNamesAnnotation]:
          'ehr.clinic.example.org, *.clinic, *.svc, *.cluster.local, *.pod, *.k8s.example.org',
      },
    },
  })
  client.put(kinds.server, { ...ehr })
  client.put(kinds.pod, { ...guardedPod() })
  client.put(kinds.service, {
    metadata: { name: 'ehr', namespace: 'clinic' },
    spec: { selector: { app: 'ehr' } },
  })
  client.put(kinds.service, {
    metadata: { name: 'else', namespace: 'clinic' },
    spec: { selector: { app: 'x' } },
  })
  client.tokens.clear()
  client.tokens.set('good', tokenOf('clinic', 'default', 'ehr-1', 'uid-1'))
})

type Shown = { key: string; cert: string }

async function ask(
  token: string,
  csr: string,
): Promise<{ status: number; body: IdentityResponse & { message?: string } }> {
  return await new Promise((resolve, reject) => {
    const call = request(
      {
        host: '127.0.0.1',
        port: channel.port,
        path: '/v1/identity',
        method: 'POST',
        ca: authority.pem,
        servername: 'hipaa-mcp-channel.hipaa-mcp-system.svc',
        headers: { authorization: `Bearer ${token}` },
      },
      (answer) => {
        const chunks: Buffer[] = []
        answer.on('data', (chunk: Buffer) => chunks.push(chunk))
        answer.on('end', () =>
          resolve({
            status: answer.statusCode ?? 0,
            body: JSON.parse(Buffer.concat(chunks).toString()) as never,
          }),
        )
      },
    )
    call.once('error', reject)
    call.end(JSON.stringify({ csr }))
  })
}

async function refusedWith(token = 'good'): Promise<string> {
  const { status, body } = await ask(token, (await aRequestFor()).csr)
  return `${status} ${body.message ?? ''}`
}

async function sidecar(): Promise<Shown> {
  const { csr, key } = await aRequestFor()
  return { key, cert: (await ask('good', csr)).body.channel }
}

const collectorPod = (namespace: string) => ({
  metadata: { name: 'c-0', namespace, uid: 'uid-c' },
  status: { podIP: '127.0.0.1' },
})

describe('identity', () => {
  verifies(
    'transit:issuer',
    'no issuer is named: the own authority signs the names of the Services',
    async () => {
      const { status, body } = await ask('good', (await aRequestFor(['evil.example'])).csr)
      expect(status).toBe(200)
      const names = ['ehr', 'ehr.clinic', 'ehr.clinic.svc', 'ehr.clinic.svc.cluster.local']
      expect(body.names).toEqual(names)
      const server = new X509Certificate(body.server ?? '')
      expect(server.subjectAltName).toBe(names.map((name) => `DNS:${name}`).join(', '))
      expect(server.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1'])
      expect(server.verify(new X509Certificate(authority.pem).publicKey)).toBe(true)
      const own = new X509Certificate(body.channel)
      expect(identityOf(own.subjectAltName)).toEqual({
        role: 'sidecar',
        namespace: 'clinic',
        server: 'ehr',
        podUid: 'uid-1',
      })
      expect(own.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2'])
    },
  )

  verifies(
    'transit:outside-names',
    'they stand in the certificate, and none of the cluster with them',
    async () => {
      // The list of an administrator who was too generous, too.
      const dnsNames = [
        'ehr.clinic.example.org',
        'other.clinic',
        'records.vendor.svc',
        'hipaa-mcp-collector.hipaa-mcp-system.svc.cluster.local',
        'ehr-db.clinic.svc.k8s.example.org',
        '10-1-2-3.clinic.pod',
        'any.thing.cluster.local',
      ]
      client.put(kinds.server, { ...aServer({ tls: { dnsNames } }) })

      const { body } = await ask('good', (await aRequestFor()).csr)

      const inside = ['ehr', 'ehr.clinic', 'ehr.clinic.svc', 'ehr.clinic.svc.cluster.local']
      const wanted = [...inside, 'ehr.clinic.example.org'].toSorted()
      expect(body.names).toEqual(wanted)
      expect(new X509Certificate(body.server ?? '').subjectAltName).toBe(
        wanted.map((name) => `DNS:${name}`).join(', '),
      )
    },
  )

  verifies('transit:outside-names', 'none that the namespace’s administrator did not list', async () => {
    const dnsNames = ['ehr.clinic.example.org', 'ehr.elsewhere.example.org']
    client.put(kinds.server, { ...aServer({ tls: { dnsNames } }) })
    const given = async () =>
      (await ask('good', (await aRequestFor()).csr)).body.names?.filter((name) => dnsNames.includes(name))

    expect(await given()).toEqual(['ehr.clinic.example.org'])
    client.put(kinds.namespace, { metadata: { name: 'clinic', labels: { [enforceLabel]: 'true' } } })
    expect(await given()).toEqual([])
  })

  verifies('transit:issuer', 'an issuer is named: its names are asked for first', async () => {
    client.put(kinds.server, { ...aServer({ tls: { issuerRef: { name: 'ca', kind: 'Issuer' } } }) })
    const { status, body } = await ask('good', (await aRequestFor()).csr)
    expect({ status, server: body.server }).toEqual({ status: 200, server: undefined })
    expect(body.names).toContain('ehr.clinic.svc')
  })

  test('is refused to a token that is not good, of another audience, or bound to no pod', async () => {
    client.tokens.set('other', tokenOf('clinic', 'default', 'ehr-1', 'uid-1', ['https://kubernetes']))
    const { user } = tokenOf('clinic', 'default', 'ehr-1', 'uid-1')
    client.tokens.set('unbound', {
      authenticated: true,
      audiences: ['hipaa-mcp'],
      user: { ...user, extra: {} },
    })
    client.tokens.set('person', {
      authenticated: true,
      audiences: ['hipaa-mcp'],
      user: { ...user, username: 'ada' },
    })
    expect(await refusedWith('bad')).toContain('401 The token is not good')
    expect(await refusedWith('other')).toContain('401 The token is not good')
    expect(await refusedWith('unbound')).toContain('401 The token is bound to no pod')
    expect(await refusedWith('person')).toContain('401 The token is bound to no pod')
  })

  test('is refused to another pod of the same name, and from another address', async () => {
    client.tokens.set('older', tokenOf('clinic', 'default', 'ehr-1', 'uid-0'))
    expect(await refusedWith('older')).toContain('401 The pod of this token is gone')
    client.put(kinds.pod, { ...guardedPod(), status: { podIP: '10.1.2.3' } })
    expect(await refusedWith()).toContain('403 The connection does not come from the pod')
  })

  test('waits for an address that is not known yet', async () => {
    client.put(kinds.pod, { ...guardedPod(), status: {} })
    const waits = { attempts: 3, milliseconds: 5 }
    await expect(believe(client, 'good', '127.0.0.1', waits)).rejects.toThrow('does not come from')
    setTimeout(() => client.put(kinds.pod, { ...guardedPod() }), 20)
    const { pod } = await believe(client, 'good', '127.0.0.1', { attempts: 50, milliseconds: 5 })
    expect(pod.metadata.uid).toBe('uid-1')
  })

  test('is refused to a pod that does not conform, is no guarded one, or has no server or enrolled namespace', async () => {
    const pod = guardedPod()
    const initContainers = (pod.spec.initContainers ?? []).map((each) =>
      each.name === 'hipaa-mcp' ? { ...each, image: 'evil:1' } : each,
    )
    client.put(kinds.pod, { ...pod, spec: { ...pod.spec, initContainers } })
    expect(await refusedWith()).toMatch(
      /^403 The pod does not conform: spec.initContainers\[hipaa-mcp\].image/,
    )
    client.put(kinds.pod, {
      ...aBystander({}, { name: 'ehr-1', uid: 'uid-1' }),
      status: { podIP: '127.0.0.1' },
    })
    expect(await refusedWith()).toContain('403 This pod is not guarded')
    client.put(kinds.pod, { ...pod })
    await client.delete(kinds.server, 'clinic', 'ehr')
    expect(await refusedWith()).toContain('403 HipaaMcpServer clinic/ehr is gone')
    client.put(kinds.server, { ...ehr })
    client.put(kinds.namespace, { metadata: { name: 'clinic' } })
    expect(await refusedWith()).toContain('403 Namespace clinic is not enrolled')
  })

  test('of the collector goes to its ServiceAccount in the system namespace alone', async () => {
    for (const namespace of ['hipaa-mcp-system', 'clinic']) client.put(kinds.pod, collectorPod(namespace))
    client.tokens.set('collector', tokenOf('hipaa-mcp-system', 'hipaa-mcp-collector', 'c-0', 'uid-c'))
    client.tokens.set('operator', tokenOf('hipaa-mcp-system', 'hipaa-mcp-operator', 'c-0', 'uid-c'))
    client.tokens.set('impostor', tokenOf('clinic', 'hipaa-mcp-collector', 'c-0', 'uid-c'))
    const { body } = await ask('collector', (await aRequestFor()).csr)
    expect(identityOf(new X509Certificate(body.channel).subjectAltName)).toEqual({ role: 'collector' })
    expect(body.server).toBeUndefined()
    expect(await refusedWith('operator')).toContain(
      '403 No identity is given to ServiceAccount hipaa-mcp-operator',
    )
    expect(await refusedWith('impostor')).toContain('403 This pod is not guarded')
  })

  describe('of a recovery Job', () => {
    const trail = { 'hipaa-mcp.dev/trail': 'clinic/ehr/uid-gone' }
    const put = (pod: object = {}, volume: object = {}) => {
      client.put(kinds.pod, {
        metadata: { name: 'r-1', namespace: 'hipaa-mcp-system', uid: 'uid-r' },
        spec: {
          containers: [{ name: 'recover', image: surroundings.image }],
          volumes: [{ name: 'trail', persistentVolumeClaim: { claimName: 'recover-uid-gone' } }],
        },
        status: { podIP: '127.0.0.1' },
        ...pod,
      })
      client.put(kinds.claim, {
        metadata: { name: 'recover-uid-gone', namespace: 'hipaa-mcp-system', uid: 'uid-claim' },
        spec: { volumeName: 'pv-1' },
      })
      client.put(kinds.volume, {
        metadata: { name: 'pv-1', annotations: trail },
        spec: { claimRef: { uid: 'uid-claim' } },
        ...volume,
      })
      client.tokens.set('recovery', tokenOf('hipaa-mcp-system', 'hipaa-mcp-recovery', 'r-1', 'uid-r'))
    }

    verifies(
      'audit:local-recovered',
      'it is for the pod whose volume it mounts, and gets no orders',
      async () => {
        put()
        const { csr, key } = await aRequestFor()
        const { body } = await ask('recovery', csr)

        const own = new X509Certificate(body.channel)
        expect(identityOf(own.subjectAltName)).toEqual({
          role: 'recovery',
          namespace: 'clinic',
          server: 'ehr',
          podUid: 'uid-gone',
        })
        expect(own.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2'])
        expect(body.server).toBeUndefined()
        expect((await stream({ key, cert: body.channel })).status).toBe(401)
      },
    )

    const spec = { containers: [{ name: 'recover', image: surroundings.image }] }
    const volumes = [{ name: 'trail', persistentVolumeClaim: { claimName: 'recover-uid-gone' } }]
    const cases: { when: string; pod?: object; volume?: object; says: string }[] = [
      { when: 'it mounts nothing', pod: { spec }, says: 'mounts no volume' },
      {
        when: 'it mounts two',
        pod: { spec: { ...spec, volumes: [...volumes, ...volumes] } },
        says: 'mounts no volume',
      },
      {
        when: 'the volume is another claim’s',
        volume: { spec: { claimRef: { uid: 'uid-x' } } },
        says: 'mounts no',
      },
      { when: 'the volume holds no trail', volume: { metadata: { name: 'pv-1' } }, says: 'mounts no' },
      {
        when: 'it runs another image',
        pod: { spec: { containers: [{ name: 'recover', image: 'evil:1' }], volumes } },
        says: 'runs another image',
      },
    ]
    for (const { when, pod, volume, says } of cases)
      verifies('audit:local-recovered', `none is given when ${when}`, async () => {
        put(pod, volume)
        expect(await refusedWith('recovery')).toContain(`403 The pod ${says}`)
      })
  })

  test('is refused for a body that holds no request', async () => {
    expect((await ask('good', 'nonsense')).status).toBe(400)
    expect((await ask('good', 'x'.repeat(70_000))).status).toBe(413)
  })
})

/** Opens the stream and collects its events until closed. */
async function stream(shown: Partial<Shown>, generation = 0) {
  const events: { event: string; data: unknown }[] = []
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const call = request(
    {
      host: '127.0.0.1',
      port: channel.port,
      path: `/v1/orders?generation=${generation}`,
      ca: authority.pem,
      servername: 'hipaa-mcp-channel.hipaa-mcp-system.svc',
      agent: false,
      ...shown,
    },
    (answer) => {
      resolve(answer.statusCode ?? 0)
      let text = ''
      answer.on('error', () => {})
      answer.on('data', (chunk: Buffer) => {
        text += chunk.toString()
        for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
          const [, event = '', data = ''] = /^event: (.*)\ndata: (.*)$/.exec(text.slice(0, end)) ?? []
          events.push({ event, data: JSON.parse(data) as unknown })
          text = text.slice(end + 2)
        }
      })
    },
  )
  call.once('error', reject)
  call.end()
  return { status: await promise, events, close: () => call.destroy() }
}

async function seen(events: { event: string; data: unknown }[], event: string, count = 1): Promise<unknown> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const found = events.filter((one) => one.event === event)
    if (found.length >= count) return found.at(-1)?.data
    await sleep(10)
  }
  throw new Error(`No ${event} came: ${JSON.stringify(events)}`)
}

const someOrders = (generation: number, more: Partial<Orders> = {}): Orders => ({
  generation,
  keys: { hashes: '', patients: '', seal: '' },
  jwks: {},
  agreements: [],
  grants: [],
  revocations: [],
  volumeRetained: false,
  ...more,
})

describe('orders', () => {
  verifies('operator:orders', 'a change reaches the open stream at once', async () => {
    told.orders = someOrders(7)
    const { status, events, close } = await stream(await sidecar(), 5)
    expect(status).toBe(200)
    expect(await seen(events, 'orders')).toEqual(someOrders(7))
    expect(told.asked).toEqual([5, ['clinic', 'ehr', 'uid-1']])
    const before = performance.now()
    told.orders = someOrders(8, { locked: 'lockdown' })
    for (const listener of listeners) listener()
    expect(await seen(events, 'orders', 2)).toEqual(someOrders(8, { locked: 'lockdown' }))
    expect(performance.now() - before).toBeLessThan(1_000)
    for (const listener of listeners) listener()
    await sleep(50)
    expect(events.filter(({ event }) => event === 'orders')).toHaveLength(2)
    close()
    await sleep(50)
    expect(listeners.size).toBe(0)
  })

  verifies(
    'operator:older-orders',
    'a replica that lags says nothing, not even that all is current',
    async () => {
      const { promise, resolve } = Promise.withResolvers<void>()
      Object.assign(told, { orders: someOrders(3), caughtUp: promise })
      const { events, close } = await stream(await sidecar(), 9)
      await sleep(200)
      expect(events).toEqual([])
      told.orders = someOrders(9)
      resolve()
      expect(await seen(events, 'orders')).toEqual(someOrders(9))
      expect(events).toHaveLength(1)
      close()
    },
  )

  test('a stream that fails as it begins ends, and leaves nothing behind', async () => {
    told.fails = true
    const { close } = await stream(await sidecar())
    await expect.poll(() => told.asked.length).toBe(2)
    close()
    await sleep(50)
    expect(listeners.size).toBe(0)
  })

  test('with nothing to say yet the stream stays open, and says it when it can', async () => {
    const { events, close } = await stream(await sidecar())
    await sleep(50)
    told.orders = someOrders(1)
    for (const listener of listeners) listener()
    expect(await seen(events, 'orders')).toEqual(someOrders(1))
    close()
  })

  test('a sidecar whose Services changed is told to renew', async () => {
    const { events, close } = await stream(await sidecar())
    await sleep(150)
    expect(events).toEqual([])
    client.put(kinds.service, {
      metadata: { name: 'late', namespace: 'clinic' },
      spec: { selector: { app: 'ehr' } },
    })
    await seen(events, 'renew')
    await client.delete(kinds.service, 'clinic', 'late')
    close()
  })

  test('a sidecar whose server got a name outside of the cluster is told to renew', async () => {
    const { events, close } = await stream(await sidecar())
    await sleep(150)
    expect(events).toEqual([])
    client.put(kinds.server, { ...aServer({ tls: { dnsNames: ['ehr.clinic.example.org'] } }) })
    await seen(events, 'renew')
    close()
  })

  test('without its server a sidecar is told nothing: no certificate would be given', async () => {
    const { events, close } = await stream(await sidecar())
    await client.delete(kinds.server, 'clinic', 'ehr')
    await sleep(200)
    expect(events).toEqual([])
    close()
  })

  test('are refused without a certificate, to other roles, to other authorities, and to a pod that is gone', async () => {
    const made = async (
      by: typeof authority,
      leaf: { identity?: string; names?: string[]; usage?: 'server' | 'client' },
    ) => {
      const { csr, key } = await aRequestFor()
      const read = await proved(csr)
      if ('refused' in read) throw new Error(read.refused)
      const { usage = 'client', names = [], ...rest } = leaf
      return {
        key,
        cert: await issue(
          by,
          { ...rest, names, publicKey: read.publicKey, usages: [usage], seconds: 60 },
          Date.now(),
        ),
      }
    }
    const uri = identity.sidecar('clinic', 'ehr', 'uid-1')
    const stranger = await makeAuthority('hipaa-mcp-ca', Date.now())
    const cases = {
      'no certificate': {},
      'of another authority': await made(stranger, { identity: uri }),
      'of the collector': await made(authority, { identity: identity.collector }),
      'without an identity': await made(authority, { names: ['ehr.clinic.svc'] }),
      'for servers only': await made(authority, { identity: uri, usage: 'server' }),
    }
    for (const [what, shown] of Object.entries(cases)) expect((await stream(shown)).status, what).toBe(401)
    const own = await made(authority, { identity: uri })
    const gone = await made(authority, { identity: identity.sidecar('clinic', 'ehr', 'uid-9') })
    expect((await stream(gone)).status).toBe(403)
    const { status, close } = await stream(own)
    expect(status).toBe(200)
    close()
  })

  test('a session is never resumed: each connection proves itself', async () => {
    const shown = await sidecar()
    const options = {
      host: '127.0.0.1',
      port: channel.port,
      ca: authority.pem,
      servername: 'hipaa-mcp-channel.hipaa-mcp-system.svc',
    }
    const open = async (more: object): Promise<{ socket: TLSSocket; session?: Buffer }> =>
      await new Promise((resolve, reject) => {
        const socket = connect({ ...options, ...more }, () => {
          socket.write('GET /v1/none HTTP/1.1\r\nhost: x\r\n\r\n')
        })
        let session: Buffer | undefined
        socket.on('session', (ticket: Buffer) => (session = ticket))
        socket.once('data', () => resolve(session === undefined ? { socket } : { socket, session }))
        socket.once('error', reject)
      })
    const first = await open(shown)
    first.socket.destroy()
    const second = await open(first.session === undefined ? {} : { session: first.session })
    expect(second.socket.isSessionReused()).toBe(false)
    second.socket.destroy()
  })
})

/** Says that a token names a key that this issuer's set does not hold. Returns the status. */
const unknownKey = async (shown: Partial<Shown>, body: string, agent?: Agent): Promise<number> =>
  (await post('/v1/key-sets', shown, body, agent)).status

async function post(
  path: string,
  shown: Partial<Shown>,
  body: string,
  agent: Agent | false = false,
): Promise<{ status: number; body: unknown }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; body: unknown }>()
  const call = request(
    {
      host: '127.0.0.1',
      port: channel.port,
      path,
      method: 'POST',
      ca: authority.pem,
      servername: 'hipaa-mcp-channel.hipaa-mcp-system.svc',
      agent,
      ...shown,
    },
    (answer) => {
      let text = ''
      answer.on('data', (chunk: Buffer) => (text += chunk.toString()))
      answer.on('end', () =>
        resolve({
          status: answer.statusCode ?? 0,
          body: text === '' ? undefined : (JSON.parse(text) as unknown),
        }),
      )
    },
  )
  call.once('error', reject)
  call.end(body)
  return await promise
}

describe('key sets', () => {
  test('a certificate is read once a connection, and none is another connection’s', async () => {
    const [shown, body] = [await sidecar(), JSON.stringify({ issuer: 'https://login.example.org' })]
    const read = vi.spyOn(TLSSocket.prototype, 'getPeerCertificate')
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    // Node itself, where this test asks, wants the whole chain.
    const reads = () => read.mock.calls.filter(([whole]) => whole !== true).length
    try {
      for (let asked = 0; asked < 3; asked += 1) expect(await unknownKey(shown, body, agent)).toBe(202)
      expect(reads()).toBe(1)
      expect(await unknownKey(shown, body)).toBe(202)
      expect(reads()).toBe(2)
      expect(await unknownKey({}, body)).toBe(401)
    } finally {
      read.mockRestore()
      agent.destroy()
    }
  })

  test('a sidecar says which issuer’s key it does not know, for its own server and no other', async () => {
    const issuer = 'https://login.example.org'

    expect(await unknownKey(await sidecar(), JSON.stringify({ issuer, server: 'other' }))).toBe(202)
    expect(told.asked).toEqual([['clinic', 'ehr', issuer]])
  })

  test('nobody else is heard, and nothing that names no issuer', async () => {
    expect(await unknownKey({}, JSON.stringify({ issuer: 'https://login.example.org' }))).toBe(401)
    const shown = await sidecar()
    expect(await unknownKey(shown, '{"issuer":7}')).toBe(400)
    expect(await unknownKey(shown, 'x'.repeat(5_000))).toBe(413)
    expect(told.asked).toEqual([])
  })
})

/** Conditions of pods that were written. */
const conditions = () =>
  client.patches.map(({ path, body }) => ({
    path,
    ...(body as { metadata: object; status: { conditions: object[] } }).status.conditions[0],
  }))

describe('what sidecars see of the network', () => {
  const report = { compared: true, tried: ['Webhook', 'Metadata'], open: [] as string[] }
  beforeEach(() => void client.patches.splice(0))

  verifies('transit:network-proof-honest', 'a sidecar speaks for its own pod and no other', async () => {
    const shown = await sidecar()
    const { status, body } = await post(
      '/v1/network',
      shown,
      JSON.stringify({ ...report, podUid: 'uid-other', namespace: 'other' }),
    )

    expect([status, body]).toEqual([200, { seconds: 900 }])
    expect(conditions()).toMatchObject([
      { path: '/api/v1/namespaces/clinic/pods/ehr-1', type: 'hipaa-mcp.dev/network', status: 'True' },
    ])
  })

  verifies(
    'transit:network-proved',
    'what connected is written as open, what compares with nothing as unknown',
    async () => {
      const shown = await sidecar()
      await post('/v1/network', shown, JSON.stringify({ ...report, open: ['Metadata'] }))
      await post('/v1/network', shown, JSON.stringify({ ...report, compared: false }))

      expect(conditions()).toMatchObject([{ status: 'False' }, { status: 'Unknown' }])
    },
  )

  verifies(
    'transit:network-proof-honest',
    'a sidecar that tells again and again is not heard each time',
    async () => {
      const lastProbeTime = new Date().toISOString()
      const seen = { conditions: [{ type: 'hipaa-mcp.dev/network', status: 'True', lastProbeTime }] }
      const pod = guardedPod()
      client.put(kinds.pod, { ...pod, status: { ...pod.status, ...seen } })
      const shown = await sidecar()

      expect(await post('/v1/network', shown, JSON.stringify(report))).toMatchObject({ status: 503 })
      expect(conditions()).toEqual([])
    },
  )

  verifies('transit:network-proof-honest', 'nobody else is heard, and nothing of another form', async () => {
    expect(await post('/v1/network', {}, JSON.stringify(report))).toMatchObject({ status: 401 })
    const shown = await sidecar()
    for (const wrong of ['x', '[]', '{"compared":true}', JSON.stringify({ ...report, tried: ['Store'] })])
      expect(await post('/v1/network', shown, wrong)).toMatchObject({ status: 400 })
    // Asks what to try, and says nothing.
    expect(await post('/v1/network', shown, '{}')).toMatchObject({ status: 200 })
    expect(conditions()).toEqual([])
  })
})

describe('enrolment', () => {
  verifies('authentication:enrolment', 'only a sidecar may relay one, and only what it may say', async () => {
    expect(await post('/v1/enrol', {}, '{}')).toMatchObject({ status: 401 })
    const shown = await sidecar()
    expect(await post('/v1/enrol', shown, '{}')).toEqual({
      status: 400,
      body: { message: 'The body must be JSON with members token and csr', reason: 'enrol-malformed' },
    })
    // Nothing is known of the server yet: nothing is signed.
    const asked = await post('/v1/enrol', shown, JSON.stringify({ token: 'x', csr: 'y' }))
    expect(asked).toMatchObject({ status: 503, body: { reason: 'locked' } })
    expect(told.asked).toEqual([['clinic', 'ehr', 'uid-1']])
  })
})
