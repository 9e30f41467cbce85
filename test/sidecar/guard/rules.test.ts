import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { rulesVersion } from '../../../core/guard-command.ts'
import { rules } from '../../../sidecar/guard/rules.ts'
import { lost } from '../../../sidecar/guard/set.ts'
import { verifies } from '../../verifies.ts'

verifies('transit:only-through-sidecar', 'the packet filter is these rules, in this order', async () => {
  const { v4, v6 } = rules({ upstreamPort: 8080 })

  await expect(v4).toMatchFileSnapshot('golden/rules-v4.txt')
  await expect(v6).toMatchFileSnapshot('golden/rules-v6.txt')
})

verifies(
  'injection:cni',
  'the version that a plugin must be of is the hash of all that the rules can say',
  () => {
    const { v4, v6 } = rules({ upstreamPort: 8080, discoveryPort: 8444, loopback: [6379] })

    expect(rulesVersion, 'write it into core/guard-command.ts').toBe(
      createHash('sha256')
        .update(v4 + v6)
        .digest('hex')
        .slice(0, 16),
    )
  },
)

verifies(
  'authentication:discovery',
  'the packet filter opens its port where there is one, and no other',
  () => {
    const closed = rules({ upstreamPort: 8080 })
    const open = rules({ upstreamPort: 8080, discoveryPort: 8444 })

    for (const family of ['v4', 'v6'] as const) {
      const before = new Set(closed[family].split('\n'))
      expect(open[family].split('\n').filter((line) => !before.has(line))).toEqual([
        '-A INPUT -p tcp -m tcp --dport 15444 -j ACCEPT',
        '-A PREROUTING ! -i lo -p tcp -m tcp --dport 8444 -j REDIRECT --to-ports 15444',
      ])
      expect(closed[family]).not.toContain('15444')
    }
  },
)

test('a discovery port that is the app’s, or not to have, is refused, with what to change', () => {
  for (const discoveryPort of [0, 65_536, 8080, 15_080, 15_444])
    expect(() => rules({ upstreamPort: 8080, discoveryPort }), String(discoveryPort)).toThrow(
      'change spec.tls.discovery.port',
    )
})

verifies(
  'transit:loopback',
  'a declared port opens on loopback for every user but root, in both families, and nothing else does',
  () => {
    const closed = rules({ upstreamPort: 8080 })
    const open = rules({ upstreamPort: 8080, loopback: [6379, 11_434], lastUser: 4_294_967_294 })

    for (const [family, self] of [
      ['v4', '127.0.0.1/32'],
      ['v6', '::1/128'],
    ] as const) {
      const before = new Set(closed[family].split('\n'))
      expect(open[family].split('\n').filter((line) => !before.has(line))).toEqual(
        [6379, 11_434].map(
          (port) =>
            `-A OUTPUT -d ${self} -o lo -p tcp -m tcp --dport ${port} -m owner --uid-owner 1-4294967294 -j ACCEPT`,
        ),
      )
    }
  },
)

test('a port on loopback that is the app’s, the sidecar’s, or one too many is refused, with what to change', () => {
  const nine = Array.from({ length: 9 }, (_, index) => 7_000 + index)
  for (const loopback of [[0], [65_536], [8080], [8444], [53], [15_021], [6379, 15_443], [6379, 6379], nine])
    expect(() => rules({ upstreamPort: 8080, discoveryPort: 8444, loopback }), loopback.join()).toThrow(
      'change spec.workload.loopback',
    )
})

test('everything drops before anything is accepted or rewritten, in both families', () => {
  for (const text of Object.values(rules({ upstreamPort: 8080 }))) {
    const lines = text.split('\n')
    expect(lines.slice(0, 4)).toEqual([
      '*filter',
      ':INPUT DROP [0:0]',
      ':FORWARD DROP [0:0]',
      ':OUTPUT DROP [0:0]',
    ])
    expect(lines.indexOf('COMMIT')).toBeLessThan(lines.indexOf('*nat'))
  }
})

test('no rule lets a tenant out for its connection alone, and none leaves loopback but the sidecar’s', () => {
  for (const text of Object.values(rules({ upstreamPort: 8080 }))) {
    const leaving = text
      .split('\n')
      .filter((line) => line.startsWith('-A OUTPUT') && line.endsWith('-j ACCEPT') && !line.includes('-o lo'))
    expect(
      leaving.filter(
        (line) => !/--uid-owner 64101|! --socket-exists|RST RST|--icmpv6-type 13[56] /.test(line),
      ),
    ).toEqual([])
  }
})

test('of ICMPv6 come errors about our own packets and link addresses, and no word of a router', () => {
  const { v6 } = rules({ upstreamPort: 8080 })
  const types = (chain: string) =>
    [...v6.matchAll(new RegExp(`^-A ${chain} .*--icmpv6-type (\\d+) `, 'gm'))].map(([, type]) => Number(type))

  expect(types('INPUT')).toEqual([1, 2, 3, 4, 135, 136])
  expect(types('OUTPUT')).toEqual([135, 136])
})

test('a port that is not the app’s to have is refused, with what to set', () => {
  for (const upstreamPort of [0, -1, 65_536, 1.5, Number.NaN, 15_080, 15_021, 15_443, 15_053, 15_444]) {
    expect(() => rules({ upstreamPort }), String(upstreamPort)).toThrow('set spec.workload.port')
  }
})

test('a policy that accepts, a lost rule and a foreign rule each show when the filter is read back', () => {
  const { v4 } = rules({ upstreamPort: 8080 })

  expect(lost(v4, v4)).toEqual([])
  expect(
    lost(v4, `# a comment\n*mangle\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -j LOG\nCOMMIT\n${v4}`),
  ).toEqual([])
  expect(lost(v4, v4.replaceAll('[0:0]', '[7:420]'))).toEqual([])
  expect(lost(v4, v4.replace(':OUTPUT DROP', ':OUTPUT ACCEPT'))).toEqual([
    'filter OUTPUT policy: ACCEPT instead of DROP',
  ])
  expect(lost(v4, v4.replace(/^-A PREROUTING.*\n/m, ''))).toEqual([
    'nat PREROUTING rule 1: none instead of ! -i lo -p tcp -m tcp --dport 8080 -j REDIRECT --to-ports 15080',
  ])
  expect(lost(v4, v4.replace('-A OUTPUT', '-A OUTPUT -j ACCEPT\n-A OUTPUT'))).toHaveLength(1)
  expect(lost(v4, v4.replace('COMMIT', '-A INPUT -j LOG\nCOMMIT'))).toEqual([
    'filter INPUT rule 9: -j LOG instead of none',
  ])
  expect(lost(v4, '')).toHaveLength(11)
})

verifies('transit:guard-proved', 'a rule that says something else shows, and so does another order', () => {
  const { v6 } = rules({ upstreamPort: 8080 })

  expect(lost(v6, v6.replace('-s fe80::/10 -p tcp -j DROP', '-s fe80::/10 -p tcp -j ACCEPT'))).toEqual([
    'filter INPUT rule 2: -s fe80::/10 -p tcp -j ACCEPT instead of -s fe80::/10 -p tcp -j DROP',
  ])
  expect(lost(v6, v6.replace('--to-ports 15080', '--to-ports 8080'))).toHaveLength(1)
  const [refused = '', accepted = ''] = [
    /^-A INPUT -s fe80.*\n/m.exec(v6)?.[0],
    /^-A INPUT .*ESTABLISHED.*\n/m.exec(v6)?.[0],
  ]
  expect(lost(v6, v6.replace(refused, '').replace(accepted, accepted + refused))).toHaveLength(1)
})
