// The packet filter in a real kernel: what a hostile process of a guarded pod tries, and what comes of it.

import { randomInt } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { refusedInPod } from '../../sidecar/network/refused.ts'
import { authority } from '../sample/certificates.ts'
import { takesLess } from '../support/best-of.ts'
import { verifies } from '../verifies.ts'
import { answersByCookies, leavesUnread, repeatsAcknowledgement } from './by-cookies.ts'
import { addresses, PodNetwork, type User } from './pod.ts'

const sidecar: User = { uid: 64_101 }
const app: User = { uid: 1_000 }
const other: User = { uid: 2_000 }
/** port-forward enters the network namespace so. */
const root: User = { uid: 0, caps: '+all' }
const outsider: User = { uid: 0, caps: '+all' }
const refused = /^(ECONNREFUSED|EPERM)$/

let pod: PodNetwork

const kernelSays = async (file: string): Promise<string> =>
  (await pod.run('pod', sidecar, ['cat', `/proc/net/${file}`])).stdout
async function counted(): Promise<{ connections: number; datagrams: number }> {
  const files = { snmp: await kernelSays('snmp'), snmp6: await kernelSays('snmp6') }
  return refusedInPod((file) => files[file]) ?? { connections: 0, datagrams: 0 }
}
const fresh = () => {
  pod = new PodNetwork()
}

/** 2: the kernel answers everybody by cookies, as with a flood. */
const cookies = async (value: '1' | '2') =>
  await pod.run('pod', root, ['sh', '-c', `echo ${value} >/proc/sys/net/ipv4/tcp_syncookies`])

/** A dial from within the pod is refused, and nobody has to wait for that. */
const refusesPromptly = async (user: User, host: string, port: number) =>
  await takesLess(500, async () => {
    const { says, milliseconds } = await pod.ask('pod', user, 'dial', host, port)
    expect(says, `${user.uid} to ${host}`).toMatch(refused)
    return milliseconds ?? Number.NaN
  })

