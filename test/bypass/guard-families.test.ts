// The packet filter in pods with addresses of one family or of both, against neighbours on the same link, and by either of
// the kernel's two ways.

import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect } from 'vitest'
import { authority } from '../sample/certificates.ts'
import { verifies } from '../verifies.ts'
import { addresses, PodNetwork, type User } from './pod.ts'
import { advertiseRouter, advertiseUntilTaken, takenByPod } from './router-advertisement.ts'

const sidecar: User = { uid: 64_101 }
const app: User = { uid: 1_000 }
const outsider: User = { uid: 0, caps: '+all' }

let pod: PodNetwork
afterEach(() => pod.remove())

const proved = async (dns: string): Promise<string> => {
  const { status, stdout, stderr } = await pod.guard('set check', undefined, { HIPAA_MCP_DNS: dns })
  return status === 0 ? stdout : stderr
}

describe('in a pod of one family', () => {
  for (const [without, dns] of [
    ['IPv4', addresses.outside6],
    ['IPv4', `[${addresses.outside6}]:53`],
    ['IPv6', addresses.outside],
    ['IPv6', `${addresses.outside}:53`],
  ] as const)
    verifies(
      'transit:guard-proved',
      `without ${without} the filter is proved, with a resolver at ${dns}`,
      async () => {
        pod = new PodNetwork({ without })

        expect(await proved(dns)).toMatch(/^hipaa-mcp-guard: \d+ proofs hold/m)
      },
    )

  for (const [dns, options] of [
    [addresses.outside6, { without: 'IPv4' }],
    [`[${addresses.outside6}]:53`, {}],
  ] as const)
    for (const protocol of ['tcp', 'udp'])
      verifies(
        'transit:guard-proved',
        `the check fails where the resolver ${dns} is open over ${protocol}`,
        async () => {
          pod = new PodNetwork(options)
          expect((await pod.guard('set')).status).toBe(0)
          const server = await pod.serve('outside', outsider, 'listen', '::', 53, 'outside')
          pod.plant('ip6tables-nft', `-I OUTPUT -d ${addresses.outside6} -p ${protocol} --dport 53 -j ACCEPT`)

          const { status, stderr } = await pod.guard('check', undefined, { HIPAA_MCP_DNS: dns })

          await server.stop()
          expect(status).toBe(1)
          expect(stderr).toContain("not proved that the cluster's resolver is refused")
        },
      )

  verifies(
    'transit:guard-proved',
    'a missing route proves nothing where the pod has the family',
    async () => {
      pod = new PodNetwork()
      expect((await pod.guard('set')).status).toBe(0)
      pod.plant('ip', 'route del default')

      const { stderr } = await pod.guard('check')
      expect(stderr).toContain('not proved that a foreign address is refused')
    },
  )

  verifies(
    'transit:only-through-sidecar',
    'without IPv4 a caller still gets the sidecar, and the app reaches nobody',
    async () => {
      pod = new PodNetwork({ without: 'IPv4' })
      expect(await proved(addresses.outside6)).toContain('proofs hold')
      const servers = [
        await pod.serve('pod', app, 'listen', '::', 8_080, 'app'),
        await pod.serve('pod', sidecar, 'listen', '::', 15_080, 'sidecar'),
        await pod.serve('outside', outsider, 'listen', '::', 9_000, 'outside'),
      ]

      expect((await pod.ask('outside', outsider, 'dial', addresses.pod6, 8_080)).got).toBe('sidecar')
      expect((await pod.ask('pod', sidecar, 'dial', '127.0.0.1', 8_080)).got).toBe('app')
      expect((await pod.ask('pod', sidecar, 'dial', addresses.outside6, 9_000)).got).toBe('outside')
      expect((await pod.ask('pod', app, 'dial', addresses.outside6, 9_000)).says).toBe('ECONNREFUSED')
      for (const server of servers) await server.stop()
    },
  )
})

