import { expect, test } from 'vitest'
import { refusedInPod } from '../../../sidecar/network/refused.ts'

const snmp = `Ip: Forwarding DefaultTTL
Ip: 1 64
Icmp: InMsgs InErrors OutDestUnreachs
Icmp: 3 0 7
Tcp: RtoMax MaxConn AttemptFails
Tcp: 120000 -1 42
`

test('what the kernel counted of the pod is read by name', () => {
  expect(refusedInPod(() => snmp)).toEqual({ connections: 42, datagrams: 7 })
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
