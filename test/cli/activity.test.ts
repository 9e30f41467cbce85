import { join } from 'node:path'
import { expect, test } from 'vitest'
import { hashOf } from '../../cli/trail/reviews.ts'
import { type Route, routes } from '../../collector/receive.ts'
import { Refusal } from '../../collector/refusals.ts'
import type { RegistryEntry } from '../../collector/registry.ts'
import type { Review } from '../../core/export/activity-review.ts'
import type { ReviewRequest } from '../../core/wire.ts'
import { aFolder, registryIn } from '../collector/a-trail.ts'
import { hipaaMcp } from '../support/command-line.ts'
import { accessEntries } from '../vectors/records.ts'
import { verifies } from '../verifies.ts'
import { aToldTrail, type Kept } from './a-told-trail.ts'
import { exported, tamper } from './an-export.ts'

const period = ['--since', '2026-09-20', '--until', '2026-09-21T16:00:00Z']

type Reviewed = Kept & { request: ReviewRequest; more: (said?: Partial<ReviewRequest>) => Promise<string> }

/** A trail whose period was reviewed; `more` puts a review on record, and exports the trail anew. */
async function reviewed(): Promise<Reviewed> {
  const made = await aToldTrail()
  const { out } = await hipaaMcp(['activity', made.folder, '--witness', made.witness, ...period, '--json'])
  const { reviewed: _, ...review } = JSON.parse(out) as Review & { reviewed: object }
  const request: ReviewRequest = {
    namespace: 'clinic',
    server: 'ehr',
    since: '2026-09-20T00:00:00.000Z',
    until: '2026-09-21T16:00:00.000Z',
    review: hashOf(review),
    witnessed: '2026-09-21T16:00:00.000Z',
    note: 'nothing to be done',
  }
  const more = async (said: Partial<ReviewRequest> = {}): Promise<string> => {
    await asked(made, { ...request, ...said })
    const folder = join(aFolder(), 'trail')
    await exported(made.trail, made.store, folder)
    return folder
  }
  return { ...made, request, more }
}

/** What the collector does when this person asks. */
async function asked({ trail, store }: Kept, request: object, person = 'r.officer'): Promise<unknown> {
  const route = routes(trail, store)['POST /v1/reviews'] as Route
  expect(route.roles).toEqual(['auditor'])
  const { body } = await route.run({
    identity: { role: 'auditor', person },
    url: new URL('https://collector/v1/reviews'),
    body: async () => Buffer.from(JSON.stringify(request)),
  })
  return JSON.parse(body as string)
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
  'audit:access',
  'what became of grants of this server and of revocations is shown, and the trail still verifies',
  async () => {
    const { trail, store, witness } = await aToldTrail()
    const elsewhere = { ...accessEntries[0], namespace: 'other' } as RegistryEntry
    await trail.registry.update(() => [...accessEntries, elsewhere])
    const folder = join(aFolder(), 'trail')
    await exported(trail, store, folder)

    expect(await hipaaMcp(['verify', folder, '--witness', witness])).toMatchObject({ code: 0 })
    const { out } = await hipaaMcp(['activity', folder, '--witness', witness, '--json'])
    const said = (JSON.parse(out) as Review).events.filter(({ kind }) => kind.endsWith('-changed'))
    expect(said.map(({ says }) => says.slice(0, 47))).toEqual([
      'grant night-1 of clinic/ehr approved by maria: ',
      'grant night-1 of clinic/ehr ended by maria',
      'grant night-1 of clinic/ehr reviewed by officer',
      'grant night-1 of clinic/ehr deleted',
      'grant repair-1 of clinic/ehr requested by engin',
      'revocation left-1 made by officer: person https',
      'revocation left-1 lifted',
    ])
    expect(out).not.toMatch(/AAAAAAAA|c2VhbGVk/)
  },
)