describe('with the filter set', () => {
  const running: { stop: () => Promise<void> }[] = []
  const serve = async (...args: Parameters<PodNetwork['serve']>) => {
    const server = await pod.serve(...args)
    running.push(server)
    return server
  }

  beforeAll(async () => {
    fresh()
    const { status, stderr } = await pod.guard('set')
    expect(stderr).toBe('')
    expect(status).toBe(0)
  })
  afterEach(async () => {
    for (const server of running.splice(0)) await server.stop()
    await cookies('1')
  })
  afterAll(() => pod.remove())

  verifies(
    'transit:only-through-sidecar',
    "a caller of the app's port gets the sidecar, on IPv4 and IPv6",
    async () => {
      await serve('pod', app, 'listen', '::', 8_080, 'app')
      await serve('pod', sidecar, 'listen', '::', 15_080, 'sidecar')

      for (const host of [addresses.pod, addresses.pod6]) {
        expect((await pod.ask('outside', outsider, 'dial', host, 8_080)).got, host).toBe('sidecar')
        expect((await pod.ask('outside', outsider, 'dial', host, 15_080)).got, host).toBe('sidecar')
      }
    },
  )

  verifies(
    'transit:only-through-sidecar',
    'an undeclared port of the app answers nobody outside',
    async () => {
      await serve('pod', app, 'listen', '::', 8_082, 'app')
      const datagrams = await serve('pod', app, 'answer', '::', 8_083, 'app')

      for (const host of [addresses.pod, addresses.pod6]) {
        expect((await pod.ask('outside', outsider, 'dial', host, 8_082)).says, host).toBe('silence')
        expect((await pod.ask('outside', outsider, 'send', host, 8_083)).says, host).toBe('silence')
      }
      expect(datagrams.heard).toEqual([])
    },
  )

  verifies(
    'transit:only-through-sidecar',
    'on loopback the app answers the sidecar and refuses everybody else',
    async () => {
      await serve('pod', app, 'listen', '::', 8_080, 'app')

      expect((await pod.ask('pod', sidecar, 'dial', '127.0.0.1', 8_080)).got).toBe('app')
      for (const user of [
        app,
        other,
        root,
        { uid: sidecar.uid, gid: 1_000 },
        { uid: 1_000, gid: sidecar.uid },
      ]) {
        for (const host of ['127.0.0.1', addresses.pod, '::1', addresses.pod6, '::ffff:127.0.0.1']) {
          await refusesPromptly(user, host, 8_080)
        }
      }
    },
  )

  verifies(
    'transit:only-through-sidecar',
    "the sidecar's own doors on loopback are shut to tenants, 15021 with its /drain too",
    async () => {
      await serve('pod', sidecar, 'listen', '::', 15_021, 'health')
      await serve('pod', sidecar, 'listen', '::', 15_080, 'sidecar')

      expect((await pod.ask('outside', outsider, 'dial', addresses.pod, 15_021)).got).toBe('health')
      expect((await pod.ask('pod', sidecar, 'dial', '127.0.0.1', 15_021)).got).toBe('health')
      for (const user of [app, root]) {
        for (const port of [15_021, 15_080]) {
          for (const host of ['127.0.0.1', addresses.pod, '::1']) {
            expect(
              (await pod.ask('pod', user, 'dial', host, port)).says,
              `${user.uid} to ${host}:${port}`,
            ).toMatch(refused)
          }
        }
      }
    },
  )

  verifies(
    'transmission:egress-by-name',
    'no tenant reaches a foreign address, TCP or UDP; the sidecar does',
    async () => {
      await serve('outside', outsider, 'listen', '::', 9_000, 'outside')
      await serve('outside', outsider, 'answer', '0.0.0.0', 53, 'outside')
      await serve('outside', outsider, 'answer', '::', 54, 'outside')

      expect((await pod.ask('pod', sidecar, 'dial', addresses.outside, 9_000)).got).toBe('outside')
      expect((await pod.ask('pod', sidecar, 'dial', addresses.outside6, 9_000)).got).toBe('outside')
      expect((await pod.ask('pod', sidecar, 'send', addresses.outside, 53)).got).toBe('outside')
      for (const user of [app, root]) {
        for (const host of [addresses.outside, addresses.outside6, addresses.foreign]) {
          await refusesPromptly(user, host, 9_000)
        }
        expect((await pod.ask('pod', user, 'send', addresses.outside, 53)).says).toBe('EPERM')
        expect((await pod.ask('pod', user, 'send', addresses.outside6, 54)).says).toBe('EPERM')
      }
    },
  )

  test('what the filter refused is counted where the sidecar can read it', async () => {
    for (const host of [addresses.outside, addresses.outside6]) {
      const before = await counted()

      await pod.ask('pod', app, 'dial', host, 9_000)
      await pod.ask('pod', app, 'send', host, 53)

      const after = await counted()
      expect(after.connections - before.connections, host).toBe(1)
      expect(after.datagrams - before.datagrams, host).toBe(1)
    }
  })

  verifies(
    'transmission:egress-by-name',
    'a tenant cannot inherit a conversation by binding the port that the sidecar left',
    async () => {
      const resolver = await serve('outside', outsider, 'answer', '0.0.0.0', 53, 'outside')
      expect((await pod.ask('pod', sidecar, 'send', addresses.outside, 53, '40123')).says).toBe('answered')

      expect((await pod.ask('pod', app, 'send', addresses.outside, 53, '40123')).says).toBe('EPERM')
      expect(resolver.heard).toHaveLength(1)
    },
  )

  verifies(
    'transit:only-through-sidecar',
    'a tenant that takes the calls port while the sidecar is down answers nobody',
    async () => {
      const taken = await serve('pod', app, 'listen', '::', 15_080, 'impostor')

      expect((await pod.ask('outside', outsider, 'dial', addresses.pod, 8_080)).got).toBe('')
      expect((await pod.ask('outside', outsider, 'dial', addresses.pod6, 15_080)).got).toBe('')
      expect(taken.heard).toEqual([])
    },
  )

  verifies(
    'transit:only-through-sidecar',
    'a tenant that takes a port of the sidecar answers nobody by packets that belong to no socket',
    async () => {
      for (const [port, host] of [
        [15_080, addresses.pod],
        [15_021, addresses.pod6],
      ] as const) {
        running.push(await pod.start('pod', root, answersByCookies(port)))

        const dialled = Array.from({ length: 6 }, () => pod.ask('outside', outsider, 'dial', host, port))
        expect((await Promise.all(dialled)).map(({ got }) => got)).toEqual(dialled.map(() => ''))
      }
    },
  )

  verifies(
    'transit:only-through-sidecar',
    'a tenant that takes the port of a sidecar that died with bytes unread inherits none of its connections',
    async () => {
      for (const [host, from] of [
        [addresses.pod, '41999'],
        [addresses.pod6, '41998'],
      ] as const) {
        await cookies('1')
        const called = async (words = '') =>
          await pod.ask('outside', outsider, 'call', host, 15_080, `${from} ${words}`)
        const dies = await pod.start('pod', sidecar, leavesUnread(15_080))
        running.push(dies)
        const first = called('hello')
        await expect.poll(() => dies.heard, { timeout: 10_000 }).toHaveLength(1)
        await dies.stop()
        expect(await first).toMatchObject({ says: 'ECONNRESET', got: 'sidecar' })
        expect((await cookies('2')).status).toBe(0)
        const impostor = await pod.start('pod', root, answersByCookies(15_080))
        running.push(impostor)

        // Within the seconds for which the kernel still knows the connection. Said nothing: what stays unread would reset it.
        const got = [await called(), await called()].map((said) => said.got)

        await impostor.stop()
        expect(got, host).toEqual(['', ''])
      }
    },
    60_000,
  )

  verifies(
    'transit:only-through-sidecar',
    'a caller who repeats the acknowledgement of a handshake gets no answer of a tenant that took the dead sidecar’s port',
    async () => {
      expect((await cookies('2')).status).toBe(0)
      const dies = await pod.start('pod', sidecar, leavesUnread(15_080))
      running.push(dies)
      const caller = await pod.start(
        'outside',
        outsider,
        repeatsAcknowledgement('198.51.100.7', addresses.pod, 15_080, randomInt(20_000, 30_000)),
      )
      running.push(caller)
      await expect.poll(() => caller.heard, { timeout: 10_000 }).toHaveLength(1)
      // Where none leaves by a cookie there is nothing to repeat.
      const connected = caller.heard[0]?.got === 'handshake' ? 1 : 0
      await expect.poll(() => dies.heard, { timeout: 10_000 }).toHaveLength(connected)
      await dies.stop()
      running.push(await pod.start('pod', root, answersByCookies(15_080)))
      caller.tell('go on')

      await expect.poll(() => caller.heard, { timeout: 15_000 }).toHaveLength(2)
      expect(caller.heard[1]?.got).toBe('')
    },
    60_000,
  )

  test('a caller is told at once that the sidecar is down', async () => {
    expect((await pod.ask('outside', outsider, 'dial', addresses.pod, 8_080)).says).toBe('ECONNREFUSED')
  })

  test('what the sidecar wrote before it died still arrives whole', async () => {
    await serve('pod', sidecar, 'listen', '0.0.0.0', 15_080, 'sidecar*300000')

    const { says, bytes } = await pod.ask('outside', outsider, 'dial', addresses.pod, 8_080, '500')

    expect({ says, bytes }).toEqual({ says: 'answered', bytes: 300_007 })
  })

  verifies(
    'transmission:egress-by-name',
    'an address of the name range leads to the sidecar on any port, with the address kept',
    async () => {
      const door = await serve('pod', sidecar, 'listen', '0.0.0.0', 15_443, 'egress')

      expect((await pod.ask('pod', app, 'dial', '127.64.0.9', 443)).got).toBe('egress')
      expect((await pod.ask('pod', other, 'dial', '127.127.255.254', 5_432)).got).toBe('egress')

      await expect.poll(() => door.heard.map(({ to }) => to)).toEqual(['127.64.0.9', '127.127.255.254'])
      // Just outside of the range, and the listener by its own name: no door.
      for (const host of ['127.63.0.1', '127.128.0.1', '127.0.0.1', addresses.pod]) {
        expect((await pod.ask('pod', app, 'dial', host, 15_443)).says, host).toMatch(refused)
      }
      expect((await pod.ask('pod', app, 'send', '127.64.0.9', 443)).says).toBe('EPERM')
    },
  )

  verifies(
    'transmission:egress-by-name',
    "the pod's resolver is the sidecar, UDP and TCP, and answers from port 53",
    async () => {
      await serve('pod', sidecar, 'answer', '127.0.0.1', 15_053, 'resolver')
      await serve('pod', sidecar, 'listen', '127.0.0.1', 15_053, 'resolver')

      const { got, from } = await pod.ask('pod', app, 'send', '127.0.0.1', 53)

      expect({ got, from }).toEqual({ got: 'resolver', from: '127.0.0.1:53' })
      expect((await pod.ask('pod', app, 'dial', '127.0.0.1', 53)).got).toBe('resolver')
    },
  )

  verifies('transit:guard-proved', 'the check passes, as a user without any right', async () => {
    const { status, stdout, stderr } = await pod.guard('check')

    expect(stderr).toBe('')
    expect(status).toBe(0)
    expect(stdout).toContain('13 proofs hold')
  })

  test('set is set again without harm, and reads back what it set', async () => {
    expect((await pod.guard('set')).stdout).toContain('packet filter set for IPv4 and IPv6')
    expect((await pod.guard('check')).status).toBe(0)
  })
})

