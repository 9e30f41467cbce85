import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { aFolder, anEmbeddedStore, aTrail, Process } from '../collector/a-trail.ts'
import { aRefusal, at } from '../core/records.ts'
import { hipaaMcp, type Ran } from '../support/command-line.ts'
import { testKeys } from '../support/in-force.ts'
import { verifies } from '../verifies.ts'
import { aKeyFile, aToldTrail, began, sealed } from './a-told-trail.ts'
import { exported, tamper } from './an-export.ts'

type Line = { call?: string; outcome: string; asked: { token: string; patient?: string }[] }
const linesOf = ({ out }: Ran): Line[] =>
  out === '' ? [] : out.split('\n').map((line) => JSON.parse(line) as Line)
const callsOf = (ran: Ran): (string | undefined)[] =>
  linesOf(ran).flatMap(({ call }) => (call === undefined ? [] : [call]))

test('the calls of pods that lived at one time stand in the order of time, one row each', async () => {
  const { folder, witness } = await aToldTrail()

  const ran = await hipaaMcp(['trail', folder, '--witness', witness, '--json'])

  expect(callsOf(ran)).toEqual(['c-1', 'c-2', 'c-3', 'c-4', 'c-5', 'c-6'])
  expect(ran).toMatchObject({
    code: 0,
    notes: expect.stringMatching(/^Verified: whole and unchanged/) as string,
  })
})

test('a clock that was set back does not take a record out of the order of its chain', async () => {
  const store = await anEmbeddedStore()
  const trail = await aTrail(store)
  const [one, other] = [await Process.started(trail), await Process.started(trail)]
  await one.write(
    ...[30, 10, 20, 40].map((minute, i) => aRefusal(`one-${i}`, { at: at(began + minute * 60_000) })),
  )
  await other.write(
    ...[35, 36].map((minute, i) => aRefusal(`other-${i}`, { at: at(began + minute * 60_000) })),
  )
  const folder = join(aFolder(), 'trail')
  const witness = await exported(trail, store, folder)

  const ran = await hipaaMcp(['trail', folder, '--witness', witness, '--json'])

  expect(callsOf(ran)).toEqual(['one-0', 'one-1', 'one-2', 'other-0', 'other-1', 'one-3'])
})

verifies(
  'audit:readable',
  'a holder of the key reads who the patients are, and nobody else does',
  async () => {
    const { folder, key, witness } = await aToldTrail()

    const without = await hipaaMcp(['trail', folder, '--witness', witness, '--call', 'c-1'])
    const held = await hipaaMcp(['trail', folder, '--witness', witness, '--call', 'c-1', '--key', key])

    expect(without.out).not.toContain('p-100')
    expect(without.out.replaceAll(/\s/g, '')).toContain(`token:${sealed('p-100').token}`)
    expect(held.out).toMatch(/clinician-1 .*get_diagnosis .*ok, TREAT, p-100/)
  },
)

test.each([
  [
    ['--person', 'nurse-7'],
    ['c-2', 'c-4', 'c-5', 'c-6'],
  ],
  [['--person', 'https://id.example.test|researcher-3'], ['c-3']],
  [['--tool', 'list_cohort'], ['c-3']],
  [['--outcome', 'refused'], ['c-4']],
  [['--outcome', 'unanswered'], ['c-6']],
  [['--relation', 'surname'], ['c-3']],
  [['--relation', 'vip'], []],
  [
    ['--patient', 'p-200'],
    ['c-2', 'c-3'],
  ],
  [['--patient', 'p-999'], []],
  [
    ['--since', '2026-09-21T15:05:00Z', '--until', '2026-09-21T15:10:00Z'],
    ['c-3', 'c-4'],
  ],
  [['--until', '2026-09-20'], []],
  [['--since', '2026-09-21', '--until', '2026-09-21', '--last', '2'], ['c-6']],
])('trail %j shows what was asked for and nothing else', async (options, calls) => {
  const { folder, key, witness } = await aToldTrail()

  const ran = await hipaaMcp(['trail', folder, '--witness', witness, '--key', key, '--json', ...options])

  expect(callsOf(ran)).toEqual(calls)
  expect(ran.code).toBe(0)
})

