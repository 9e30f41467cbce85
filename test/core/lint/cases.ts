// What makes each rule find something: for the tests, and for the examples in docs/policy-linter.md.

import type { Context } from '../../../core/lint/finding.ts'
import type { Use } from '../../../core/lint/use.ts'
import type { BusinessAssociateAgreement } from '../../../crds/businessassociateagreement.generated.ts'
import type { HipaaMcpServer } from '../../../crds/hipaamcpserver.generated.ts'
import { aCleanAgreement, aCleanServer, aTool, context } from './a-server.ts'

type Spec = HipaaMcpServer['spec']
export type Change = (spec: Spec) => void

const first = (spec: Spec) => spec.tools[0] as Spec['tools'][number]
const role = (spec: Spec, index = 0) => spec.roles[index] as Spec['roles'][number]
export const rename =
  (name: string, changes: Partial<Spec['tools'][number]> = {}): Change =>
  (spec) => {
    spec.tools[0] = aTool(name, { returns: { fields: ['/conditions/*/code'] }, ...changes })
    role(spec).tools = [name, 'list_medications']
  }
export const returns =
  (changes: Partial<Spec['tools'][number]['returns']>): Change =>
  (spec) => {
    first(spec).returns = { ...first(spec).returns, ...changes }
  }
const argument =
  (name: string, schema: object, more: object = {}): Change =>
  (spec) => {
    const { properties } = first(spec).arguments as { properties: object }
    first(spec).arguments = {
      ...first(spec).arguments,
      ...more,
      properties: { ...properties, [name]: schema },
    }
  }

