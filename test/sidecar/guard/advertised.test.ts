import { expect, test } from 'vitest'
import { advertisedIn } from '../../../sidecar/guard/advertised.ts'
import { verifies } from '../../verifies.ts'

/** As a kernel wrote them in a network namespace, before and after an advertisement. */
const given = {
  addresses: `00000000000000000000000000000001 01 80 10 80       lo
fd130007000000000000000000000002 02 40 00 82     eth0
fe800000000000001c3d2efffe5b0a11 02 40 20 c0     eth0
`,
  routes: `fd130007000000000000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000001 00000000 00000001     eth0
00000000000000000000000000000000 00 00000000000000000000000000000000 00 fd130007000000000000000000000001 00000400 00000001 00000000 00000003     eth0
`,
}
const slaac = 'fd660000000000001c3d2efffe5b0a11 02 40 00 00     eth0\n'
const router =
  '00000000000000000000000000000000 00 00000000000000000000000000000000 00 fe800000000000001c3d2efffe5b0a22 00000400 00000001 00000000 00450003     eth0\n'

test('addresses and routes that the network gave are none of a router’s', () => {
  expect(advertisedIn(given.addresses, given.routes)).toBeUndefined()
  expect(advertisedIn('', '')).toBeUndefined()
})

verifies('transit:guard-proved', 'an address or a route by a router advertisement fails the proof', () => {
  expect(advertisedIn(given.addresses + slaac, given.routes)).toContain('eth0 has an IPv6 address')
  expect(advertisedIn(given.addresses, given.routes + router)).toContain('eth0 has an IPv6 route')
})
