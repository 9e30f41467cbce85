import { generateKeyPairSync } from 'node:crypto'
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { aFolder } from '../collector/a-trail.ts'
import { hipaaMcp } from '../support/command-line.ts'
import { verifies } from '../verifies.ts'
import { aToldTrail } from './a-told-trail.ts'
import { anExport, tamper } from './an-export.ts'

const period = ['--since', '2026-09-20', '--until', '2026-09-21T16:00:00Z']

function aSigningKey(): string {
  const file = join(aFolder(), 'reviewer.pem')
  const { privateKey } = generateKeyPairSync('ed25519')
  writeFileSync(file, privateKey.export({ type: 'pkcs8', format: 'pem' }))
  chmodSync(file, 0o600)
  return file
}

/** A trail, and the review of its period signed off. */
async function signed(key = aSigningKey()) {
  const made = await aToldTrail()
  const file = join(aFolder(), 'review.json')
  const who = ['--sign-off', file, '--by', 'R. Officer', '--sign', key, '--note', 'nothing to be done']
  const ran = await hipaaMcp(['activity', made.folder, '--witness', made.witness, ...period, ...who])
  return { ...made, file, ran }
}

verifies('audit:review', 'who did what, refusals and emergencies, the unusual first', async () => {
  const { folder, witness } = await aToldTrail()

  const { out, code } = await hipaaMcp(['activity', folder, '--witness', witness])

  expect(code).toBe(0)
  expect(out).toMatch(/PERSON +CALLS +REFUSED +PATIENTS +UNUSUAL\nnurse-7 +3 +1 +3 +emergency access: bg-1/)
  expect(out).toMatch(/REFUSED BECAUSE +TIMES +PERSONS\ntool-unknown +1 +1/)
  expect(out).toMatch(/held +trail exported by\s+officer@clinic.example/)
  for (const line of out.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
})

verifies(
  'audit:review',
  'the sign-off says who, when, which period and the hash of what was reviewed',
  async () => {
    const { file, folder, witness, ran } = await signed()

    expect(ran).toMatchObject({
      code: 0,
      notes: expect.stringMatching(/no record of the trail: keep it/) as string,
    })
    const { signOff } = JSON.parse(readFileSync(file, 'utf8')) as { signOff: object }
    expect(signOff).toMatchObject({
      by: 'R. Officer',
      server: 'clinic/ehr',
      since: '2026-09-20T00:00:00.000Z',
      until: '2026-09-21T16:00:00.000Z',
      review: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      note: 'nothing to be done',
    })
    expect(await hipaaMcp(['activity', folder, '--witness', witness, '--check', file])).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^The same: what R. Officer/) as string,
    })
  },
)

verifies('audit:review', 'a sign-off that was changed, or another trail, is found', async () => {
  const { file, folder, witness } = await signed()
  const other = await anExport()
  expect(
    await hipaaMcp(['activity', other.folder, '--witness', other.witness, '--check', file]),
  ).toMatchObject({
    code: 1,
    out: expect.stringMatching(/^NOT the same/) as string,
  })

  writeFileSync(file, readFileSync(file, 'utf8').replace('R. Officer', 'Somebody Else'))
  expect(await hipaaMcp(['activity', folder, '--witness', witness, '--check', file])).toMatchObject({
    code: 3,
    notes: expect.stringMatching(/was changed since it was signed/) as string,
  })
})

test('nothing is signed of a trail that is not whole, or of a period that is not over', async () => {
  const { folder, origins, witness } = await aToldTrail()
  const file = join(aFolder(), 'review.json')
  const who = ['--sign-off', file, '--by', 'R. Officer', '--sign', aSigningKey()]

  expect(
    await hipaaMcp(['activity', folder, '--witness', witness, ...who, '--until', '2026-09-22']),
  ).toMatchObject({
    code: 3,
    notes: expect.stringMatching(/wants --until, not after 2026-09-21T16:00:00.000Z/) as string,
  })
  tamper(folder, origins[0], (lines) => lines.slice(0, -1))
  expect((await hipaaMcp(['activity', folder, '--witness', witness, ...period, ...who])).code).toBe(1)
  expect(existsSync(file)).toBe(false)
})

test.each([
  ['others can read', (key: string) => chmodSync(key, 0o644), /Others can read/],
  ['none is in', (key: string) => writeFileSync(key, 'none'), /is no Ed25519 key/],
])('a key file that %s signs nothing', async (_, change, says) => {
  const key = aSigningKey()
  change(key)
  const { file, ran } = await signed(key)

  expect(ran).toMatchObject({ code: 3, notes: expect.stringMatching(says) as string })
  expect(existsSync(file)).toBe(false)
})

test.each([
  [['--sign-off', 'x'], /wants --by and --sign/],
  [['--by', 'x'], /belong to --sign-off/],
])('activity %j says what is wrong', async (options, says) => {
  const { folder, witness } = await aToldTrail()
  expect(await hipaaMcp(['activity', folder, '--witness', witness, ...options])).toMatchObject({
    code: 2,
    notes: expect.stringMatching(says) as string,
  })
})
