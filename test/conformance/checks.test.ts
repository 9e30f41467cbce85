import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { readRows } from './checks.ts'
import { requirementsOf } from './suite.ts'

/** A folder as the suite leaves it: one below it for each scenario, named after it and the time. */
async function aRun(checks: { [scenario: string]: object[] | undefined }): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'hipaa-mcp-checks-'))
  onTestFinished(async () => await rm(folder, { recursive: true, force: true }))
  await writeFile(join(folder, 'suite.log'), 'words of the suite')
  for (const [scenario, found] of Object.entries(checks)) {
    const below = join(folder, `server-${scenario}-2026-11-26T00-48-38-456Z`)
    await mkdir(below)
    if (found !== undefined) await writeFile(join(below, 'checks.json'), JSON.stringify(found))
  }
  return folder
}
const aCheck = (changes: object = {}) => ({ id: 'ping', name: 'Ping', status: 'SUCCESS', ...changes })

test('every check is a row of its scenario, also one whose name ends in a date', async () => {
  const folder = await aRun({
    ping: [aCheck(), aCheck({ status: 'FAILURE', errorMessage: 'no answer' })],
    'json-schema-2020-12': [aCheck({ id: 'schema', name: 'Schema', status: 'SKIPPED' })],
  })

  const rows = await readRows('2025-11-25', folder, { scored: ['ping'], others: ['json-schema-2020-12'] })

  const leg = '2025-11-25'
  expect(rows).toEqual([
    { leg, scenario: 'json-schema-2020-12', id: 'schema', name: 'Schema', status: 'SKIPPED', scored: false },
    { leg, scenario: 'ping', id: 'ping', name: 'Ping', status: 'SUCCESS', scored: true },
    { leg, scenario: 'ping', id: 'ping', name: 'Ping', status: 'FAILURE', scored: true, says: 'no answer' },
  ])
})

test.each<[string, object[] | undefined]>([
  ['threw', undefined],
  ['checked nothing', []],
])('a scenario that %s counts as one failure', async (_, checks) => {
  const folder = await aRun({ ping: checks })

  const rows = await readRows('2025-11-25', folder, { scored: ['ping'], others: [] })

  expect(rows).toMatchObject([{ scenario: 'ping', id: 'no-checks', status: 'FAILURE', scored: true }])
})

test('a run that broke off counts as a failure of every scenario that it did not reach', async () => {
  const folder = await aRun({ ping: [aCheck()] })

  const rows = await readRows('2025-11-25', folder, { scored: ['ping', 'tools-list'], others: ['polling'] })

  expect(rows.filter(({ status }) => status === 'FAILURE')).toMatchObject([
    { scenario: 'tools-list', scored: true },
    { scenario: 'polling', scored: false },
  ])
})

test('checks that are no JSON are an error and not a run without checks', async () => {
  const folder = await aRun({ ping: [] })
  await writeFile(join(folder, 'server-ping-2026-11-26T00-48-38-456Z', 'checks.json'), '{"id":')

  await expect(readRows('2025-11-25', folder, { scored: ['ping'], others: [] })).rejects.toThrow(/JSON/)
})

test('checks that cannot be read are an error too', async () => {
  const folder = await aRun({ ping: undefined })
  await mkdir(join(folder, 'server-ping-2026-11-26T00-48-38-456Z', 'checks.json'))

  await expect(readRows('2025-11-25', folder, { scored: ['ping'], others: [] })).rejects.toThrow(/EISDIR/)
})

test('the suite’s own lists say what is scored: 30 scenarios of 2025-11-25, 37 of 2026-07-28', async () => {
  const [stateful, stateless] = [await requirementsOf('2025-11-25'), await requirementsOf('2026-07-28')]

  expect([stateful.scored.length, stateful.others.length]).toEqual([30, 3])
  expect([stateless.scored.length, stateless.others.length]).toEqual([37, 13])
})
