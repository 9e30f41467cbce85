// A witness that we did not write signs the log of a real collector, and refuses every other past of it.

import { writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, expect, onTestFinished, test, vi } from 'vitest'
import { openEmbedded } from '../../collector/commit/embedded.ts'
import { loadKeys } from '../../collector/keys.ts'
import { originFor } from '../../collector/witnesses/witnesses.ts'
import { rawPublicKey } from '../../core/checkpoint.ts'
import { forgedStore, forgeries } from '../collector/a-forger.ts'
import { aFolder } from '../collector/a-trail.ts'
import {
  aCollector,
  anOperator,
  type Collector,
  endCollectors,
  type Operator,
  Writer,
} from '../collector/running.ts'
import { aSigsumWitness, type SigsumWitness } from '../support/sigsum-witness.ts'
import { verifies } from '../verifies.ts'

const sigsumOrigin = 'sigsum.org/v1/tree/{key}'

/** A collector whose registry log a real witness knows. */
async function aScene(): Promise<{
  operator: Operator
  folder: string
  witness: SigsumWitness
  settings: Settings
}> {
  const operator = await anOperator()
  onTestFinished(operator.end)
  const folder = aFolder()
  // The key is made when the store is: whoever runs the witness needs it before the first round.
  const store = await openEmbedded({ folder, onPoisoned: () => undefined })
  const { registry } = await loadKeys(store)
  await store.close()
  const origin = originFor(sigsumOrigin, { publicKey: rawPublicKey(registry.key) })
  const witness = await aSigsumWitness(aFolder(), { ...registry, name: origin })
  onTestFinished(async () => await witness.stop())
  const policy = join(aFolder(), 'witnesses')
  writeFileSync(policy, `${witness.line}quorum sigsum\n`)
  const settings = {
    HIPAA_MCP_WITNESSES: policy,
    HIPAA_MCP_WITNESS_ORIGIN: sigsumOrigin,
    HIPAA_MCP_WITNESS_SECONDS: '1',
    HIPAA_MCP_WITNESS_LATE_SECONDS: '2',
  }
  return { operator, folder, witness, settings }
}
type Settings = { [name: string]: string }

async function started(operator: Operator, folder: string, settings: Settings): Promise<Collector> {
  const collector = await aCollector(operator, { HIPAA_MCP_STORE: `embedded:${folder}`, ...settings })
  await collector.until('ok')
  return collector
}

/** Sends records until so many are acknowledged. */
async function written(operator: Operator, { port }: Collector, records: number): Promise<void> {
  const writer = new Writer(operator)
  await writer.follow(port)
  const running = writer.run()
  await vi.waitFor(() => expect(writer.acknowledged).toBeGreaterThan(records), { timeout: 20_000 })
  writer.stopped = true
  await running
}

const until = async (collector: Collector, says: string): Promise<void> =>
  await vi.waitFor(async () => expect((await collector.witnesses()).says).toBe(says), {
    timeout: 20_000,
    interval: 50,
  })

const metric = (text: string, name: string): number =>
  Number(
    text
      .split('\n')
      .find((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
      ?.split(' ')
      .at(-1),
  )

afterAll(endCollectors)

verifies(
  'integrity:outside-witness',
  'sigsum-witness signs an honest log on and on, and after it was killed refuses each that was cut, reset, rewritten or forked',
  async () => {
    const { operator, folder, witness, settings } = await aScene()
    const honest = await started(operator, folder, settings)
    await written(operator, honest, 20)
    await until(honest, 'ok')
    await written(operator, honest, 20)
    await vi.waitFor(async () => expect(await signedIn(folder)).toBeGreaterThanOrEqual(3), {
      timeout: 20_000,
      interval: 100,
    })
    expect((await honest.witnesses()).log).toMatch(/^sigsum\.org\/v1\/tree\/[0-9a-f]{64}\+/)
    expect(metric(await honest.metrics(), 'hipaa_mcp_unwitnessed_seconds')).toBeLessThan(10)
    await honest.kill('SIGKILL')

    await witness.killAndStart()
    const refused = async (store: string, what: string, reasons: readonly string[]): Promise<void> => {
      const forged = await started(operator, store, settings)
      // It takes records all the same: the alarm is for people, and gates nothing.
      await written(operator, forged, 3)
      await until(forged, 'witness-refuses')
      const counted = /^hipaa_mcp_witness_refusals_total\{.*reason="([a-z-]+)".*\} 1$/m.exec(
        await forged.metrics(),
      )
      expect(reasons, `a log that ${what}`).toContain(counted?.[1])
      expect((await forged.witnesses()).each).toMatch(/^sigsum refuses [a-z-]+: .*log/m)
      expect(forged.said()).toContain('a witness refuses to sign the registry log')
      expect(await forged.readyz()).toBe('ok')
      await forged.kill('SIGKILL')
    }
    const running: Promise<void>[] = []
    // One copy after the other, since whoever reads the honest store holds its lock.
    for (const { what, change, reasons } of forgeries)
      running.push(refused(await forgedStore(folder, change), what, reasons))
    await Promise.all(running)

    const again = await started(operator, folder, settings)
    await written(operator, again, 3)
    await until(again, 'ok')
    expect(again.said()).not.toContain('refuses')
    await again.kill('SIGTERM')
  },
)

test('a witness that is gone makes the trail late, and with strict records wait for it', async () => {
  const { operator, folder, witness, settings } = await aScene()
  const collector = await started(operator, folder, { ...settings, HIPAA_MCP_WITNESS_STRICT: 'true' })
  await written(operator, collector, 20)
  await witness.stop()
  const writer = new Writer(operator)
  await writer.follow(collector.port)
  const running = writer.run()
  await vi.waitFor(() => expect(writer.failures).toBeGreaterThan(3), { timeout: 20_000 })
  expect(writer.acknowledged).toBe(0)
  await until(collector, 'witness-late')
  expect(await collector.readyz()).toBe('witness-late')

  await witness.start()
  await vi.waitFor(() => expect(writer.acknowledged).toBeGreaterThan(3), { timeout: 20_000 })
  writer.stopped = true
  await running
  await until(collector, 'ok')
  await collector.kill('SIGTERM')
})

/** Records of the log that a quorum signed, as the collector kept it. */
async function signedIn(folder: string): Promise<number> {
  return Number((await readFile(join(folder, 'notes/witnessed'), 'utf8')).split('\n')[1])
}