test('patients are asked for by a file, or by their token without a key', async () => {
  const { folder, key, witness } = await aToldTrail()
  const file = join(aFolder(), 'patients')
  writeFileSync(file, 'p-200\n\np-300\n')

  expect(
    callsOf(
      await hipaaMcp([
        'trail',
        folder,
        '--witness',
        witness,
        '--json',
        '--key',
        key,
        '--patient',
        `@${file}`,
      ]),
    ),
  ).toEqual(['c-2', 'c-3', 'c-5'])
  const token = `token:${sealed('p-300').token}`
  expect(
    callsOf(await hipaaMcp(['trail', folder, '--witness', witness, '--json', '--patient', token])),
  ).toEqual(['c-5'])
})

verifies('audit:readable', 'a trail that is not whole is shown with what it is, and fails', async () => {
  const { folder, origins, witness } = await aToldTrail()
  tamper(folder, origins[0], (lines) => lines.filter((line) => !line.includes('"c-3"')))

  const ran = await hipaaMcp(['trail', folder, '--witness', witness])

  expect(ran.code).toBe(1)
  expect(ran.notes).toMatch(/^NOT VERIFIED/)
})

verifies('audit:readable', 'a trail whose keys all come from itself is shown, and is no proof', async () => {
  const { folder } = await aToldTrail()

  const ran = await hipaaMcp(['trail', folder])

  expect(ran).toMatchObject({ code: 1, notes: expect.stringMatching(/^NOT PROVED/) as string })
})

test('what the collector notes for verifiers is shown to those who ask for what is noted', async () => {
  const { folder, witness } = await aToldTrail()
  const shown = async (...more: string[]) =>
    (await hipaaMcp(['trail', folder, '--witness', witness, ...more])).out.replaceAll(/\s+/g, ' ')

  expect(await shown()).not.toContain('chain began')
  expect(await shown()).toContain('trail exported by officer@clinic.example')
  expect(await shown('--outcome', 'noted')).toContain('chain began')
})

test('every line fits 80 columns, whatever its records hold', async () => {
  const { folder, key, witness } = await aToldTrail()

  const { out, notes } = await hipaaMcp(['trail', folder, '--witness', witness, '--key', key])

  for (const line of [...out.split('\n'), ...notes.split('\n')]) expect(line.length).toBeLessThanOrEqual(80)
  expect(out.split('\n')[0]).toMatch(/^TIME \(UTC\) +PERSON +TOOL +OUTCOME$/)
})

test.each([
  ['that others can read', (file: string) => chmodSync(file, 0o640), /Others can read .*chmod 600/],
  [
    'that is none',
    (file: string) => writeFileSync(file, '{"data":{"seal":"c2hvcnQ="}}'),
    /is no Secret with the keys/,
  ],
  ['that is no JSON', (file: string) => writeFileSync(file, readFileSync(file).subarray(1)), /is no Secret/],
])('a key file %s is not taken, and nothing of it is said', async (_, change, says) => {
  const { folder, key, witness } = await aToldTrail()
  const secret = (JSON.parse(readFileSync(key, 'utf8')) as { data: { seal: string } }).data.seal
  change(key)

  const ran = await hipaaMcp(['trail', folder, '--witness', witness, '--key', key])

  expect(ran).toMatchObject({ code: 3, out: '', notes: expect.stringMatching(says) as string })
  expect(ran.screen).not.toContain(secret)
})

test('the key of another server opens nothing, and says so', async () => {
  const { folder, witness } = await aToldTrail()
  const key = aKeyFile(aFolder(), { ...testKeys, seal: testKeys.hashes })

  expect(await hipaaMcp(['trail', folder, '--witness', witness, '--key', key])).toMatchObject({
    code: 3,
    notes: expect.stringMatching(/opens no patient of clinic\/ehr/) as string,
  })
})

test.each([
  [['--patient', 'p-100'], /--key as well/],
  [['--since', 'yesterday'], /--since wants a day/],
  [['--since', '2026-02-29'], /--since wants a day/],
  [['--since', '2026-09-22', '--until', '2026-09-21'], /--until wants a time after --since/],
  [['--until', '2026-06-31T10:00:00+02:00'], /--until wants a day/],
  [['--outcome', 'good'], /--outcome wants one of/],
  [['--relation', 'good'], /--relation wants one of own, surname, vip/],
  [['--last', '0'], /--last wants/],
  [['--key', '/nonexistent'], /cannot be read/],
])('trail %j says what is wrong', async (options, says) => {
  const { folder, witness } = await aToldTrail()
  const ran = await hipaaMcp(['trail', folder, '--witness', witness, ...options])

  expect(ran.code).toBeGreaterThanOrEqual(2)
  expect(ran.notes).toMatch(says)
})
