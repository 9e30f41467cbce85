import { expect } from 'vitest'
import { logIdentifiers, type Tally } from '../../../core/log-identifiers.ts'
import { normalize } from '../../../core/text/normalize.ts'
import { fromWrapper } from '../../../operator/server-logs/wrapper.ts'
import { verifies } from '../../verifies.ts'

const judgeLog = (text: string): Tally => logIdentifiers(normalize(text).text)

/** What the wrapper says. */
const line = (identifiers: object): string => JSON.stringify({ program: 'wrapper', lines: 2, identifiers })

const patient = {
  resourceType: 'Patient',
  name: [{ family: 'Quistelbrunn', given: ['Ottoline'] }],
  birthDate: '1961-03-09',
}

// biome-ignore format: a table reads best as a table
const found: readonly { line: string; is: Tally }[] = [
  { line: 'lookup of MRN-00481516 took 12 ms', is: { mrn: 1 } },
  { line: '{"level":30,"mrn":"00481516","msg":"found"}', is: { mrn: 1 } },
  { line: 'medical record number: 0048-1516 not found', is: { mrn: 1 } },
  { line: 'ssn=219-09-9999', is: { ssn: 1 } },
  { line: 'SSN: 219099999', is: { ssn: 1 } },
  { line: 'ｓｓｎ ２１９－０９－９９９９', is: { ssn: 1 } },
  { line: 'paged (413) 555-0142 and 413-555-0143, +1 413 555 0144', is: { phone: 3 } },
  { line: 'mail to ottoline.q@example.org failed', is: { email: 1 } },
  { line: `serving ${JSON.stringify(patient)}`, is: { name: 2, 'birth-date': 1 } },
  { line: JSON.stringify({ msg: JSON.stringify(patient) }), is: { name: 2, 'birth-date': 1 } },
  { line: 'patient name: Ottoline', is: { name: 1 } },
  { line: 'DOB=3/9/1961', is: { 'birth-date': 1 } },
]

for (const { line: written, is } of found)
  verifies('transmission:server-logs', `it is counted: ${Object.keys(is).join(', ')} in a line`, () => {
    expect(judgeLog(`starting\n${written}\nend`)).toEqual(is)
  })

const harmless = [
  'GET /mcp 200 12 3456',
  '2026-11-26T07:52:03.123456789Z listening on 0.0.0.0:8080',
  'connected to postgres://ehr:secret@ehr-db.clinic.svc:5432/ehr',
  'pulled ghcr.io/clinic/ehr@sha256:0f3c2a',
  '    at run (/app/node_modules/express@4.18.2/lib/router.js:123:45)',
  'warn npm express@4.18.2: please upgrade to 5.0.0',
  'request 550e8400-e29b-41d4-a716-446655440000 done in 413.555 ms',
  'record 10023 saved, account 778812 unchanged, policy 3f2a91 loaded, member 12345678 skipped',
  'call 1718000000000 returned 0',
  '"name":"ehr","version":"1.0.0","hostname":"ehr-mcp-7d9f8"',
  'retry in 100-400-5000 ms',
  'pool 10-20-3000',
  '+2026-11-26 07:00 cron ran',
  'Visit https://github.com/clinic/ehr or git@github.com:clinic/ehr.git',
]

for (const written of harmless)
  verifies('transmission:server-logs', `no finding: ${written.slice(0, 40)}`, () => {
    expect(judgeLog(written)).toEqual({})
  })

verifies('transmission:server-logs', 'hostile text costs no more than its length', () => {
  const hostile = ['1-', '"family":"', 'a@', 'a.', '(413)', 'MRN ', '+1 '].map((part) => part.repeat(200_000))

  for (const text of hostile) {
    const from = performance.now()
    judgeLog(text)
    // A hundred times what a text of this length takes: quadratic time would be hours.
    expect(performance.now() - from, text.slice(0, 10)).toBeLessThan(5_000)
  }
})

verifies(
  'stdio:silent',
  'what the wrapper counted is taken over, and nothing else that stands in a log',
  () => {
    expect(fromWrapper([line({ ssn: 2, name: 1 }), line({ ssn: 1 }), 'other'].join('\n'))).toEqual({
      ssn: 3,
      name: 1,
    })
    const lies = [{ ssn: -1, mrn: 1.5, name: '7', Quistelbrunn: 3 }, { ssn: 1e12 }, []]
    expect(fromWrapper(lies.map(line).join('\n'))).toEqual({})
    expect(fromWrapper('{"program":"wrapper","identifiers":')).toEqual({})
  },
)
