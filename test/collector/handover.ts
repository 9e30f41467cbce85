// Collectors that share a store lose each other in every way there is, while sidecars write: whatever a sidecar was told is
// kept is in its chain, in order, and the trail verifies.

import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import { aCollector, type Collector, type Operator } from './running.ts'
import { aService, Sidecar, verified } from './several.ts'

/** `HIPAA_MCP_STORE` of all of them. */
export async function handsOver(operator: Operator, store: string, chains: number): Promise<void> {
  const started = async (): Promise<Collector> => {
    const collector = await aCollector(operator, {
      HIPAA_MCP_STORE: store,
      HIPAA_MCP_STORE_CA: operator.authority.pem,
    })
    await collector.until('ok', 90_000)
    return collector
  }
  // The first one makes what the store needs.
  const first = await started()
  const [second, third] = await Promise.all([started(), started()])
  const service = await aService([first, second, third])
  const sidecars = await Promise.all(
    Array.from({ length: chains }, async () => await Sidecar.begun(operator, service)),
  )
  const running = Promise.all(sidecars.map(async (sidecar) => await sidecar.run()))
  /** Each of them gets some more acknowledged from now on. */
  const allGoOn = async (): Promise<void> => {
    const before = sidecars.map(({ acknowledged }) => acknowledged.length)
    await expect
      .poll(
        () => Math.min(...sidecars.map(({ acknowledged }, i) => acknowledged.length - (before[i] ?? 0))),
        { timeout: 40_000, interval: 50 },
      )
      .toBeGreaterThan(3)
  }
  await allGoOn()

  await first.kill('SIGKILL')
  await allGoOn()

  // It takes connections and says nothing, until its Service leaves it out.
  second.child.kill('SIGSTOP')
  await sleep(1000)
  service.behind = [third]
  await allGoOn()
  second.child.kill('SIGCONT')
  await sleep(300)
  await allGoOn()

  service.behind = [second, await started()]
  service.partition(third)
  await allGoOn()
  expect(await third.kill('SIGTERM')).toBe(0)

  for (const sidecar of sidecars) sidecar.stopped = true
  await running
  for (const sidecar of sidecars) await sidecar.close()

  expect(sidecars.flatMap(({ over }) => over ?? [])).toEqual([])
  /** How often the registry log says this of each chain. */
  const said = ({ registry }: Awaited<ReturnType<typeof verified>>, kind: string): number[] =>
    sidecars.map(
      (sidecar) => registry.filter((one) => one.kind === kind && one.origin === sidecar.origin).length,
    )
  const once = sidecars.map(() => 1)
  await expect
    .poll(async () => said(await verified(operator, second), 'ended'), {
      timeout: 40_000,
      interval: 1000,
    })
    .toEqual(once)
  for (const collector of service.behind) {
    const seen = await verified(operator, collector)
    const { code, screen, calls } = seen
    expect([code, screen]).toEqual([0, expect.stringContaining('VERIFIED')])
    // In their order, whatever came between that nobody was told of.
    for (const { origin, acknowledged } of sidecars)
      expect(calls.get(origin)?.filter((call) => acknowledged.includes(call))).toEqual(acknowledged)
    expect([said(seen, 'registered'), said(seen, 'ended')]).toEqual([once, once])
  }
  expect(await second.kill('SIGTERM')).toBe(0)
  service.close()
}