verifies(
  'agreement:egress',
  'an app without any route reaches the agreement’s host by name alone, and not after the agreement ended',
  async () => {
    const host = 'api.vendor.example'
    const vendors = await authority('vendors')
    const config = {
      host,
      foreign: addresses.foreign,
      resolver: addresses.outside,
      pair: await vendors.issue(host, [host]),
      ca: vendors.cert,
    }
    fresh()
    try {
      expect((await pod.guard('set')).status).toBe(0)
      const world = await pod.start('outside', outsider, pod.egressProgram('world', config))
      const egress = await pod.start('pod', sidecar, pod.egressProgram('sidecar', config))
      const ask = async () => {
        const { stdout, stderr } = await pod.run('pod', app, pod.egressProgram('app', config))
        expect(stderr).toBe('')
        return JSON.parse(stdout) as object
      }
      const refusals = { address: '127.64.0.1', byAddress: 'ECONNREFUSED', other: 'ENOTFOUND' }

      expect(await ask()).toEqual({ ...refusals, byName: 'vendor' })
      expect(world.heard).toEqual([{ from: addresses.pod }])
      expect(egress.heard).toContainEqual({
        note: { kind: 'counted', what: 'egress-opened', source: host, count: 1 },
      })

      egress.tell('the agreement ends')
      await expect
        .poll(ask, { timeout: 10_000 })
        .toEqual({ ...refusals, byName: 'ERR_SSL_TLSV1_ALERT_ACCESS_DENIED' })
      await egress.stop()
      await world.stop()
    } finally {
      pod.remove()
    }
  },
  60_000,
)

