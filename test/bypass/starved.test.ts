// A sidecar without room: the kernel kills it for want of memory, again and again. The filter is the kernel's and stays, so that the app
// neither reaches anybody nor is reached, and what the sidecar's clients asked comes to nobody else.

import { afterAll, beforeAll, expect } from 'vitest'
import { verifies } from '../verifies.ts'
import { addresses, PodNetwork, type User } from './pod.ts'

const sidecar: User = { uid: 64_101 }
const app: User = { uid: 1_000 }
const outsider: User = { uid: 0, caps: '+all' }

let pod: PodNetwork
beforeAll(async () => {
  pod = new PodNetwork()
  expect(await pod.guard('set')).toMatchObject({ status: 0 })
})
afterAll(() => pod.remove())

for (const host of [addresses.pod, addresses.pod6])
  verifies(
    'transit:only-through-sidecar',
    `a sidecar that was killed leaves the app out of reach: ${host}`,
    async () => {
      const serving = await pod.serve('pod', app, 'listen', '::', 8_080, 'app')
      const before = await pod.serve('pod', sidecar, 'listen', '::', 15_080, 'sidecar')
      expect((await pod.ask('outside', outsider, 'dial', host, 8_080)).got).toBe('sidecar')

      await before.stop()

      for (const port of [8_080, 15_080])
        expect((await pod.ask('outside', outsider, 'dial', host, port)).got ?? '', `${port}`).toBe('')
      // The app takes the port that nobody holds: what it answers goes nowhere.
      const impostor = await pod.serve('pod', app, 'listen', '::', 15_080, 'impostor')
      for (const port of [8_080, 15_080])
        expect((await pod.ask('outside', outsider, 'dial', host, port)).got ?? '', `${port}`).toBe('')
      await impostor.stop()
      await serving.stop()
    },
  )

for (const host of [addresses.foreign, addresses.foreign6, addresses.outside, addresses.outside6])
  verifies('transit:only-through-sidecar', `and leaves it no way out: ${host}`, async () => {
    const listening = await pod.serve('outside', outsider, 'listen', '::', 443, 'outside')
    const hearing = await pod.serve('outside', outsider, 'answer', '::', 53, 'outside')
    // It could be reached by somebody whom the filter lets out.
    expect((await pod.ask('pod', sidecar, 'dial', host, 443)).got).toBe('outside')

    expect((await pod.ask('pod', app, 'dial', host, 443)).got ?? '').toBe('')
    await pod.ask('pod', app, 'send', host, 53)

    expect(hearing.heard).toEqual([])
    await listening.stop()
    await hearing.stop()
  })
