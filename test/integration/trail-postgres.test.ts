// A trail that is read where a collector keeps it: a real PostgreSQL, by a role that may read and nothing else.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { withTrail } from '../../cli/trail/open-trail.ts'
import { PatientIndex } from '../../cli/trail/patient-access.ts'
import { makeIndex } from '../../cli/trail/patient-index.ts'
import { checkExport, type Report } from '../../cli/verify/export-check.ts'
import { openPostgres } from '../../collector/commit/postgres.ts'
import type { Told } from '../../core/export/told.ts'
import { aFolder, aTrail, Process } from '../collector/a-trail.ts'
import { anAuthority, certify } from '../collector/peers.ts'
import { aPostgres, type Postgres } from '../collector/postgres-server.ts'
import { aClose, anIntent, aPatient, aResult } from '../core/records.ts'
import { hipaaMcp } from '../support/command-line.ts'
import { verifies } from '../verifies.ts'

let postgres: Postgres
let url: string
let witness: string
let chain: Process
let home: string

beforeAll(async () => {
  const authority = await anAuthority()
  postgres = await aPostgres(await certify(authority, undefined, { names: ['localhost'] }))
  home = mkdtempSync(join(tmpdir(), 'hipaa-mcp-'))
  const ca = join(home, 'ca.crt')
  writeFileSync(ca, authority.pem)
  process.env['PGSSLROOTCERT'] = ca
  process.env['PGPASSWORD'] = 'reads'
  const store = await openPostgres({ url: postgres.url, ca: authority.pem })
  const trail = await aTrail(store)
  chain = await Process.started(trail)
  for (let i = 0; i < 700; i += 1)
    await chain.write(
      anIntent(`c${i}`, { patients: [aPatient(i % 9)] }),
      aResult(`c${i}`, { patients: [aPatient(i % 9)] }),
    )
  await chain.write(aClose())
  await chain.checkpoint()
  const another = await Process.started(trail)
  await another.checkpoint()
  await trail.sweep()
  await trail.hold('clinic', 'ehr', 'officer')
  witness = trail.witnessVkey
  await store.close()
  postgres.sql(
    "CREATE ROLE reader LOGIN PASSWORD 'reads'; GRANT SELECT ON hipaa_mcp_chains, hipaa_mcp_records, hipaa_mcp_notes TO reader",
  )
  url = postgres.url.replace(/\/\/[^@]*@/, '//reader@')
}, 120_000)
afterAll(() => {
  delete process.env['PGSSLROOTCERT']
  delete process.env['PGPASSWORD']
  postgres.remove()
  rmSync(home, { recursive: true, force: true })
})

const screen = {
  out: () => undefined,
  note: () => undefined,
  width: 80,
  live: false,
  rewrite: () => undefined,
}
/** As somebody who owns the database. */
const done = (text: string): string => postgres.sql(`SET session_replication_role = replica; ${text}`)
const values = { server: 'clinic/ehr' }
const check = async (): Promise<Report> =>
  await withTrail(
    url,
    values,
    screen,
    async (source) => await checkExport({ source, server: 'clinic/ehr', witness, read: () => undefined }),
  )

verifies(
  'integrity:chain',
  'a trail is verified in the database, and what was done to it there is found',
  async () => {
    const { findings, chains } = await check()
    expect(findings).toEqual([])
    expect(chains[0]).toMatchObject({ origin: chain.origin, state: 'closed', records: 1402, through: 1401 })

    const at = `chain = (SELECT id FROM hipaa_mcp_chains WHERE origin = '${chain.origin}') AND idx`
    done(`UPDATE hipaa_mcp_records SET idx = 5000 WHERE ${at} = 1100`)
    expect((await check()).findings.map(({ says }) => says).join('\n')).toMatch(/record 1100 is missing/)
    done(`UPDATE hipaa_mcp_records SET idx = 1100 WHERE ${at} = 5000`)
    expect((await check()).findings).toEqual([])
    done(`INSERT INTO hipaa_mcp_chains (origin, vkey) VALUES ('hipaa-mcp.dev/clinic/ehr/another/0', 'k')`)
    expect((await check()).findings).toMatchObject([
      {
        where: 'hipaa-mcp.dev/clinic/ehr/another/0',
        says: expect.stringMatching(/does not register it/) as string,
      },
    ])
    done("DELETE FROM hipaa_mcp_chains WHERE origin = 'hipaa-mcp.dev/clinic/ehr/another/0'")
  },
)

verifies('integrity:chain', 'commands read it as they read a folder, and say no password', async () => {
  const options = ['--server', 'clinic/ehr']
  const pinned = [...options, '--witness', witness]
  const verified = await hipaaMcp(['verify', url.replace('reader@', 'reader:reads@'), ...pinned])
  expect([verified.code, verified.notes]).toEqual([0, ''])
  expect(verified.out).toMatch(/VERIFIED: 2 chains, 1,402 records|VERIFIED: 2 chains/)

  const tiles = join(aFolder(), 'tiles')
  expect((await hipaaMcp(['trail', 'tiles', url, tiles, ...options])).notes).toBe('')
  expect((await hipaaMcp(['verify', tiles, ...pinned])).code).toBe(0)
  const proof = await hipaaMcp([
    'trail',
    'prove',
    url,
    ...options,
    '--call',
    'c3',
    '--kind',
    'result',
    '--json',
  ])
  expect(proof.code, proof.notes).toBe(0)
  const { proof: text, vkey } = JSON.parse(proof.out) as { proof: string; vkey: string }
  const file = join(aFolder(), 'proof')
  writeFileSync(file, text)
  expect((await hipaaMcp(['verify', '--proof', file, '--vkey', vkey, '--witness', witness])).code).toBe(0)

  const shown = await hipaaMcp(['trail', url, ...pinned, '--call', 'c5', '--json'])
  expect(shown.out.trim().split('\n')).toHaveLength(1)
  expect(shown.code).toBe(0)
  const nobody = await hipaaMcp(['verify', url.replace('reader@', 'nobody:secret@'), ...pinned])
  expect(nobody.code).toBe(3)
  expect(nobody.notes).not.toMatch(/secret/)
  expect((await hipaaMcp(['verify', url])).code).toBe(2)
})

const state = async (): Promise<string> =>
  await withTrail(url, values, screen, async (source) => await source.state())

test('a trail of which a chain has grown is another one', async () => {
  const before = await state()
  expect(await state()).toBe(before)
  done(`UPDATE hipaa_mcp_chains SET checkpoint = checkpoint || ' ' WHERE origin = '${chain.origin}'`)
  expect(await state()).not.toBe(before)
  done(`UPDATE hipaa_mcp_chains SET checkpoint = rtrim(checkpoint) WHERE origin = '${chain.origin}'`)
  expect((await check()).findings).toEqual([])
})

verifies('audit:disclosures', 'the index of patients leads into the database', async () => {
  const path = join(aFolder(), 'patients.index')
  await withTrail(url, values, screen, async (source) => {
    await makeIndex(path, { source, server: 'clinic/ehr', witness, read: () => undefined }, 'pins')
    const index = (await PatientIndex.open(path, source)) as PatientIndex
    const told: Told[] = []
    for await (const each of index.told(new Set([aPatient(4).token]))) told.push(each)
    index.close()
    expect(told.map(({ call }) => call)).toEqual(
      Array.from({ length: 78 }, (_, i) => `c${4 + 9 * i}`).filter((call) => Number(call.slice(1)) < 700),
    )
  })
})
