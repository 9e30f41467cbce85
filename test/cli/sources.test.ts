// Where a trail may lie, and what is left of it on the machine of whoever reads.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
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
