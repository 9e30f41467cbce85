// The collector as a real process that seals under a real token (SoftHSM2), which goes away and comes back.

import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, expect, onTestFinished } from 'vitest'
import { fileWrapper } from '../../collector/kms/file.ts'
import type { KeyWrapper } from '../../collector/kms/key-wrapper.ts'
import { pkcs11Wrapper } from '../../collector/kms/pkcs11.ts'
import { SealedFiles } from '../../collector/sealing/files.ts'
import { aFolder, anEmbeddedStore, recordsIn } from '../collector/a-trail.ts'
import { aSoftHsm, type SoftHsm } from '../collector/kms/soft-hsm.ts'
import { aCollector, anOperator, endCollectors, Writer } from '../collector/running.ts'
import { opened } from '../collector/sealing/a-kms.ts'
import { all } from '../core/sealed/streams.ts'
import { verifies } from '../verifies.ts'

const operator = await anOperator()
afterEach(endCollectors)
afterAll(operator.end)

const environmentOf = (
  folder: string,
  hsm: SoftHsm,
): { HIPAA_MCP_STORE: string; [name: string]: string } => ({
  HIPAA_MCP_STORE: `embedded:${folder}`,
  HIPAA_MCP_KMS: `pkcs11:token=${hsm.options.token};object=trail?module-path=${hsm.options.module}&pin-source=file:${hsm.options.pinPath}`,
  HIPAA_MCP_SEGMENT_KIB: '16',
  ...hsm.environment,
})

/** How many segments stand in the store's folder. */
function sealedIn(folder: string): number {
  return readdirSync(folder, { recursive: true }).filter((name) => String(name).endsWith('.sealed')).length
}

/** Opens every segment: each chain is what the store has of it, from its first record on. Resolves to the keys of each. */
async function everySegmentOpens(folder: string, wrapper: KeyWrapper): Promise<string[]> {
  const store = await anEmbeddedStore(folder)
  const segments = await all(new SealedFiles(join(folder, 'sealed')).list())
  for (const [origin, chain] of Map.groupBy(segments, (segment) => segment.origin)) {
    const records: string[] = []
    for (const segment of chain) records.push(...(await opened(segment, { wrapper })).records)
    expect(records).toEqual((await recordsIn(store, origin)).slice(0, records.length))
    expect(chain.at(-1)?.to).toBe(records.length)
  }
  await store.close()
  return segments.map(({ keyId }) => keyId)
}

verifies(
  'rest:key-away',
  'the token is away when the collector starts: it is not ready and says why',
  async () => {
    const hsm = aSoftHsm()
    hsm.takeAway()
    const collector = await aCollector(operator, environmentOf(join(aFolder(), 'store'), hsm))
    await collector.until('kms-away')

    hsm.giveBack()

    await collector.until('ok')
  },
)

verifies(
  'rest:key-away',
  'the token goes away under load: records are acknowledged as far as keys reach, then none until it is back',
  async () => {
    const hsm = aSoftHsm()
    const folder = join(aFolder(), 'store')
    let collector = await aCollector(operator, environmentOf(folder, hsm))
    await collector.until('ok')
    const writer = new Writer(operator)
    await writer.follow(collector.port)
    const running = writer.run()
    await expect.poll(() => sealedIn(folder), { timeout: 30_000 }).toBeGreaterThan(1)

    hsm.takeAway()
    await collector.until('kms-away')
    const moreFail = async (): Promise<void> => {
      const failures = writer.failures
      await expect.poll(() => writer.failures, { timeout: 30_000 }).toBeGreaterThan(failures + 5)
    }
    // What was on its way is answered by then.
    await moreFail()
    const acknowledged = writer.acknowledged
    await moreFail()
    expect(writer.acknowledged).toBe(acknowledged)

    expect(await collector.metrics()).toMatch(/^hipaa_mcp_sealing_hindered(\{[^}]*\})? 1$/m)
    hsm.giveBack()
    await collector.until('ok')
    expect(await collector.metrics()).toMatch(/^hipaa_mcp_sealing_hindered(\{[^}]*\})? 0$/m)
    hsm.makeKey('02')
    await expect.poll(() => writer.acknowledged, { timeout: 30_000 }).toBeGreaterThan(acknowledged + 200)
    await collector.kill('SIGKILL')
    collector = await aCollector(operator, environmentOf(folder, hsm))
    await collector.until('ok')
    await writer.follow(collector.port)
    const sealed = sealedIn(folder)
    await expect.poll(() => sealedIn(folder), { timeout: 30_000 }).toBeGreaterThan(sealed + 1)
    writer.stopped = true
    await running
    expect(await collector.kill('SIGTERM')).toBe(0)

    const wrapper = pkcs11Wrapper(hsm.options)
    onTestFinished(async () => await wrapper.close())
    const keys = await everySegmentOpens(folder, wrapper)
    expect(keys.length).toBeGreaterThan(3)
    // The key was rotated while it ran.
    expect(new Set(keys.map((keyId) => keyId.slice(-4)))).toEqual(new Set(['=%01', '=%02']))
    expect(collector.said()).not.toContain(hsm.pin)
  },
)

verifies('rest:development-key', 'a key in a file starts no collector of profile Production', async () => {
  const hsm = aSoftHsm()
  const path = join(aFolder(), 'keys')
  const environment = { ...environmentOf(join(aFolder(), 'store'), hsm), HIPAA_MCP_KMS: `key-file:${path}` }
  const collector = await aCollector(operator, environment)
  await expect.poll(() => collector.child.exitCode, { timeout: 20_000 }).toBe(1)
  expect(collector.said()).toMatch(/a key in a file is for profile Development/)

  const development = await aCollector(operator, { ...environment, HIPAA_MCP_PROFILE: 'Development' })
  // The file is not there yet.
  await development.until('kms-away')
  await expect(fileWrapper(path).health()).rejects.toMatchObject({ reason: 'kms-away' })
})
