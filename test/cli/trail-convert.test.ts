import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { aFolder } from '../collector/a-trail.ts'
import { hipaaMcp } from '../support/command-line.ts'
import { verifies } from '../verifies.ts'
import { aToldTrail } from './a-told-trail.ts'
import { tamper } from './an-export.ts'

test.each([
  ['fhir', /^\{"resourceType":"AuditEvent",/, 15],
  ['ocsf', /^\{"category_uid":6,/, 14],
  ['csv', /^time,kind,outcome,/, 15],
  ['native', /^\{"origin":"hipaa-mcp.dev/, 14],
])('trail export writes %s into one new file that its owner alone can read', async (format, first, lines) => {
  const { folder, key, witness } = await aToldTrail()
  const file = join(aFolder(), 'out')

  const ran = await hipaaMcp([
    'trail',
    'export',
    folder,
    '--witness',
    witness,
    '--format',
    format,
    '-o',
    file,
    '--key',
    key,
  ])

  expect(ran).toMatchObject({ code: 0 })
  const text = readFileSync(file, 'utf8')
  expect(text).toMatch(first)
  expect(text).toContain('p-100')
  expect(text.trimEnd().split('\n')).toHaveLength(lines)
  expect(statSync(file).mode & 0o777).toBe(0o600)
})

test('what is exported is filtered as what is shown', async () => {
  const { folder, key, witness } = await aToldTrail()
  const file = join(aFolder(), 'out')
  const options = ['--format', 'csv', '-o', file, '--key', key, '--patient', 'p-200', '--json']

  const { out } = await hipaaMcp(['trail', 'export', folder, '--witness', witness, ...options])

  expect(JSON.parse(out)).toEqual({ file, format: 'csv', events: 2 })
  expect(readFileSync(file, 'utf8').match(/,c-\d,/g)).toEqual([',c-2,', ',c-3,'])
})

verifies('audit:exports', 'a trail that is not whole leaves no file that looks like evidence', async () => {
  const { folder, origins, witness } = await aToldTrail()
  tamper(folder, origins[0], (lines) => lines.slice(0, -1))
  const file = join(aFolder(), 'out')

  const ran = await hipaaMcp([
    'trail',
    'export',
    folder,
    '--witness',
    witness,
    '--format',
    'fhir',
    '-o',
    file,
  ])

  expect(ran).toMatchObject({ code: 1, out: '' })
  expect([existsSync(file), existsSync(`${file}.partial`)]).toEqual([false, false])
})

test.each([
  [['--format', 'pdf', '-o', 'x'], /--format wants one of fhir, ocsf, csv, native/],
  [['--format', 'csv'], /--output wants a new file/],
])('trail export %j says what is wrong', async (options, says) => {
  const { folder, witness } = await aToldTrail()

  expect(await hipaaMcp(['trail', 'export', folder, '--witness', witness, ...options])).toMatchObject({
    code: 2,
    notes: expect.stringMatching(says) as string,
  })
})

test('a file that is there already stays what it is', async () => {
  const { folder, witness } = await aToldTrail()
  const file = join(aFolder(), 'out')
  writeFileSync(file, 'kept')

  const ran = await hipaaMcp(['trail', 'export', folder, '--witness', witness, '--format', 'csv', '-o', file])

  expect(ran).toMatchObject({ code: 3, notes: expect.stringMatching(/is there already/) as string })
  expect(readFileSync(file, 'utf8')).toBe('kept')
})
