// A sealed segment from the archive to an auditor: over the wire, with the command's own functions.

import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import { join } from 'node:path'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import { dataKeyOf, secure } from '../../../cli/collector-connection.ts'
import { unseal } from '../../../cli/trail-unseal.ts'
import { routes } from '../../../collector/receive.ts'
import { SealedFiles } from '../../../collector/sealing/files.ts'
import { collectorServer } from '../../../collector/server.ts'
import type { Trail } from '../../../collector/trail.ts'
import { identity } from '../../../core/identifiers.ts'
import type { SealedSegment } from '../../../core/sealed/sealed-segment.ts'
import type { SegmentHeader } from '../../../core/sealed/segment.ts'
import type { DataKeyRequest } from '../../../core/wire.ts'
import type { Authority } from '../../../operator/authority/ca.ts'
import { aRefusal } from '../../core/records.ts'
import { together } from '../../core/sealed/streams.ts'
import { verifies } from '../../verifies.ts'
import { aFolder, anEmbeddedStore, aTrail, Process, registryIn } from '../a-trail.ts'
import { anAuthority, certify, uriOf } from '../peers.ts'
import { aKms, type Kms } from './a-kms.ts'

const log = { info: () => undefined, warn: () => undefined, error: () => undefined }
let authority: Authority

beforeAll(async () => {
  authority = await anAuthority()
})

type Scene = {
  kms: Kms
  process: Process
  segment: SealedSegment
  /** As an auditor, or with another certificate. */
  ask: (asked: DataKeyRequest, uri?: string) => Promise<Buffer>
  /** Records of the registry log that say who opened what. */
  said: () => Promise<unknown[]>
}

async function scene(withKey = true): Promise<Scene> {
  const kms = aKms()
  const store = await anEmbeddedStore()
  const sealing = {
    wrapper: kms.wrapper,
    files: new SealedFiles(aFolder()),
    bounds: { bytes: 1024 * 1024, records: 4, ageMs: 1000 },
    developmentOnly: false,
    log,
  }
  const trail = await aTrail(store, { now: Date.now() }, [], { sealing })
  const process = await Process.started(trail)
  for (let i = 0; i < 5; i++) await process.write(aRefusal(`c${i}`))
  await trail.sealing?.sweep()
  const [segment] = (await trail.sealing?.segments()) ?? []
  const served: Trail = withKey ? trail : await aTrail(store)
  const server = collectorServer({
    ...(await certify(authority, identity.collector)),
    ca: authority.pem,
    routes: () => routes(served, store),
    log,
    now: Date.now,
  })
  server.listen(0)
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return {
    kms,
    process,
    segment: segment as SealedSegment,
    ask: async (asked, uri = identity.auditor('officer')) => {
      const way = connect(port, 'localhost')
      try {
        const socket = await secure(way, { ...(await certify(authority, uri)), ca: authority.pem })
        return await dataKeyOf(socket, asked)
      } finally {
        way.destroy()
      }
    },
    said: async () => (await registryIn(store)).filter(({ kind }) => kind === 'unsealed'),
  }
}

const asking = ({ origin, segment, keyId, wrapped }: SegmentHeader): DataKeyRequest => ({
  origin,
  segment,
  keyId,
  wrapped,
})

async function headerOf(segment: SealedSegment): Promise<SegmentHeader> {
  const [, line] = (await together(segment.read())).toString('latin1').split('\n')
  return JSON.parse(line as string) as SegmentHeader
}

verifies('audit:unsealing', 'an auditor reads a segment out of the archive', async () => {
  const { process, segment, ask, said } = await scene()
  const folder = aFolder()
  writeFileSync(join(folder, 'one.sealed'), await together(segment.read()))

  const output = join(folder, 'records')
  await unseal([join(folder, 'one.sealed')], output, async (header) => await ask(asking(header)))

  expect(readFileSync(output, 'utf8')).toBe(
    process.records
      .slice(0, 4)
      .map((record) => `${String(record)}\n`)
      .join(''),
  )
  expect(await said()).toMatchObject([{ origin: process.origin, segment: segment.segment, by: 'officer' }])
})

verifies(
  'audit:unsealing',
  'whoever asks is on record before the key’s holder is, and whatever it answers',
  async () => {
    const { kms, segment, ask, said } = await scene()
    const header = await headerOf(segment)
    const other = '00000000-0000-4000-8000-000000000000'

    await expect(ask({ ...asking(header), segment: other })).rejects.toThrow(/does not open this data key/)
    kms.rotate()
    await expect(ask({ ...asking(header), keyId: 'file:none' })).rejects.toThrow(
      /does not open this data key/,
    )

    expect(await said()).toMatchObject([{ segment: other }, { segment: segment.segment }])
  },
)

test.each([
  [
    'a sidecar',
    async ({ ask, segment, process }: Scene) =>
      await ask(asking(await headerOf(segment)), uriOf(process.pod)),
    /may not do this/,
  ],
  [
    'the operator',
    async ({ ask, segment }: Scene) => await ask(asking(await headerOf(segment)), identity.operator),
    /may not do this/,
  ],
  [
    'somebody who names a chain that is none',
    async ({ ask, segment }: Scene) =>
      await ask({ ...asking(await headerOf(segment)), origin: 'hipaa-mcp.dev/clinic/ehr/x/0' }),
    /Begin a chain first/,
  ],
  [
    'somebody who names no segment',
    async ({ ask, segment }: Scene) =>
      await ask({ ...asking(await headerOf(segment)), segment: 'x'.repeat(300) }),
    /malformed/,
  ],
])('%s gets no data key, and nothing is on record', async (_, attempt, says) => {
  const made = await scene()

  await expect(attempt(made)).rejects.toThrow(says)
  expect(await made.said()).toEqual([])
})

test('a collector without a key says so', async () => {
  const { ask, segment } = await scene(false)

  await expect(ask(asking(await headerOf(segment)))).rejects.toThrow(/This collector has no key/)
})
