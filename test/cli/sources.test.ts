// Where a trail may lie, and what is left of it on the machine of whoever reads.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { spooledSource } from '../../cli/trail/spooled-source.ts'
import { checkExport } from '../../cli/verify/export-check.ts'
import { frameAt, packFrame } from '../../collector/commit/frame.ts'
import { routes } from '../../collector/receive.ts'
import { collectorServer } from '../../collector/server.ts'
import { identity } from '../../core/identifiers.ts'
import type { Authority } from '../../operator/authority/ca.ts'
import { aFolder, anEmbeddedStore, aTrail, Process, registryIn } from '../collector/a-trail.ts'
import { anAuthority, certify, certifyRequest } from '../collector/peers.ts'
import { aClose, anIntent, anOrders, aResult } from '../core/records.ts'
import { hipaaMcp, type Ran } from '../support/command-line.ts'
import { verifies } from '../verifies.ts'
import { anExport, exported } from './an-export.ts'
import { anApiServer } from './api-server.ts'

verifies(
  'integrity:chain',
  'a trail that came as a stream is verified, and nothing of it stays',
  async () => {
    const { trail, store, witness } = await anExport()
    let place = ''
    const source = await spooledSource('collector:', async (folder) => {
      place = dirname(folder)
      await exported(trail, store, folder)
    })
    expect(statSync(place).mode & 0o777).toBe(0o700)
    const report = await checkExport({ source, witness, read: () => undefined })
    expect(report.findings).toEqual([])
    await source.close()
    expect(existsSync(place)).toBe(false)
  },
)

test('one that was cut off leaves nothing', async () => {
  let place = ''
  await expect(
    spooledSource('collector:', async (folder) => {
      place = dirname(folder)
      expect(existsSync(place)).toBe(true)
      throw new Error('cut off')
    }),
  ).rejects.toThrow('cut off')
  expect(existsSync(place)).toBe(false)
})

test('nor does one whose command is ended by a signal', async () => {
  const program = `
    import { dirname } from 'node:path'
    const { spooledSource } = await import(${JSON.stringify(join(import.meta.dirname, '../../cli/trail/spooled-source.ts'))})
    await spooledSource('collector:', async (folder) => {
      process.stdout.write(dirname(folder))
      await new Promise((resolve) => setTimeout(resolve, 30_000))
    })`
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    const reader = spawn(process.execPath, ['--input-type=module', '-e', program])
    const [place] = (await once(reader.stdout, 'data')) as [Buffer]
    expect(existsSync(place.toString())).toBe(true)
    reader.kill(signal)
    const [, ended] = (await once(reader, 'exit')) as [number | null, string | null]
    expect(ended).toBe(signal)
    expect(existsSync(place.toString())).toBe(false)
  }
})

test('every reader says what it wants of a source', async () => {
  for (const [command, more] of [
    [['verify'], []],
    [['trail'], []],
    [['affected'], ['--key', 'none']],
    [['activity'], []],
    [['disclosures'], ['--patient', 'p']],
    [
      ['trail', 'prove'],
      ['--record', '1'],
    ],
  ] as const) {
    const said = await hipaaMcp([...command, 'postgres://reader@localhost/trail', ...more])
    expect([said.code, said.notes], command.join(' ')).toEqual([
      expect.any(Number) as number,
      expect.stringMatching(/--server wants NAMESPACE\/NAME|none cannot be read/) as string,
    ])
  }
  const archive = await hipaaMcp(['trail', 's3://trail/clinic', '--server', 'clinic/ehr'])
  expect(archive).toMatchObject({ code: 2, notes: expect.stringMatching(/give --policy FILE/) as string })
})

const officer = 'officer@clinic.example'
const nothing = (): void => undefined

/** An API server that publishes the operator's CA and lets this person read the trail: as the operator signs them. */
async function aCluster(authority: Authority): Promise<string> {
  const api = await anApiServer()
  onTestFinished(() => api.end())
  let request = ''
  api.answer = async (path, { method, body }) => {
    if (path.endsWith('/configmaps/hipaa-mcp-trust')) return { data: { 'ca.crt': authority.pem } }
    if (method === 'POST') ({ request } = (body as { spec: { request: string } }).spec)
    if (method !== 'GET') return body as object
    const csr = Buffer.from(request, 'base64').toString('utf8')
    const cert = await certifyRequest(authority, csr, identity.auditor(officer), { names: [] })
    return { status: { certificate: Buffer.from(cert).toString('base64') } }
  }
  return api.kubeconfig
}

