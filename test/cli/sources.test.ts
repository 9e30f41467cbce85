// Where a trail may lie, and what is left of it on the machine of whoever reads.

import { existsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { expect, test } from 'vitest'
import { spooledSource } from '../../cli/trail/spooled-source.ts'
import { checkExport } from '../../cli/verify/export-check.ts'
import { hipaaMcp } from '../support/command-line.ts'
import { verifies } from '../verifies.ts'
import { anExport, exported } from './an-export.ts'

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
