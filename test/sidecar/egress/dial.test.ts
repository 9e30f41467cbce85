import type { Socket } from 'node:net'
import { expect, test } from 'vitest'
import { anywhere } from '../../../sidecar/egress/addresses.ts'
import { dial, plain } from '../../../sidecar/egress/dial.ts'
import { EgressRefusal } from '../../../sidecar/egress/reasons.ts'
import { vendorAddress, vendorHost } from './scene.ts'

test('a try that is ended says why, and no other address is tried', async () => {
  const ending = new AbortController()
  const over = new EgressRefusal('agreement-over')
  const begun: Socket[] = []
  const dialled = dial(
    { kind: 'agreement', lookups: [vendorHost], port: 443, ranges: anywhere },
    {
      world: {
        resolve: async () => await Promise.resolve([vendorAddress, vendorAddress]),
        // Nobody ever says where it is, so it is tried until it ends.
        place: (port) => ({ port, host: 'nobody.example', lookup: () => undefined }),
      },
      ending: ending.signal,
      opened: (socket) => begun.push(socket),
    },
    plain(),
  )
  await expect.poll(() => begun).toHaveLength(1)

  ending.abort(over)
  begun[0]?.destroy()

  await expect(dialled).rejects.toBe(over)
  expect(begun).toHaveLength(1)
})
