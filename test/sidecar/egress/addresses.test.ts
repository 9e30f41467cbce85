import { BlockList } from 'node:net'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { mayBeStore, mayDial } from '../../../sidecar/egress/addresses.ts'
import { verifies } from '../../verifies.ts'

const nobodys = [
  '0.0.0.0',
  '127.0.0.1',
  '127.64.0.1',
  '169.254.169.254',
  '169.254.170.2',
  '168.63.129.16',
  '100.100.100.200',
  '192.0.0.192',
  '224.0.0.251',
  '239.255.255.250',
  '255.255.255.255',
  '::',
  '::1',
  'fe80::1',
  'fec0::1',
  'ff02::1',
  'fd00:ec2::254',
  'fd20:ce::254',
  '64:ff9b:1::a9fe:a9fe',
  '2001:0:4136:e378:8000:63bf:3fff:fdd2',
]
const ofOneNetwork = [
  '10.96.0.1',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.1.1',
  '100.64.0.1',
  '34.118.224.1',
  'fd12:3456::1',
  'fc00::1',
]
const publicOnes = [
  '1.1.1.1',
  '172.15.255.255',
  '172.32.0.1',
  '100.63.255.255',
  '100.128.0.1',
  '9.255.255.255',
  '11.0.0.0',
  '2606:4700::1111',
  '2001:db8::1',
]
const everything = ['0.0.0.0/0', '::/0']
/** IPv6 addresses that the network, or a translator in it, delivers to this IPv4 address. */
const wrapped = (address: string): string[] => {
  const bytes = address.split('.').map(Number)
  const hex = [0, 2].map((at) => (((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)).toString(16)).join(':')
  return [
    `::ffff:${address}`,
    `::ffff:${hex}`,
    `0:0:0:0:0:ffff:${hex}`,
    `::ffff:0:${hex}`,
    `64:ff9b::${hex}`,
    `64:ff9b::${address}`,
    `2002:${hex}::1`,
  ]
}
const v4 = (address: string): boolean => address.includes('.')

verifies('transmission:egress-addresses', 'what is nobody’s to offer is dialled for nobody', () => {
  for (const address of nobodys) {
    expect(mayDial(address, []), address).toBe(false)
    expect(mayDial(address, everything), address).toBe(false)
  }
})

verifies('transmission:egress-addresses', 'an address of one network needs its range to be declared', () => {
  for (const address of ofOneNetwork) {
    expect(mayDial(address, []), address).toBe(false)
    expect(mayDial(address, everything), address).toBe(true)
  }
  expect(mayDial('10.1.2.3', ['10.1.0.0/16'])).toBe(true)
  expect(mayDial('10.2.2.3', ['10.1.0.0/16'])).toBe(false)
  expect(mayDial('fd12:3456::1', ['10.0.0.0/8'])).toBe(false)
})

verifies('transmission:egress-addresses', 'a store is of one network, however its address is written', () => {
  for (const address of ofOneNetwork) expect(mayBeStore(address), address).toBe(true)
  for (const address of [...nobodys, ...publicOnes, 'localhost', ''])
    expect(mayBeStore(address), address).toBe(false)
  for (const form of wrapped('1.1.1.1')) expect(mayBeStore(form), form).toBe(false)
})

test('public addresses are dialled, those beside a range among them', () => {
  for (const address of publicOnes) expect(mayDial(address, []), address).toBe(true)
})

verifies('transmission:egress-addresses', 'an IPv4 address is judged the same however IPv6 wraps it', () => {
  for (const address of [...nobodys, ...ofOneNetwork, ...publicOnes].filter(v4))
    for (const ranges of [[], everything, ['10.0.0.0/8']])
      for (const form of wrapped(address))
        expect(mayDial(form, ranges), `${form} with ${ranges.join()}`).toBe(mayDial(address, ranges))
})

test('any IPv4 address, wrapped in any way, is judged as it stands', () => {
  fc.assert(
    fc.property(fc.ipV4(), (address) => {
      for (const form of wrapped(address)) expect(mayDial(form, [])).toBe(mayDial(address, []))
    }),
    { numRuns: 500 },
  )
})

test('no range of declared ones opens what is nobody’s, and a public address needs none', () => {
  const loopback = new BlockList()
  loopback.addSubnet('127.0.0.0', 8)
  loopback.addSubnet('169.254.0.0', 16)
  fc.assert(
    fc.property(fc.ipV4(), fc.nat(32), (address, width) => {
      const allowed = [`${address}/${width}`]
      if (loopback.check(address)) expect(mayDial(address, allowed)).toBe(false)
      if (mayDial(address, [])) expect(mayDial(address, allowed)).toBe(true)
    }),
    { numRuns: 500 },
  )
})

test('what is no address, or names a link, is not dialled; what is no range opens nothing', () => {
  for (const text of [
    '',
    'localhost',
    '1.2.3',
    '1.2.3.4.5',
    '0x7f.1',
    '2606:4700::1111%eth0',
    '[::1]',
    '1.1.1.1 ',
  ])
    expect(mayDial(text, everything), text).toBe(false)
  for (const range of ['10.0.0.0', '10.0.0.0/33', '10.0.0.0/', 'x/8', '/0', '10.0.0.0/-1'])
    expect(mayDial('10.0.0.1', [range]), range).toBe(false)
})