/** Rule, its place, and what makes it find. Several rows of a rule are several cases. */
export const cases: readonly [rule: string, place: string, change: Change][] = [
  ['policy-invalid', '/spec/tools/0/arguments', argument('a', { type: 'nothing' })],
  ['policy-invalid', '/spec/roles/0', (spec) => role(spec).tools.push('gone')],
  ['policy-invalid', '/spec/maxPolicyAge', (spec) => (spec.maxPolicyAge = 'soon')],
  ['patient-astray', '/spec/tools/0/patient', (spec) => (first(spec).patient = '/mrn')],
  [
    'patient-astray',
    '/spec/prompts/0/patient',
    (spec) => {
      spec.prompts = [{ name: 'sum', patient: '/who', returns: { fields: ['/messages'] } }]
      role(spec).prompts = ['sum']
    },
  ],
  [
    'constant-required',
    '/spec/tools/0/arguments/required/1',
    (spec) => {
      first(spec).with = { sections: ['conditions'] }
      first(spec).arguments = { ...first(spec).arguments, required: ['patient_id', 'sections'] }
    },
  ],
  [
    'required-unknown',
    '/spec/tools/0/arguments/required/0',
    (spec) => (first(spec).arguments = { ...first(spec).arguments, required: ['mrn'] }),
  ],
  ...[
    'get_patient_record',
    'getPatientRecord',
    'patient-everything',
    'get_all_notes',
    'run_query',
    'execute_sql',
    'query_observations',
    'export_patients',
    'list_patients',
    'list_all',
    'read_file',
    'fetch',
    'http_get',
    'open_url',
    'get_patient',
    'run_command',
    'getPatientById',
    'request_patient_resource',
    'call_api',
    'read_multiple_files',
  ].map((name): [string, string, Change] => ['broad-tool', '/spec/tools/0/name', rename(name)]),
  [
    'broad-tool',
    '/spec/tools/0/name',
    (spec) => {
      rename('search_notes')(spec)
      delete first(spec).patient
    },
  ],
  [
    'broad-source',
    '/spec/tools/0/from',
    (spec) => {
      first(spec).from = 'get_patient_record'
      first(spec).returns = { fields: ['/entry/*/resource'] }
    },
  ],
  [
    'duplicate-tool',
    '/spec/tools/3/name',
    (spec) => {
      spec.tools.push({ ...first(spec), name: 'diagnoses', from: 'get_diagnosis' })
      role(spec, 1).tools.push('diagnoses')
    },
  ],
  ['open-argument', '/spec/tools/0/arguments/properties/filter', argument('filter', { type: 'string' })],
  ['open-argument', '/spec/tools/0/arguments/properties/url', argument('url', {})],
  [
    'open-schema',
    '/spec/tools/0/arguments/additionalProperties',
    argument('a', { type: 'integer' }, { additionalProperties: true }),
  ],
  [
    'open-schema',
    '/spec/tools/0/arguments/properties/o/unevaluatedProperties',
    argument('o', { type: 'object', unevaluatedProperties: true }),
  ],
  ['any-text-argument', '/spec/tools/0/arguments/properties/topic', argument('topic', { type: 'string' })],
  [
    'identifier-in-schema',
    '/spec/tools/0/arguments/properties/who/enum',
    argument('who', { enum: ['123-45-6789'] }),
  ],
  [
    'identifier-in-schema',
    '/spec/tools/0/arguments/properties/who/default',
    argument('who', { type: 'string', pattern: 'x', default: 'jane@clinic.example' }),
  ],
  ['identifier-in-schema', '/spec/tools/0/with', (spec) => (first(spec).with = { mrn: 'MRN 00123456' })],
  [
    'person-in-schema',
    '/spec/tools/0/arguments/properties/who/enum',
    argument('who', { enum: ['Jane Roe', 'John Doe'] }),
  ],
  [
    'identifier-in-description',
    '/spec/tools/0/description',
    (spec) => (first(spec).description = 'Call (555) 123-4567 for more'),
  ],
  [
    'identifier-in-description',
    '/spec/tools/0/arguments/properties/n/description',
    argument('n', { type: 'integer', description: 'As in 123-45-6789' }),
  ],
  ['whole-record-unjustified', '/spec/tools/0/returns/fields/0', returns({ fields: [''] })],
  ['whole-record-unjustified', '/spec/tools/0/returns/fields/1', returns({ fields: ['/a', '/*'] })],
  [
    'whole-record',
    '/spec/tools/0/returns/fields/0',
    returns({ fields: [''], reason: 'a person asks for a copy' }),
  ],
  ['wildcard-field', '/spec/tools/0/returns/fields/0', returns({ fields: ['/conditions/*'] })],
  ['wildcard-field', '/spec/tools/0/returns/fields/0', returns({ fields: ['/entry/*/resource'] })],
  ['field-unknown', '/spec/tools/0/returns/fields/1', returns({ fields: ['/a', 'Condition.cod'] })],
  [
    'field-unknown',
    '/spec/tools/0/returns/for/0/fields/0',
    returns({ for: [{ roles: ['clinician'], purposes: ['TREAT'], fields: ['Patent.name'] }] }),
  ],
  [
    'policy-invalid',
    '/spec/tools/0/returns/for/0/roles',
    returns({ for: [{ roles: ['nobody'], purposes: ['TREAT'], fields: ['/a'] }] }),
  ],
  [
    'whole-record-unjustified',
    '/spec/tools/0/returns/for/0/fields/0',
    returns({ for: [{ roles: ['clinician'], purposes: ['TREAT'], fields: ['/*'] }] }),
  ],
  ['wildcard-field', '/spec/tools/0/returns/fields/0', returns({ fields: ['Observation'] })],
  ['identifying-field', '/spec/tools/0/returns/fields/0', returns({ fields: ['Patient.name'] })],
  [
    'field-covered',
    '/spec/tools/0/returns/fields/0',
    returns({ fields: ['Patient.name.family', 'Patient.name'] }),
  ],
  [
    'bulk-allowed',
    '/spec/tools/0/bulk',
    (spec) => Object.assign(first(spec), { bulk: 'Allowed', reason: 'a report over the ward' }),
  ],
  [
    'identifiers-in-arguments',
    '/spec/tools/0/identifiers',
    (spec) => Object.assign(first(spec), { identifiers: 'Keep', reason: 'search by name at the desk' }),
  ],
  ['returns-nothing', '/spec/tools/0/returns/fields', returns({ fields: [] })],
  ['field-covered', '/spec/tools/0/returns/fields/1', returns({ fields: ['/a/*/b', '/a/*/b/c'] })],
  ['identifying-field', '/spec/tools/0/returns/fields/1', returns({ fields: ['/code', '/name/*/family'] })],
  ['identifying-field', '/spec/tools/0/returns/fields/0', returns({ fields: ['/patients/*/name'] })],
  ['text-kept', '/spec/tools/0/returns/text', returns({ text: 'Keep', reason: 'of one clinic' })],
  [
    'text-kept',
    '/spec/fromServer/progress/text',
    (spec) => (spec.fromServer = { progress: { text: 'Keep' } }),
  ],
  ['media-kept', '/spec/tools/0/returns/media', returns({ media: 'Keep', reason: 'the scan is asked for' })],
  ['free-text-passes', '/spec/tools/0/returns/text', returns({ text: 'Redact' })],
  ['pseudonyms-unrotated', '/spec/tools/0/returns/pseudonyms', returns({ pseudonyms: ['/patient'] })],
  [
    'logs-unwatched',
    '/spec/workload/logs/watch',
    (spec) => (spec.workload = { ...spec.workload, logs: { watch: 'Off' } }),
  ],
  ['text-dropped', '/spec/tools/0/returns/text', returns({ text: 'Drop', fields: ['/notes/*/text'] })],
  [
    'part-unreachable',
    '/spec/resources/0/name',
    (spec) => (spec.resources = [{ name: 'labs', uri: 'ehr://labs', returns: { fields: ['/code'] } }]),
  ],
  ['part-unreachable', '/spec/tools/3/name', (spec) => spec.tools.push(aTool('list_allergies'))],
  [
    'patient-missing',
    '/spec/tools/0',
    (spec) => {
      delete first(spec).patient
    },
  ],
  [
    'patient-missing',
    '/spec/tools/0',
    (spec) => {
      delete first(spec).patient
      first(spec).arguments = { type: 'object', properties: {} }
    },
  ],
  [
    'patient-missing',
    '/spec/resources/0',
    (spec) => {
      spec.resources = [{ name: 'labs', uri: 'ehr://p/{patient}/labs', returns: { fields: ['/code'] } }]
      role(spec).resources = ['labs']
    },
  ],
  [
    'patient-optional',
    '/spec/tools/0/arguments',
    (spec) => (first(spec).arguments = { ...first(spec).arguments, required: [] }),
  ],
  [
    'role-with-all-tools',
    '/spec/roles/1/tools',
    (spec) => (role(spec, 1).tools = spec.tools.map(({ name }) => name)),
  ],
  ['role-reaches-any-patient', '/spec/roles/0/patients', (spec) => (role(spec).patients = 'Any')],
  [
    'role-reaches-every-patient',
    '/spec/roles/0/patients',
    (spec) => {
      delete spec.identity.panel
      for (const one of spec.roles) one.patients = 'Any'
    },
  ],
  [
    'role-without-anything',
    '/spec/roles/2/tools',
    (spec) => spec.roles.push({ ...role(spec), name: 'guest', when: { role: 'Guest' }, tools: [] }),
  ],
  ['role-hidden', '/spec/roles/1/when', (spec) => (role(spec, 1).when = { role: 'Clinician', scopes: [] })],
  ['purposes-wide', '/spec/roles/0/purposes', (spec) => role(spec).purposes.push('HPAYMT')],
  [
    'purposes-wide',
    '/spec/roles/1/purposes',
    (spec) => (role(spec, 1).purposes = ['HPAYMT', 'COVAUTH', 'ELIGVER', 'ENROLLM']),
  ],
  ['purpose-clinical', '/spec/roles/1/tools', (spec) => role(spec, 1).tools.push('get_diagnosis')],
  ['purpose-unknown', '/spec/roles/0/purposes/1', (spec) => role(spec).purposes.push('TREATMENT')],
  ['purpose-emergency', '/spec/roles/0/purposes', (spec) => role(spec).purposes.push('BTG')],
  [
    'limits-wide',
    '/spec/tools/0/limits/callsPerMinute',
    (spec) => (first(spec).limits = { callsPerMinute: 6000 }),
  ],
  [
    'limits-unset',
    '/spec/tools/0',
    (spec) => {
      delete first(spec).limits
    },
  ],
  [
    'breach-rule-wide',
    '/spec/breach/rules/0/distinctPatients',
    (spec) => (spec.breach = { rules: [{ distinctPatients: 2000, per: '1h' }] }),
  ],
  ['breach-rule-wide', '/spec/breach/rules', (spec) => (spec.breach = { rules: [] })],
  [
    'mfa-without-rule',
    '/spec/identity/issuers/0',
    (spec) => {
      for (const issuer of spec.identity.issuers) issuer.provider = 'Generic'
    },
  ],
  ['mfa-old', '/spec/identity/mfa/maxAge', (spec) => (spec.identity.mfa = { maxAge: '24h' })],
  ['session-long', '/spec/identity/sessions/idle', (spec) => (spec.identity.sessions = { idle: '2h' })],
  [
    'session-long',
    '/spec/identity/sessions/absolute',
    (spec) => (spec.identity.sessions = { absolute: '48h' }),
  ],
  [
    'training-unchecked',
    '/spec/identity',
    (spec) => {
      delete spec.identity.training
    },
  ],
  [
    'purpose-unproved',
    '/spec/identity',
    (spec) => {
      delete spec.identity.purpose
    },
  ],
  ['profile-development', '/spec/profile', (spec) => (spec.profile = 'Development')],
  ['tls-old', '/spec/tls/minVersion', (spec) => (spec.tls = { minVersion: '1.2' })],
  ['discovery-unneeded', '/spec/tls/discovery', (spec) => (spec.tls = { discovery: { port: 8444 } })],
  ['retention-short', '/spec/trail/retention', (spec) => (spec.trail = { retention: '1000d' })],
  ['sampling-without-agreement', '/spec/fromServer/sampling', (spec) => (spec.fromServer = { sampling: {} })],
  [
    'elicitation-hosts',
    '/spec/fromServer/elicitation/modes',
    (spec) => (spec.fromServer = { elicitation: { modes: ['url'] } }),
  ],
  [
    'elicitation-hosts',
    '/spec/fromServer/elicitation/hosts',
    (spec) => (spec.fromServer = { elicitation: { hosts: ['a.example'] } }),
  ],
  [
    'elicitation-hosts',
    '/spec/fromServer/elicitation/hosts/0',
    (spec) => (spec.fromServer = { elicitation: { modes: ['url'], hosts: ['a.example'] } }),
  ],
  ['completion-on', '/spec/fromServer/completion', (spec) => (spec.fromServer = { completion: {} })],
  [
    'agreement-missing',
    '/spec/network/egress/1/baa',
    (spec) => spec.network?.egress?.push({ baa: 'nobody' }),
  ],
  [
    'agreement-missing',
    '/spec/fromServer/sampling/agreement',
    (spec) => (spec.fromServer = { sampling: { agreement: 'nobody' } }),
  ],
  ['agreement-inactive', '/spec/network/egress/1/baa', (spec) => spec.network?.egress?.push({ baa: 'old' })],
  [
    'ingress-anywhere',
    '/spec/network/ingress/1/cidr',
    (spec) => spec.network?.ingress?.push({ cidr: '0.0.0.0/0' }),
  ],
  [
    'ingress-whole-namespace',
    '/spec/network/ingress/1',
    (spec) => spec.network?.ingress?.push({ namespace: 'others' }),
  ],
  ['ingress-missing', '/spec', (spec) => (spec.network = {})],
  [
    'stores-undeclared',
    '/spec',
    (spec) => {
      delete spec.stores
      delete spec.network?.egress
    },
  ],
  ...['drop.example.com', 'a.b.c.svc', 'db.clinic.pod.cluster.local'].map((host): (typeof cases)[number] => [
    'store-elsewhere',
    '/spec/network/egress/0/host',
    (spec) => Object.assign(spec.network?.egress?.[0] ?? {}, { host }),
  ]),
  ['store-unreached', '/spec/stores/0', (spec) => delete spec.network?.egress],
]