for (const without of ['IPv4', 'IPv6'] as const)
  verifies(
    'transmission:egress-by-name',
    `without ${without} a program that asks for the pod’s own families finds the name, and comes to it`,
    async () => {
      const host = 'api.vendor.example'
      const vendors = await authority('vendors')
      const config = {
        host,
        // Nobody answers there: what is looked at is who comes to the sidecar, and for which name.
        resolver: without === 'IPv4' ? `[${addresses.outside6}]:53` : addresses.outside,
        foreign: addresses.foreign,
        pair: await vendors.issue(host, [host]),
        ca: vendors.cert,
      }
      pod = new PodNetwork({ without, resolvConf: 'nameserver 127.0.0.1\n' })
      expect((await pod.guard('set')).stderr).toBe('')
      const egress = await pod.start('pod', sidecar, pod.egressProgram('sidecar', config))

      const { stdout, stderr } = await pod.run('pod', app, pod.egressProgram('byName', config))

      expect([stdout.trim(), stderr]).toEqual(['{"got":"ERR_SSL_TLSV1_ALERT_ACCESS_DENIED"}', ''])
      expect(egress.heard).toEqual([
        { note: { kind: 'counted', what: 'egress-opened', source: host, count: 1 } },
        {
          note: {
            kind: 'counted',
            what: 'egress-refused',
            source: host,
            reason: 'name-unresolved',
            count: 1,
          },
        },
      ])
      await egress.stop()
    },
  )

describe('a neighbour on the same link', () => {
  for (const without of [undefined, 'IPv6'] as const)
    verifies(
      'transit:only-through-sidecar',
      `reaches no port by the address of the link${without === undefined ? '' : ', in a pod without IPv6 either'}`,
      async () => {
        pod = new PodNetwork(without === undefined ? {} : { without })
        const { stderr } = await pod.guard('set')
        expect(stderr).toBe('')
        const servers = [
          await pod.serve('pod', sidecar, 'listen', '::', 15_080, 'sidecar'),
          await pod.serve('pod', sidecar, 'listen', '::', 15_021, 'health'),
          await pod.serve('pod', app, 'listen', '::', 8_080, 'app'),
        ]
        const host = `${await pod.linkLocal('pod')}%eth0`

        for (const port of [15_080, 15_021, 8_080])
          expect((await pod.ask('outside', outsider, 'dial', host, port)).says, `${host} ${port}`).toBe(
            'silence',
          )
        // Somebody is there: at the address that policies know, and at this one but for the filter.
        const known = without === 'IPv6' ? addresses.pod : addresses.pod6
        expect((await pod.ask('outside', outsider, 'dial', known, 15_080)).got).toBe('sidecar')
        pod.plant('ip6tables-nft', '-I INPUT -p tcp --dport 15080 -j ACCEPT')
        expect((await pod.ask('outside', outsider, 'dial', host, 15_080)).got).toBe('sidecar')
        for (const server of servers) await server.stop()
      },
    )
})

describe('a neighbour that calls itself a router', () => {
  for (const without of [undefined, 'IPv4', 'IPv6'] as const)
    verifies(
      'transit:only-through-sidecar',
      `gives the pod neither an address nor a way out${without === undefined ? '' : `, without ${without}`}, and link addresses are still found`,
      async () => {
        pod = new PodNetwork(without === undefined ? {} : { without })
        expect((await pod.guard('set')).stderr).toBe('')

        await advertiseRouter(pod)
        // The kernel takes it at once where it takes it.
        await new Promise((resolve) => setTimeout(resolve, 500))
        expect(await takenByPod(pod)).toEqual([])

        if (without !== 'IPv6') {
          const server = await pod.serve('pod', sidecar, 'listen', '::', 15_080, 'sidecar')
          pod.plant('ip', '-6 neigh flush dev eth0')
          expect((await pod.ask('outside', outsider, 'dial', addresses.pod6, 15_080)).got).toBe('sidecar')
          await server.stop()
        }
        // It was the filter: the kernel would take it.
        pod.plant('ip6tables-nft', '-I INPUT -p ipv6-icmp --icmpv6-type 134 -j ACCEPT')
        await advertiseUntilTaken(pod)
      },
    )

  verifies('transit:guard-proved', 'fails the proof where it was heard before the filter stood', async () => {
    pod = new PodNetwork()
    await advertiseUntilTaken(pod)

    const { status, stderr } = await pod.guard('set check')

    expect(status).toBe(1)
    expect(stderr).toContain('not proved that no router advertisement changed addresses or routes of the pod')
  })
})

