import { expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { compilePolicy } from '../../core/compile.ts'
import { parsePolicy } from '../../core/parse-policy.ts'
import { policyText } from '../../core/policy.ts'
import type { BusinessAssociateAgreement } from '../../crds/businessassociateagreement.generated.ts'
import type { HipaaMcpServer } from '../../crds/hipaamcpserver.generated.ts'
import { rulesOf } from '../../sidecar/rules.ts'
import { authority } from '../sample/certificates.ts'
import { records } from '../sample/fhir.ts'
import { inWords } from './calls.ts'
import { leaksIn } from './leaks.ts'
import { manifest, quoted } from './manifests.ts'
import { alertsOf, filled, prometheus, questionsOf } from './prometheus.ts'
import { wrap } from './screen.ts'
import { agreement } from './steps/egress.ts'
import { dashboard, rules } from './steps/monitoring.ts'
import { refusals } from './steps/refusals.ts'
import { inUnit } from './units.ts'

async function demoServer(): Promise<HipaaMcpServer> {
  const { cert } = await authority('some CA')
  const text = await manifest('server', { AGENTS_CA: quoted(cert), CLINIC_CA: quoted(cert) })
  return parseAllDocuments(text)[0]?.toJS() as HipaaMcpServer
}

test('the demo’s HipaaMcpServer compiles to a policy that a sidecar can enforce', async () => {
  const held = parseAllDocuments(await agreement(3_600))[0]?.toJS() as BusinessAssociateAgreement
  const compiled = compilePolicy(await demoServer(), { agreements: [held], clientCa: '' })

  if (!('policy' in compiled)) throw new Error(compiled.issues.join('; '))
  expect(parsePolicy(policyText(compiled.policy))).toEqual(compiled.policy)
  expect(() => rulesOf(compiled.policy)).not.toThrow()
  expect(compiled.policy.egress.map(({ host }) => host)).toEqual([
    'ehr-db',
    'records.vendor.svc.cluster.local',
  ])
  expect(
    compiled.policy.tools.some(({ name }) => name === 'get_patient_record' || name === 'search_patients'),
  ).toBe(false)
})

test('a manifest with a name left open is refused', async () => {
  await expect(manifest('server', { AGENTS_CA: '' })).rejects.toThrow('wants CLINIC_CA')
})

test('every manifest is YAML once its names are filled in', async () => {
  const anything = new Proxy({}, { get: () => 'x', has: () => true }) as Record<string, string>
  for (const name of ['clinic', 'identity', 'vendor', 'agents', 'monitoring', 'agreement', 'server']) {
    for (const document of parseAllDocuments(await manifest(name, anything))) {
      expect(document.errors, name).toEqual([])
      expect(document.toJS(), name).toMatchObject({
        apiVersion: expect.any(String),
        kind: expect.any(String),
      })
    }
  }
})

test('a leak is found by value and by form, and harmless text is none', () => {
  const [record] = records(4, 1)
  if (record === undefined) throw new Error('no record')

  expect(leaksIn(JSON.stringify(record), record)).toEqual(
    expect.arrayContaining(['given', 'family', 'mrn', 'ssn', 'phone', 'email', 'a whole date']),
  )
  expect(leaksIn('seen on 03/14/2025', record)).toEqual(['a whole date'])
  expect(leaksIn('[NAME] was seen in 2025 with asthma', record)).toEqual([])
})

test('no line of the screen is longer than its column, and no word is lost', () => {
  const text = `  An ${'extraordinarily'.repeat(6)} long word, and a sentence that goes on for a while after it.`

  const broken = wrap(text, 30)

  expect(broken.every((line) => line.length <= 30 && line.startsWith('  '))).toBe(true)
  expect(broken.join('').replaceAll(' ', '')).toBe(text.replaceAll(' ', ''))
})

test('an outcome in words says how it was refused', () => {
  expect(
    inWords({ ok: false, status: 200, code: -32602, says: 'Unknown tool', data: { reason: 'tool-unknown' } }),
  ).toBe('HTTP 200, -32602 tool-unknown: Unknown tool')
  expect(inWords({ ok: false, says: 'no answer', failed: 'ECONNREFUSED' })).toBe(
    'no answer: the connection is refused',
  )
})

/** Of how many refusals it counts as seen when a call fails with this. */
const meant = (failed: string): number =>
  refusals.filter((one) => one.meant({ ok: false, says: 'no answer', failed })).length

test('a call that failed before it left the agent is no refusal', () => {
  expect(meant('ERR_INVALID_URL')).toBe(0)
  expect(meant('ECONNREFUSED')).toBe(3)
})

test('values are written with the unit that a person reads', () => {
  expect([0.004_21, 0.92, 12, 80_000].map((value) => inUnit(value, 's'))).toEqual([
    '4.21 ms',
    '920 ms',
    '12.0 s',
    '22.2 hours',
  ])
  expect(inUnit(0.5, 'reqps')).toBe('0.50 req/s')
  expect(inUnit(12_345)).toBe('1.23 K')
})

test('questions hold no variable of Grafana any more, and an alert’s measure no threshold', async () => {
  const asked = questionsOf(await dashboard())

  expect(asked.length).toBeGreaterThan(15)
  expect(asked.filter(({ expr }) => expr.includes('$'))).toEqual([])
  expect(alertsOf(await rules()).map(({ measure }) => measure)).toEqual([
    'hipaa_mcp_breach_signals',
    'sum by (server) (increase(hipaa_mcp_break_glass_calls_total[10m]))',
    'max(hipaa_mcp_sealing_hindered)',
    'max by (witness) (hipaa_mcp_witnesses{state="refuses"})',
    'max(hipaa_mcp_witness_late)',
    'max by (reason) (hipaa_mcp_archive_gaps)',
    'max by (copy) (hipaa_mcp_copy_behind)',
    'sum by (copy) (increase(hipaa_mcp_copy_refused_total[10m]))',
    'max by (server, from, to) (hipaa_mcp_network_attempts_open)',
    'time() - max by (server) (hipaa_mcp_network_proof_timestamp_seconds)',
    'max by (agreement) (hipaa_mcp_agreement_days_left)',
    'max by (agreement) (hipaa_mcp_agreement_active)',
    'min by (name) (hipaa_mcp_ca_secret_held)',
    'max by (server, reason) (hipaa_mcp_trail_pressure)',
    'max by (state) (hipaa_mcp_trail_volumes{state=~"NotRetained|Failed"})',
    'max by (state) (hipaa_mcp_trail_volumes{state=~"Waiting|Recovering"})',
    'max by (server) (hipaa_mcp_locked)',
  ])
  expect(filled('rate(x[$__rate_interval])')).toBe('rate(x[30s])')
})

test('an error of Prometheus is an error, not an empty answer', async () => {
  const ask = prometheus(async () => await Promise.resolve('{"status":"error","error":"bad query"}'))

  await expect(ask.instant('up(')).rejects.toThrow('bad query')
})
