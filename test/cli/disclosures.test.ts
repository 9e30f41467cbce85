import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, expect, test, vi } from 'vitest'
import { indexPath } from '../../cli/trail/index-path.ts'
import type { Disclosure } from '../../core/export/accounting.ts'
import { aFolder } from '../collector/a-trail.ts'
import { hipaaMcp, type Ran } from '../support/command-line.ts'
import { generatedPatient, generateTrail } from '../support/generated-trail.ts'
import { verifies } from '../verifies.ts'
import { aKeyFile, aToldTrail, sealed, type Told } from './a-told-trail.ts'
import { pathIn, tamper } from './an-export.ts'

const cache = mkdtempSync(join(tmpdir(), 'hipaa-mcp-cache-'))
vi.stubEnv('XDG_CACHE_HOME', cache)
afterAll(() => {
  vi.unstubAllEnvs()
  rmSync(cache, { recursive: true })
})

const asked = async ({ folder, key, witness }: Told, ...options: string[]): Promise<Ran> =>
  await hipaaMcp(['disclosures', folder, '--key', key, '--witness', witness, ...options])
const listed = async (made: Told, ...options: string[]): Promise<Disclosure[]> =>
  JSON.parse((await asked(made, '--json', ...options)).out) as Disclosure[]

verifies(
  'audit:disclosures',
  'date, recipient, what and purpose of each disclosure but for treatment, payment and operations',
  async () => {
    const made = await aToldTrail()

    expect(await listed(made, '--patient', 'p-100')).toEqual([
      {
        date: '2026-09-21T15:06:00.000Z',
        recipient: { sub: 'researcher-3', iss: 'https://id.example.test', client: 'cohort-agent' },
        what: 'list_cohort: /code',
        purpose: 'HRESCH',
        outcome: 'ok',
        accounted: true,
        call: 'c-3',
        chain: made.origins[0],
        record: 5,
      },
    ])
    expect((await asked(made, '--patient', 'p-300')).out).toBe('No disclosure is to be accounted for.')
  },
)

verifies(
  'audit:disclosures',
  'who saw this patient: everybody, in the order of time, and how it ended',
  async () => {
    const made = await aToldTrail()
    const seen = async (patient: string) =>
      (await listed(made, '--all', '--patient', patient)).map(({ call, outcome }) => `${call} ${outcome}`)

    expect(await seen('p-100')).toEqual(['c-1 ok', 'c-3 ok', 'c-6 unanswered'])
    expect(await seen('p-200')).toEqual(['c-2 ok', 'c-3 ok'])
    expect(await seen('p-300')).toEqual(['c-5 error'])
    expect(await seen('p-999')).toEqual([])
  },
)

test('by person it is summed up, and by time it is cut', async () => {
  const made = await aToldTrail()

  const sums = await asked(
    made,
    '--all',
    '--by-person',
    '--csv',
    '--patient',
    `token:${sealed('p-200').token}`,
  )
  expect(sums.out.split('\n')).toEqual([
    expect.stringMatching(/^last,recipient,purpose,times,what,first,/) as string,
    expect.stringMatching(/^2026-09-21T15:04:00.000Z,nurse-7,TREAT,1,/) as string,
    expect.stringMatching(/^2026-09-21T15:06:00.000Z,researcher-3,HRESCH,1,/) as string,
  ])
  expect(await listed(made, '--all', '--patient', 'p-200', '--since', '2026-09-21T15:05:00Z')).toHaveLength(1)
})

verifies(
  'audit:disclosures',
  'the index holds no identifier, and nobody but its owner reads it',
  async () => {
    const made = await aToldTrail()
    await asked(made, '--patient', 'p-100')

    const bytes = readFileSync(await indexPath(made.folder))
    for (const text of ['p-100', 'nurse-7', 'researcher-3', sealed('p-100').token, 'get_diagnosis'])
      expect(bytes.includes(text)).toBe(false)
    expect(statSync(await indexPath(made.folder)).mode & 0o777).toBe(0o600)
  },
)

verifies('audit:disclosures', 'an index that came with the trail is not believed', async () => {
  const made = await aToldTrail()
  const beside = ['--index', `${made.folder}.index`]
  await asked(made, '--patient', 'p-100', ...beside)
  const unpinned = ['disclosures', made.folder, '--key', made.key, '--patient', 'p-100']

  const { code, out, notes } = await hipaaMcp(unpinned)
  expect([code, out]).toEqual([1, ''])
  expect(notes).toMatch(/^NOT PROVED/)
  // Only where whoever asks says that it is theirs.
  expect((await hipaaMcp([...unpinned, ...beside])).code).toBe(0)
})

