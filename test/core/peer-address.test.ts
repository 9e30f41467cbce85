// Addresses of peers, spelled in one way, and the networks that they are of.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { networkOf, plainAddress } from '../../core/peer-address.ts'
import { verifies } from '../verifies.ts'

verifies('audit:floods', 'a peer is recorded as a pod’s status writes its address', () => {
  const spelled = [
    ['::ffff:10.1.2.3', '10.1.2.3'],
    ['10.1.2.3', '10.1.2.3'],
    ['fd00::1', 'fd00::1'],
    ['fe80::1%eth0', 'fe80::1'],
    ['', 'unknown'],
    [undefined, 'unknown'],
  ] as const
  for (const [given, plain] of spelled) expect(plainAddress(given)).toBe(plain)
})

test.each([
  ['2001:db8::1', '2001:db8::/64'],
  ['2001:db8:0:7:1:2:3:4', '2001:db8:0:7::/64'],
  ['2001:db8:1:2::', '2001:db8:1:2::/64'],
  ['::1', '::/64'],
  ['64:ff9b::10.1.2.3', '64:ff9b::/64'],
  ['10.1.2.3', '10.1.2.3'],
  ['unknown', 'unknown'],
])('%s is of %s', (address, network) => {
  expect(networkOf(address)).toBe(network)
})

test('two addresses are of one network when their first 64 bits are the same, and only then', () => {
  const group = fc.constantFrom('0', '1', 'ff', 'abcd')
  const four = fc.tuple(group, group, group, group)
  fc.assert(
    fc.property(four, four, four, four, (a, b, c, d) => {
      const [one, two] = [
        [...a, ...b],
        [...c, ...d],
      ].map((groups) => networkOf(groups.join(':')))
      expect(one === two).toBe(a.join() === c.join())
    }),
  )
})
