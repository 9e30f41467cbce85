import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { keepIdentity } from '../../../sidecar/channel/identity.ts'
import type { Link } from '../../../sidecar/channel/link.ts'

/** Asks through a link that fails so, one code after the other, and then is silent. What each attempt waited for its connection. */
async function asking(codes: readonly string[]): Promise<number[]> {
  const folder = await mkdtemp(join(tmpdir(), 'identity-'))
  await writeFile(join(folder, 'token'), 'synthetic')
  const waits: number[] = []
  const link: Pick<Link, 'request'> = {
    async request({ connectTimeout = 0 }) {
      waits.push(connectTimeout)
      const code = codes[waits.length - 1]
      if (code === undefined) return await new Promise(() => undefined)
      throw Object.assign(new Error('synthetic'), { code })
    },
  }
  const identity = keepIdentity({
    link,
    token: join(folder, 'token'),
    server: { namespace: 'clinic', name: 'ehr' },
    podUid: '1',
    log: { info: vi.fn(), warn: vi.fn(), error: vi.fn() },
    // Whoever pauses is not done by the end of the test.
    retry: { least: 600_000, most: 600_000 },
  })
  onTestFinished(async () => {
    identity.stop()
    await rm(folder, { recursive: true })
  })
  return waits
}

test('asks again at once where a connection did not open, and gives it longer after four seconds', async () => {
  const waits = await asking(Array.from({ length: 20 }, () => 'LINK_LATE'))

  await vi.waitFor(() => expect(waits).toHaveLength(21))
  expect(waits.slice(0, 16)).toEqual(Array.from({ length: 16 }, () => 250))
  expect(waits.slice(16)).toEqual([500, 1_000, 2_000, 4_000, 8_000])
})

test('pauses where somebody was there and refused', async () => {
  const waits = await asking(['LINK_LATE', 'ECONNREFUSED'])

  await vi.waitFor(() => expect(waits).toHaveLength(2))
  await new Promise((resolve) => setTimeout(resolve, 100))
  expect(waits).toHaveLength(2)
})
