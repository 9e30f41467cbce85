import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { keepIdentity } from '../../../sidecar/channel/identity.ts'
import { Link } from '../../../sidecar/channel/link.ts'
import { authority } from '../../sample/certificates.ts'
import { loopback } from '../loopback.ts'

const patient = { timeout: 10_000 }

/** Asks by that link until the end of the test. What is logged as a warning: its fields. */
async function asking(link: Pick<Link, 'request'>): Promise<unknown[]> {
  const folder = await mkdtemp(join(tmpdir(), 'identity-'))
  await writeFile(join(folder, 'token'), 'synthetic')
  const warned: unknown[] = []
  const identity = keepIdentity({
    link,
    token: join(folder, 'token'),
    server: { namespace: 'clinic', name: 'ehr' },
    podUid: '1',
    log: { info: vi.fn(), warn: (_, fields) => void warned.push(fields), error: vi.fn() },
    // Whoever pauses is not done by the end of the test.
    retry: { least: 600_000, most: 600_000 },
  })
  onTestFinished(async () => {
    identity.stop()
    await rm(folder, { recursive: true })
  })
  return warned
}

/** A link that fails so, one code after the other, and then is silent; and what each attempt waited for its connection. */
function failing(codes: readonly string[]): { waits: number[]; link: Pick<Link, 'request'> } {
  const waits: number[] = []
  return {
    waits,
    link: {
      async request({ connectTimeout = 0 }) {
        waits.push(connectTimeout)
        const code = codes[waits.length - 1]
        if (code === undefined) return await new Promise(() => undefined)
        throw Object.assign(new Error('synthetic'), { code })
      },
    },
  }
}

test('asks again at once where a link did not open, and gives it longer after the quick attempts, with a warning each', async () => {
  const { waits, link } = failing(Array.from({ length: 20 }, () => 'LINK_UNOPENED'))
  const warned = await asking(link)

  await vi.waitFor(() => expect(waits).toHaveLength(21), patient)
  expect(waits.slice(0, 16)).toEqual(Array.from({ length: 16 }, () => 250))
  expect(waits.slice(16)).toEqual([500, 1_000, 2_000, 4_000, 8_000])
  expect(warned).toEqual([16, 17, 18, 19].map((attempt) => ({ error: 'LINK_UNOPENED', attempt })))
})

test.each(['ECONNREFUSED', 'LINK_LATE'])('pauses where somebody was there: %s', async (code) => {
  const { waits, link } = failing(['LINK_UNOPENED', code])
  const warned = await asking(link)

  await vi.waitFor(() => expect(warned).toEqual([{ error: code, attempt: 1 }]), patient)
  await new Promise((resolve) => setTimeout(resolve, 100))
  expect(waits).toHaveLength(2)
})

test('a lookup that takes longer than a quick attempt does not keep the operator from being asked', async () => {
  const own = await authority('programs')
  const asked = vi.fn()
  const server = createServer(await own.issue('program', ['localhost']), (_, response) => {
    asked()
    response.writeHead(503).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const lookup = vi.fn(
    (...question: Parameters<typeof loopback>) => void setTimeout(loopback, 300, ...question),
  )
  const { port } = server.address() as AddressInfo
  const link = new Link({ base: new URL(`https://localhost:${port}`), ca: own.cert, lookup })
  onTestFinished(async () => {
    await link.close()
    server.close()
  })
  const warned = await asking(link)

  await vi.waitFor(() => expect(warned).toEqual([expect.objectContaining({ status: 503 })]), patient)
  expect(asked).toHaveBeenCalledTimes(1)
  // Two on a machine that is not busy.
  expect(lookup.mock.calls.length).toBeLessThan(8)
})
