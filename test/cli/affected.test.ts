import { expect, test } from 'vitest'
import { hipaaMcp } from '../support/command-line.ts'
import { verifies } from '../verifies.ts'
import { aToldTrail } from './a-told-trail.ts'
import { tamper } from './an-export.ts'

verifies(
  'breach:named',
  'each individual once, with when and how often, and whether it is certain',
  async () => {
    const { folder, key, witness } = await aToldTrail()

    const { out, code } = await hipaaMcp([
      'affected',
      folder,
      '--witness',
      witness,
      '--key',
      key,
      '--person',
      'nurse-7',
      '--json',
    ])

    expect(code).toBe(0)
    expect(JSON.parse(out)).toEqual([
      {
        patient: 'p-200',
        first: '2026-09-21T15:04:00.000Z',
        last: '2026-09-21T15:04:00.000Z',
        calls: 1,
        certain: true,
      },
      // Withheld is not affected (p-300); asked for without a known end may be.
      {
        patient: 'p-100',
        first: '2026-09-21T15:11:00.000Z',
        last: '2026-09-21T15:11:00.000Z',
        calls: 1,
        certain: false,
      },
    ])
  },
)

verifies('breach:named', 'all of a span of time, as a list for the notices', async () => {
  const { folder, key, witness } = await aToldTrail()

  const { out } = await hipaaMcp([
    'affected',
    folder,
    '--witness',
    witness,
    '--key',
    key,
    '--since',
    '2026-09-21',
    '--csv',
  ])

  expect(out.split('\n')).toEqual([
    'patient,first,last,calls,certain',
    'p-100,2026-09-21T15:02:00.000Z,2026-09-21T15:11:00.000Z,3,yes',
    'p-200,2026-09-21T15:04:00.000Z,2026-09-21T15:06:00.000Z,2,yes',
  ])
})

verifies(
  'breach:named',
  'nobody is named without the key, nor out of a trail that is not whole',
  async () => {
    const { folder, key, origins, witness } = await aToldTrail()

    expect(await hipaaMcp(['affected', folder, '--witness', witness])).toMatchObject({
      code: 2,
      notes: expect.stringMatching(/wants --key/) as string,
    })
    tamper(folder, origins[1], (lines) => lines.slice(0, -1))
    expect(await hipaaMcp(['affected', folder, '--witness', witness, '--key', key])).toMatchObject({
      code: 1,
      out: '',
    })
  },
)

test('its lines fit 80 columns', async () => {
  const { folder, key, witness } = await aToldTrail()
  const { out } = await hipaaMcp(['affected', folder, '--witness', witness, '--key', key])

  for (const line of out.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
  expect(out).toMatch(/2 individuals$/)
})