export const agreementCases: readonly [string, string, Partial<BusinessAssociateAgreement['spec']>][] = [
  ['agreement-over', '/spec/expires', { expires: '2026-10-01T00:00:00Z' }],
  ['agreement-ends-soon', '/spec/expires', { expires: '2026-12-01T00:00:00Z' }],
  ['agreement-unsigned', '/spec/document/sha256', { document: { sha256: '0'.repeat(64) } }],
  ['agreement-reports-late', '/spec/reportWithin', { reportWithin: '2000h' }],
]

/** What the cases take for known. */
const old = aCleanAgreement({ expires: '2026-10-01T00:00:00Z' })
export const known: Context = { ...context, agreements: [{ ...old, metadata: { name: 'old' } }] }

/** Of a server whose clinicians ask for diagnoses alone, which hold nothing. */
export const usedServer = aCleanServer((spec) => {
  role(spec).purposes = ['TREAT', 'COC']
  spec.roles.push({
    ...role(spec),
    name: 'pharmacist',
    when: { role: 'Pharmacist' },
    tools: ['list_medications'],
  })
})
export const someUse: Use = {
  calls: 217,
  parts: new Map([
    ['tools/get_diagnosis', { calls: 214, kept: new Set() }],
    ['tools/list_medications', { calls: 3, kept: new Set(['/list_medications/*/code']) }],
  ]),
  roles: new Map([
    ['clinician', { parts: new Set(['tools/get_diagnosis']), purposes: new Set(['TREAT']) }],
    ['pharmacist', { parts: new Set(['tools/list_medications']), purposes: new Set(['TREAT', 'COC']) }],
  ]),
}

/** What is found of it, in the order of the rules. */
export const useCases: readonly [rule: string, place: string][] = [
  ['unused-part', '/spec/tools/2/name'],
  ['unused-role', '/spec/roles/1/name'],
  ['unused-in-role', '/spec/roles/0/tools/1'],
  ['unused-purpose', '/spec/roles/0/purposes/1'],
  ['unused-field', '/spec/tools/0/returns/fields/0'],
]