describe('on a node whose kernel has no nf_tables', () => {
  /** Programs that say what those of nf_tables say there; the legacy ones are the machine's, and so is what they set. */
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'hipaa-mcp-legacy-'))
    chmodSync(folder, 0o755)
    for (const program of ['iptables', 'ip6tables'])
      for (const what of ['restore', 'save'])
        writeFileSync(
          join(folder, `${program}-nft-${what}`),
          '#!/bin/sh\ncat > /dev/null\necho "Could not fetch rule set generation id: Invalid argument" >&2\nexit 4\n',
          { mode: 0o755 },
        )
    pod = new PodNetwork()
  })
  afterEach(() => rmSync(folder, { recursive: true }))
  const guard = async (steps: 'set' | 'check' | 'set check', user?: User) =>
    await pod.guard(steps, user, { PATH: `${folder}:${process.env['PATH']}` })

  verifies('transit:guard-proved', 'the filter is set by iptables-legacy, and proved', async () => {
    const { status, stdout, stderr } = await guard('set check')

    expect([status, stderr]).toEqual([0, ''])
    expect(stdout).toContain('packet filter set for IPv4 (legacy) and IPv6 (legacy)')
    expect(stdout).toMatch(/\d+ proofs hold/)
  })

  verifies(
    'transit:only-through-sidecar',
    'a caller of the app’s port gets the sidecar, and no tenant gets out',
    async () => {
      expect((await guard('set')).stderr).toBe('')
      const servers = [
        await pod.serve('pod', app, 'listen', '::', 8_080, 'app'),
        await pod.serve('pod', sidecar, 'listen', '::', 15_080, 'sidecar'),
        await pod.serve('outside', outsider, 'listen', '::', 9_000, 'outside'),
      ]

      for (const host of [addresses.pod, addresses.pod6])
        expect((await pod.ask('outside', outsider, 'dial', host, 8_080)).got, host).toBe('sidecar')
      for (const host of [addresses.outside, addresses.outside6]) {
        expect((await pod.ask('pod', sidecar, 'dial', host, 9_000)).got, host).toBe('outside')
        for (const user of [app, outsider])
          expect((await pod.ask('pod', user, 'dial', host, 9_000)).says, host).toBe('ECONNREFUSED')
      }
      for (const server of servers) await server.stop()
    },
  )

  verifies('transit:guard-proved', 'the check fails when a rule is taken out of it', async () => {
    for (const [program, rule, unproved] of [
      ['iptables-legacy', '-I OUTPUT -p tcp --dport 443 -j ACCEPT', 'a foreign address is refused'],
      ['ip6tables-legacy', '-I OUTPUT -o lo -p tcp -j ACCEPT', 'IPv6 is refused'],
    ] as const) {
      expect((await guard('set')).status).toBe(0)
      pod.plant(program, rule)
      const vendor = await pod.serve('outside', outsider, 'listen', '::', 443, 'outside')
      expect((await guard('check')).stderr).toContain(unproved)
      await vendor.stop()
      pod.plant(program, rule.replace('-I', '-D'))
    }
  })

  verifies('transit:guard-proved', 'what nf_tables said is said where neither works', async () => {
    const { status, stderr } = await guard('set', { uid: 0, caps: '-all,+net_admin' })
    expect(status).toBe(1)
    expect(stderr).toContain('iptables-nft-restore: Could not fetch rule set generation id')
  })
})
