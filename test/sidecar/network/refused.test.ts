import { expect, test } from 'vitest'
import { refusedInPod } from '../../../sidecar/network/refused.ts'

const snmp = `Ip: Forwarding DefaultTTL
Ip: 1 64
Icmp: InMsgs InErrors OutDestUnreachs
Icmp: 3 0 7
Tcp: RtoMax MaxConn AttemptFails
Tcp: 120000 -1 42
`

const files = { snmp, snmp6: 'Ip6InReceives   \t9\nIcmp6OutDestUnreachs            \t5\nUdp6InErrors \t1\n' }

test('what the kernel counted of the pod is read by name, datagrams of both families', () => {
  expect(refusedInPod((file) => files[file])).toEqual({ connections: 42, datagrams: 12 })
})

test('a system without IPv6 tells of the other', () => {
  expect(
    refusedInPod((file) => {
      if (file === 'snmp6') throw new Error('no such file')
      return snmp
    }),
  ).toEqual({ connections: 42, datagrams: 7 })
})

test('a system that does not tell is no zero', () => {
  expect(refusedInPod(() => 'Ip: Forwarding\nIp: 1\n')).toBeUndefined()
  expect(
    refusedInPod(() => {
      throw new Error('no such file')
    }),
  ).toBeUndefined()
})

test('this system tells', () => {
  expect(refusedInPod()?.connections).toBeGreaterThanOrEqual(0)
})
