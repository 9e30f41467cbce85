// A server in which the linter finds nothing, to be changed by a test in the one thing that it is about.

import type { Context } from '../../../core/lint/finding.ts'
import type { BusinessAssociateAgreement } from '../../../crds/businessassociateagreement.generated.ts'
import type { HipaaMcpServer } from '../../../crds/hipaamcpserver.generated.ts'

type Spec = HipaaMcpServer['spec']
export type Tool = Spec['tools'][number]

export const context: Context = { agreements: [], complete: true, now: Date.parse('2026-11-01T12:00:00Z') }

const limits = { callsPerMinute: 20, patientsPerHour: 10, resultBytes: 65_536 }

export function aTool(name: string, changes: Partial<Tool> = {}): Tool {
  return {
    name,
    arguments: {
      type: 'object',
      properties: { patient_id: { type: 'string', pattern: '^[A-Za-z0-9.-]{1,64}$' } },
      required: ['patient_id'],
    },
    patient: '/patient_id',
    returns: { fields: [`/${name}/*/code`], text: 'Drop' },
    limits,
    ...changes,
  }
}

export function aCleanServer(
  change: (spec: Spec) => void = () => undefined,
  accepted?: string,
): HipaaMcpServer {
  const spec: Spec = {
    workload: { port: 8080, path: '/mcp' },
    identity: {
      issuers: [
        {
          url: 'https://login.example.org',
          audience: 'https://ehr.example.org/mcp',
          provider: 'Keycloak',
          roles: { claim: '/roles' },
        },
      ],
      training: { claim: '/training' },
      purpose: { claim: '/purpose' },
      panel: { claim: '/panel' },
    },
    roles: [
      {
        name: 'clinician',
        when: { role: 'Clinician' },
        purposes: ['TREAT'],
        tools: ['get_diagnosis', 'list_medications'],
        patients: 'Panel',
      },
      {
        name: 'billing',
        when: { role: 'Billing' },
        purposes: ['HPAYMT'],
        tools: ['check_coverage'],
        patients: 'Panel',
      },
    ],
    tools: [aTool('get_diagnosis'), aTool('list_medications'), aTool('check_coverage')],
    stores: [{ name: 'db', pods: { matchLabels: { app: 'ehr-db' } }, port: 5432 }],
    network: {
      ingress: [{ namespace: 'agents', podSelector: { matchLabels: { app: 'agent' } } }],
      egress: [{ store: 'db', host: 'ehr-db', protocol: 'Postgres', tls: { ca: { pem: 'a certificate' } } }],
    },
  }
  change(spec)
  return {
    apiVersion: 'hipaa-mcp.dev/v1alpha1',
    kind: 'HipaaMcpServer',
    metadata: {
      name: 'ehr',
      namespace: 'clinic',
      ...(accepted === undefined ? {} : { annotations: { 'hipaa-mcp.dev/accepted': accepted } }),
    },
    spec,
  }
}

export function aCleanAgreement(
  changes: Partial<BusinessAssociateAgreement['spec']> = {},
): BusinessAssociateAgreement {
  return {
    apiVersion: 'hipaa-mcp.dev/v1alpha1',
    kind: 'BusinessAssociateAgreement',
    metadata: { name: 'vendor' },
    spec: {
      counterparty: 'Example Vendor Inc.',
      hosts: ['api.vendor.example'],
      effective: '2026-01-01T00:00:00Z',
      expires: '2028-01-01T00:00:00Z',
      document: { sha256: '5f'.repeat(20) + 'ab'.repeat(12) },
      ...changes,
    },
  }
}