describe('with a discovery port', () => {
  beforeEach(fresh)
  afterEach(() => pod.remove())

  verifies('authentication:discovery', 'a caller of it gets the sidecar, on IPv4 and IPv6', async () => {
    expect((await pod.guard('set', undefined, { HIPAA_MCP_DISCOVERY_PORT: '8444' })).status).toBe(0)
    const server = await pod.serve('pod', sidecar, 'listen', '::', 15_444, 'sidecar')

    for (const host of [addresses.pod, addresses.pod6])
      for (const port of [8_444, 15_444])
        expect((await pod.ask('outside', outsider, 'dial', host, port)).got, host).toBe('sidecar')
    expect((await pod.ask('outside', outsider, 'dial', addresses.pod, 8_445)).says).toBe('silence')
    await server.stop()
  })

  verifies(
    'authentication:discovery',
    'the app answers nobody on it, and nobody is heard without it',
    async () => {
      expect((await pod.guard('set', undefined, { HIPAA_MCP_DISCOVERY_PORT: '8444' })).status).toBe(0)
      const posing = await pod.serve('pod', app, 'listen', '::', 15_444, 'app')
      expect((await pod.ask('outside', outsider, 'dial', addresses.pod, 8_444)).got).not.toBe('app')
      await posing.stop()

      expect((await pod.guard('set')).status).toBe(0)
      const server = await pod.serve('pod', sidecar, 'listen', '::', 15_444, 'sidecar')
      for (const port of [8_444, 15_444])
        expect((await pod.ask('outside', outsider, 'dial', addresses.pod, port)).says).toBe('silence')
      await server.stop()
    },
  )
})