verifies('audit:disclosures', 'an index that is lost, of another trail, or none is made anew', async () => {
  const made = await aToldTrail()
  const other = await aToldTrail()
  const index = join(aFolder(), 'index')
  await asked(other, '--patient', 'p-100', '--index', index)

  expect(await listed(made, '--patient', 'p-100', '--index', index)).toHaveLength(1)
  writeFileSync(index, 'no database')
  expect((await asked(made, '--patient', 'p-100', '--index', index)).code).toBe(0)
})

verifies(
  'audit:disclosures',
  'a trail that is not whole is told nothing of, and leaves no index',
  async () => {
    const made = await aToldTrail()
    tamper(made.folder, made.origins[0], (lines) => lines.filter((line) => !line.includes('"c-3"')))

    const ran = await asked(made, '--patient', 'p-100')

    expect(ran).toMatchObject({ code: 1, out: '', notes: expect.stringMatching(/^NOT VERIFIED/) as string })
    expect(existsSync(await indexPath(made.folder))).toBe(false)
  },
)

verifies('audit:disclosures', 'a record that was changed after the index was made is not told', async () => {
  const made = await aToldTrail()
  await asked(made, '--patient', 'p-100')
  const path = pathIn(made.folder, made.origins[0], 'records.ndjson')
  writeFileSync(path, readFileSync(path, 'utf8').replace('"researcher-3"', '"researcher-4"'))

  const ran = await asked(made, '--patient', 'p-100')

  expect(ran).toMatchObject({ code: 3, out: '', notes: expect.stringMatching(/was changed since/) as string })
  expect((await asked(made, '--patient', 'p-100', '--rebuild')).code).toBe(1)
})

verifies('audit:disclosures', 'an index is made of a trail with pinned keys, and of no other', async () => {
  const { folder, key, witness } = await aToldTrail()
  const options = ['disclosures', folder, '--key', key, '--patient', 'p-100']

  expect(await hipaaMcp(options)).toMatchObject({
    code: 1,
    out: '',
    notes: expect.stringMatching(/^NOT PROVED/) as string,
  })
  expect((await hipaaMcp([...options, '--witness', witness])).code).toBe(0)
  expect((await hipaaMcp(options)).code).toBe(0)
})

test('a pinned witness that is another makes the index anew, and finds the trail not verified', async () => {
  const made = await aToldTrail()
  await asked(made, '--patient', 'p-100')
  const { witness } = await aToldTrail()

  expect((await asked(made, '--patient', 'p-100', '--witness', made.witness)).code).toBe(0)
  expect((await asked(made, '--patient', 'p-100', '--witness', witness)).code).toBe(1)
})

test('lines fit 80 columns, and a wrong command line says what is wrong', async () => {
  const made = await aToldTrail()

  const { out } = await asked(made, '--all', '--patient', 'p-100')
  for (const line of out.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
  expect(out).toMatch(/^DATE +RECIPIENT +PURPOSE +WHAT, OUTCOME, CLIENT, CALL\n/)
  expect((await asked(made)).notes).toMatch(/wants --patient/)
  expect((await hipaaMcp(['disclosures'])).notes).toMatch(/wants one trail/)
})

verifies('audit:disclosures', 'of years of records, one patient is found by the index', async () => {
  const home = aFolder()
  const folder = join(home, 'trail')
  const witness = await generateTrail(folder, { records: 4_000, chains: 4, patients: 50, years: 6 })
  const made = {
    folder,
    key: aKeyFile(home),
    witness,
    origins: ['', ''] as [string, string],
    clock: { now: 0 },
  }

  const all = await listed(made, '--all', '--witness', witness, '--patient', generatedPatient(7))

  // Four chains of 499 calls each: every fiftieth is of this patient.
  expect(all).toHaveLength(40)
  expect(new Set(all.map(({ chain }) => chain)).size).toBe(4)
  expect(all.map(({ date }) => date)).toEqual(all.map(({ date }) => date).toSorted())
  expect(all.filter(({ accounted }) => accounted)).toHaveLength(4)
  // What it leads to is compared with half a hash: of less, somebody could make another record that has it.
  const index = new DatabaseSync(await indexPath(folder), { readOnly: true })
  expect(
    index.prepare('SELECT DISTINCT length(leaf) AS a, length(beforeLeaf) AS b FROM access').all(),
  ).toEqual([{ a: 16, b: 16 }])
  index.close()
  cpSync(await indexPath(folder), join(home, 'copy'))
  expect(
    await listed(made, '--all', '--index', join(home, 'copy'), '--patient', generatedPatient(7)),
  ).toEqual(all)
})