verifies(
  'audit:review',
  'a review is a record of the trail: who, which period, and the hash of what was reviewed',
  async () => {
    const made = await reviewed()
    const folder = await made.more()

    const { out, code } = await hipaaMcp(['activity', folder, '--witness', made.witness, '--check'])
    expect(code).toBe(0)
    expect(out).toMatch(/^The same: what r\.officer reviewed at 2026-09-21T16:00:00\.000Z/)
    const trail = await hipaaMcp(['trail', folder, '--witness', made.witness, '--outcome', 'noted', '--json'])
    expect(trail.out).toMatch(/reviewed by r\.officer: nothing to be done/)

    // What is not over yet was reviewed by nobody.
    await expect(asked(made, { ...made.request, until: '2027-01-01T00:00:00.000Z' })).rejects.toMatchObject({
      reason: 'review-too-early',
    })
    // Whoever asks says everything but who they are.
    await expect(asked(made, { ...made.request, by: 'chief-1' })).resolves.toEqual({
      index: expect.any(Number) as number,
    })
    const last = (await registryIn(made.store)).at(-1)
    expect(last).toMatchObject({ kind: 'activity-reviewed', by: 'r.officer', ...made.request })
  },
)

verifies('audit:review', 'a trail that says something else than was reviewed is found', async () => {
  const made = await reviewed()
  const folder = await made.more({ review: 'a'.repeat(64) })

  const { out, code } = await hipaaMcp(['activity', folder, '--witness', made.witness, '--check'])
  expect(code).toBe(1)
  expect(out).toMatch(/^NOT the same: what r\.officer/)
})

verifies('audit:review', 'a review that is overdue is told of, and fails the check', async () => {
  const made = await reviewed()
  const state = async (folder: string, ...more: string[]): Promise<{ code: number; notes: string }> =>
    await hipaaMcp(['activity', folder, '--witness', made.witness, ...more])
  expect((await state(made.folder)).notes).toMatch(/Nothing was reviewed yet; not overdue/)

  const day = 86_400_000
  made.clock.now += 3 * day
  const folder = await made.more()
  expect(await state(folder, '--every', '3')).toMatchObject({
    code: 0,
    notes: expect.stringMatching(/gap through 2026-09-21T16:00:00.000Z; not overdue/) as string,
  })
  made.clock.now += day
  // What leaves a gap before it does not count.
  const gap = await made.more({ since: '2026-09-23T00:00:00.000Z', until: '2026-09-24T00:00:00.000Z' })
  expect(await state(gap, '--every', '3')).toMatchObject({
    code: 0,
    notes: expect.stringMatching(/OVERDUE: Reviewed\s+without a gap through\s+2026-09-21T16/) as string,
  })
  expect((await state(gap, '--every', '3', '--check')).code).toBe(1)
  const { reviewed: said } = JSON.parse(
    (await hipaaMcp(['activity', gap, '--witness', made.witness, '--every', '3', '--json'])).out,
  ) as { reviewed: object }
  expect(said).toEqual({ through: '2026-09-21T16:00:00.000Z', overdue: true, everyDays: 3 })
})

test('no review is taken that is none, or that names more', async () => {
  const made = await reviewed()
  const before = made.trail.registry.size
  for (const wrong of [
    { review: 'x' },
    { until: 'yesterday' },
    { since: made.request.until },
    { patient: 'p-100' },
    { note: 7 },
  ])
    await expect(asked(made, { ...made.request, ...wrong }), JSON.stringify(wrong)).rejects.toThrow(Refusal)
  await expect(asked(made, [])).rejects.toThrow(Refusal)
  expect(made.trail.registry.size).toBe(before)
})

test('nothing is signed off of a trail that is not whole, or of a period that is not over', async () => {
  const { folder, origins, witness } = await aToldTrail()
  expect(
    await hipaaMcp(['activity', folder, '--witness', witness, '--sign-off', '--until', '2026-09-22']),
  ).toMatchObject({
    code: 3,
    notes: expect.stringMatching(/wants --until, not after 2026-09-21T16:00:00.000Z/) as string,
  })
  tamper(folder, origins[0], (lines) => lines.slice(0, -1))
  expect((await hipaaMcp(['activity', folder, '--witness', witness, ...period, '--sign-off'])).code).toBe(1)
})

test.each([
  [['--sign-off', '--check'], /without --sign-off/],
  [['--note', 'x'], /belongs to --sign-off/],
  [['--every', '0'], /--every wants a number of days/],
])('activity %j says what is wrong', async (options, says) => {
  const { folder, witness } = await aToldTrail()
  expect(await hipaaMcp(['activity', folder, '--witness', witness, ...options])).toMatchObject({
    code: 2,
    notes: expect.stringMatching(says) as string,
  })
})