describe('with ports on loopback', () => {
  const declared = { HIPAA_MCP_LOOPBACK: '6379,11211' }
  const helper: User = { uid: 999 }
  const running: { stop: () => Promise<void> }[] = []
  const serve = async (...args: Parameters<PodNetwork['serve']>) => {
    running.push(await pod.serve(...args))
  }

  beforeAll(async () => {
    fresh()
    const { status, stdout, stderr } = await pod.guard('set', undefined, declared)
    expect(stderr).toBe('')
    expect(stdout).toContain('containers reach each other on 6379, 11211')
    expect(status).toBe(0)
  })
  afterEach(async () => {
    for (const server of running.splice(0)) await server.stop()
  })
  afterAll(() => pod.remove())

  verifies('transit:loopback', 'the app reaches its helper by localhost, on IPv4 and IPv6', async () => {
    await serve('pod', helper, 'listen', '::', 6_379, 'helper')
    await serve('pod', app, 'listen', '127.0.0.1', 11_211, 'app*300000')

    for (const host of ['127.0.0.1', '::1', 'localhost'])
      expect((await pod.ask('pod', app, 'dial', host, 6_379)).got, host).toBe('helper')
    // Either way round, and what was written before the end arrives whole.
    expect((await pod.ask('pod', helper, 'dial', '127.0.0.1', 11_211)).bytes).toBe(300_003)
  })

  verifies('transit:loopback', 'no other port, protocol or address of the pod answers', async () => {
    for (const port of [6_378, 6_380, 8_080, 8_081, 15_021, 15_080])
      await serve('pod', port > 15_000 ? sidecar : helper, 'listen', '::', port, 'closed')
    await serve('pod', helper, 'listen', '::', 6_379, 'helper')
    await serve('pod', helper, 'answer', '::', 6_379, 'helper')

    for (const host of ['127.0.0.1', '::1'])
      for (const port of [6_378, 6_380, 8_080, 8_081, 15_021, 15_080])
        expect((await pod.ask('pod', app, 'dial', host, port)).says, `${host}:${port}`).toMatch(refused)
    for (const host of ['127.0.0.2', '127.64.0.1', addresses.pod, addresses.pod6])
      expect((await pod.ask('pod', app, 'dial', host, 6_379)).got, host).not.toBe('helper')
    for (const host of ['127.0.0.1', '::1'])
      expect((await pod.ask('pod', app, 'send', host, 6_379)).says, host).toBe('EPERM')
  })

  verifies(
    'transit:loopback',
    'a neighbour, and root who enters the network namespace as port-forward does, reach none',
    async () => {
      const heard = await pod.serve('pod', helper, 'listen', '::', 6_379, 'helper')
      running.push(heard)

      for (const host of [addresses.pod, addresses.pod6])
        expect((await pod.ask('outside', outsider, 'dial', host, 6_379)).says, host).toBe('silence')
      for (const host of ['127.0.0.1', '::1', 'localhost', '::ffff:127.0.0.1', addresses.pod]) {
        expect((await pod.ask('pod', root, 'dial', host, 6_379)).says, host).toMatch(refused)
      }
      expect(heard.heard).toEqual([])
    },
  )

  verifies('transit:loopback', 'a helper has no way out, and is no way out for the app', async () => {
    await serve('outside', outsider, 'listen', '::', 9_000, 'outside')
    await serve('outside', outsider, 'listen', '::', 6_379, 'outside')

    for (const host of [addresses.outside, addresses.outside6, addresses.foreign])
      for (const port of [9_000, 6_379])
        expect((await pod.ask('pod', helper, 'dial', host, port)).says, `${host}:${port}`).toMatch(refused)
    expect((await pod.ask('pod', helper, 'send', addresses.outside, 6_379)).says).toBe('EPERM')
  })

  verifies('transit:guard-proved', 'the check passes with them, and sees them open', async () => {
    const { status, stdout, stderr } = await pod.guard('check', undefined, declared)

    expect(stderr).toBe('')
    expect(status).toBe(0)
    expect(stdout).toContain('declared ports on loopback are open')
  })

  for (const [bug, program, rule, proves, unproved] of [
    ['shut', 'iptables-nft', '-I OUTPUT -o lo -p tcp --dport 6379 -j REJECT', declared, 'declared ports'],
    [
      'shut on IPv6',
      'ip6tables-nft',
      '-I OUTPUT -o lo -p tcp --dport 6379 -j DROP',
      declared,
      'declared ports',
    ],
    [
      'open on every address',
      'iptables-nft',
      '-I OUTPUT -o lo -p tcp --dport 11211 -j ACCEPT',
      declared,
      'declared ports',
    ],
    [
      'one of a range',
      'iptables-nft',
      '-I OUTPUT -d 127.0.0.1 -o lo -p tcp --dport 1024:65535 -j ACCEPT',
      declared,
      "the app's port on loopback",
    ],
    [
      'one of a range beside the app’s port',
      'iptables-nft',
      '-I OUTPUT -d 127.0.0.1 -o lo -p tcp --dport 16000:65535 -j ACCEPT',
      declared,
      'an undeclared port on loopback',
    ],
  ] as const)
    verifies('transit:guard-proved', `the check fails when a declared port is ${bug}`, async () => {
      pod.plant(program, rule)

      const { status, stderr } = await pod.guard('check', undefined, proves)

      pod.plant(program, rule.replace('-I OUTPUT', '-D OUTPUT'))
      expect(status).toBe(1)
      expect(stderr).toContain(`not proved that ${unproved}`)
    })

  test('a list that is none is refused in one line', async () => {
    for (const list of ['6379,', 'redis', '6379 11211', '-1']) {
      const { status, stderr } = await pod.guard('set', undefined, { HIPAA_MCP_LOOPBACK: list })
      expect(status).toBe(1)
      expect(stderr).toContain('HIPAA_MCP_LOOPBACK is no list of ports')
    }
  })
})