/** A collector over a store on disk, while `work` runs. `role`: whose certificate it shows. */
async function whileServed<T>(
  { folder, authority, role = identity.collector }: { folder: string; authority: Authority; role?: string },
  work: (at: { url: string; witness: string }) => Promise<T>,
): Promise<T> {
  const store = await anEmbeddedStore(folder)
  const trail = await aTrail(store)
  const table = routes(trail, store)
  const server = collectorServer({
    ...(await certify(authority, role)),
    ca: authority.pem,
    routes: () => table,
    log: { info: nothing, warn: nothing, error: nothing },
    now: Date.now,
  })
  server.listen(0)
  await once(server, 'listening')
  try {
    const { port } = server.address() as AddressInfo
    return await work({ url: `https://localhost:${port}`, witness: trail.witnessVkey })
  } finally {
    server.closeAllConnections()
    server.close()
    await store.close()
  }
}

/** A store with a chain that ended, all of it signed. */
async function aStore() {
  const folder = aFolder()
  const store = await anEmbeddedStore(folder)
  const trail = await aTrail(store)
  const process = await Process.started(trail)
  await process.write(anOrders(), anIntent('c1'), aResult('c1'), anIntent('c2'), aResult('c2'), aClose())
  await process.checkpoint()
  await trail.sweep()
  await store.close()
  return { folder, origin: process.origin }
}

/** Where a store keeps the records of its one chain. */
function segmentOf(folder: string): string {
  const path = readdirSync(join(folder, 'chains'), { recursive: true, encoding: 'utf8' })
  return join(folder, 'chains', path.find((one) => one.endsWith('.segment')) ?? '')
}

/** Rewrites records as somebody does who knows the store: every frame is whole. */
function rewrite(folder: string, change: (records: string[]) => string[]): void {
  const path = segmentOf(folder)
  const bytes = readFileSync(path)
  const records: string[] = []
  for (let offset = 0; offset < bytes.length; ) {
    const frame = frameAt(bytes, offset)
    if (typeof frame === 'string') throw new Error(`The segment is ${frame}`)
    records.push(...frame.records.map(String))
    offset = frame.end
  }
  writeFileSync(
    path,
    packFrame(
      0,
      change(records).map((record) => Buffer.from(record)),
    ),
  )
}

const verified = async (
  kubeconfig: string,
  { url, witness }: { url: string; witness: string },
): Promise<Ran> =>
  await hipaaMcp(['verify', url, '--server', 'clinic/ehr', '--witness', witness, '--kubeconfig', kubeconfig])

verifies(
  'integrity:chain',
  'a trail is verified from the collector itself, which puts on record who read it',
  async () => {
    const authority = await anAuthority()
    const kubeconfig = await aCluster(authority)
    const { folder } = await aStore()

    const said = await whileServed({ folder, authority }, async (at) => await verified(kubeconfig, at))

    expect(said.code).toBe(0)
    expect(said.out).toMatch(/VERIFIED: 1 chain, 7 records/)
    const store = await anEmbeddedStore(folder)
    expect(await registryIn(store)).toContainEqual(expect.objectContaining({ kind: 'held', by: officer }))
  },
)

const changes: {
  readonly when: string
  readonly change: (records: string[]) => string[]
  readonly says: RegExp
}[] = [
  {
    when: 'another name in a record',
    change: (records) => records.map((record, at) => (at === 2 ? record.replace('TREAT', 'HRESCH') : record)),
    says: /one or more of records 0 to 6 are not what its checkpoint says/,
  },
  {
    when: 'a call that is taken out',
    change: (records) => records.filter((_, at) => at !== 2 && at !== 3),
    says: /it has 5 records, its checkpoint covers 7: it is truncated/,
  },
  {
    when: 'an end that is cut off',
    change: (records) => records.slice(0, -1),
    says: /it has 6 records, its checkpoint covers 7: it is truncated/,
  },
]
for (const { when, change, says } of changes)
  verifies(
    'integrity:chain',
    `in a collector’s store ${when} is found through the collector, and exits 1`,
    async () => {
      const authority = await anAuthority()
      const kubeconfig = await aCluster(authority)
      const { folder, origin } = await aStore()
      rewrite(folder, change)

      const said = await whileServed({ folder, authority }, async (at) => await verified(kubeconfig, at))

      expect(said.code).toBe(1)
      expect(said.out).toMatch(/NOT VERIFIED/)
      expect(said.out.replaceAll(/\s+/g, ' ')).toContain(origin)
      expect(said.out.replaceAll(/\s+/g, ' ')).toMatch(says)
    },
  )

test('from whoever is no collector, and by nobody’s key, nothing is verified', async () => {
  const authority = await anAuthority()
  const kubeconfig = await aCluster(authority)
  const { folder } = await aStore()
  const role = identity.sidecar('clinic', 'ehr', 'pod')

  const other = await whileServed({ folder, authority, role }, async (at) => await verified(kubeconfig, at))
  const stranger = await anAuthority()
  const foreign = await whileServed(
    { folder, authority: stranger },
    async (at) => await verified(kubeconfig, at),
  )

  for (const said of [other, foreign])
    expect(said).toMatchObject({
      code: 3,
      out: '',
      notes: expect.stringContaining('is not who it must be') as string,
    })
})