describe('with a filter that is not what it should be', () => {
  beforeEach(fresh)
  afterEach(() => pod.remove())

  verifies('transit:guard-proved', 'the check fails where no filter is', async () => {
    const { status, stderr } = await pod.guard('check')

    expect(status).toBe(1)
    expect(stderr).toContain("not proved that the app's port on loopback refuses everybody but the sidecar")
    expect(stderr.trim().split('\n')).toHaveLength(1)
  })

  const v4 = 'iptables-nft'
  const v6 = 'ip6tables-nft'
  const bugs: [bug: string, program: typeof v4 | typeof v6, rules: string[], unproved: string][] = [
    ['OUTPUT is flushed and accepts', v4, ['-F OUTPUT', '-P OUTPUT ACCEPT'], "the app's port on loopback"],
    ['loopback is accepted', v4, ['-I OUTPUT -o lo -j ACCEPT'], "the app's port on loopback"],
    [
      'one more loopback port is accepted',
      v4,
      ['-I OUTPUT -o lo -p tcp --dport 15021 -j ACCEPT'],
      'calls and health ports',
    ],
    [
      "the app's port is accepted on the pod's address",
      v4,
      [`-I OUTPUT -d ${addresses.pod} -p tcp --dport 8080 -j ACCEPT`],
      "pod's own address",
    ],
    ['datagrams on loopback are accepted', v4, ['-I OUTPUT -o lo -p udp -j ACCEPT'], 'datagrams on loopback'],
    [
      'HTTPS to anywhere is accepted',
      v4,
      ['-I OUTPUT -p tcp --dport 443 -j ACCEPT'],
      'a foreign address is refused',
    ],
    [
      'DNS to the cluster is accepted',
      v4,
      [`-I OUTPUT -d ${addresses.outside} -p udp --dport 53 -j ACCEPT`],
      "cluster's resolver",
    ],
    [
      'refusals are silent',
      v4,
      [
        '-D OUTPUT -p tcp -j REJECT --reject-with tcp-reset',
        '-D OUTPUT -j REJECT --reject-with icmp-port-unreachable',
      ],
      "the app's port on loopback",
    ],
    [
      'the name range is not rewritten',
      v4,
      ['-t nat -D OUTPUT -d 127.64.0.0/10 -p tcp -j DNAT --to-destination :15443'],
      'a declared name leads to the sidecar',
    ],
    [
      'the name range loses its address',
      v4,
      ['-t nat -I OUTPUT -d 127.64.0.0/10 -p tcp -j REDIRECT --to-ports 15443'],
      'a declared name leads to the sidecar',
    ],
    [
      'DNS is not rewritten',
      v4,
      ['-t nat -D OUTPUT -d 127.0.0.1/32 -p udp -m udp --dport 53 -j DNAT --to-destination 127.0.0.1:15053'],
      "the pod's resolver is the sidecar",
    ],
    ['IPv6 is forgotten', v6, ['-F OUTPUT', '-P OUTPUT ACCEPT'], 'IPv6 is refused'],
    ['IPv6 to anywhere is accepted', v6, ['-I OUTPUT ! -o lo -p udp -j ACCEPT'], 'IPv6 is refused'],
  ]
  for (const [bug, program, rules, unproved] of bugs) {
    verifies('transit:guard-proved', `the check fails when ${bug}`, async () => {
      expect((await pod.guard('set')).status).toBe(0)
      const resolver = await pod.serve('outside', outsider, 'answer', '0.0.0.0', 53, 'outside')
      const vendor = await pod.serve('outside', outsider, 'listen', '::', 443, 'outside')
      for (const rule of rules) pod.plant(program, rule)

      const { status, stderr } = await pod.guard('check')

      await resolver.stop()
      await vendor.stop()
      expect(status).toBe(1)
      expect(stderr).toContain(unproved)
    })
  }

  verifies('transit:only-through-sidecar', 'without the redirection the app answers nobody', async () => {
    expect((await pod.guard('set')).status).toBe(0)
    pod.plant(v4, '-t nat -F PREROUTING')
    const server = await pod.serve('pod', app, 'listen', '0.0.0.0', 8_080, 'app')

    expect((await pod.ask('outside', outsider, 'dial', addresses.pod, 8_080)).says).toBe('silence')
    await server.stop()
  })

  verifies('transit:guard-proved', 'set fails when a rule is lost on its way into the kernel', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'hipaa-mcp-lossy-'))
    writeFileSync(
      join(folder, 'iptables-nft-restore'),
      '#!/bin/sh\ngrep -v REDIRECT | /usr/sbin/iptables-nft-restore\n',
      { mode: 0o755 },
    )

    const { status, stderr } = await pod.guard('set', undefined, { PATH: `${folder}:${process.env['PATH']}` })

    rmSync(folder, { recursive: true })
    expect(status).toBe(1)
    expect(stderr).toContain('nat PREROUTING rule 1: none instead of')
  })

  test('set says in one line what is missing: the capability, or the program', async () => {
    for (const [user, path, says] of [
      [{ uid: 0 }, process.env['PATH'], 'the container needs root with NET_ADMIN'],
      [undefined, '/usr/bin:/bin', "the image needs Debian's package iptables"],
    ] as const) {
      const { status, stderr } = await pod.guard('set', user, { PATH: path })
      expect(status).toBe(1)
      expect(stderr).toContain(says)
      expect(stderr.trim().split('\n')).toHaveLength(1)
    }
  })
})
