// A policy that is right in everything a test does not name.

import { type Limits, type Policy, policySchema, type Role, type Tool } from '../../core/policy.ts'

export const issuerUrl = 'https://login.example.org/realms/clinic'
export const audience = 'https://ehr.clinic.example.org/mcp'

/** Limits that hold no test back but those that name one. */
export function someLimits(changes: Partial<Limits> = {}): Limits {
  return {
    callsPerMinute: 6000,
    callsPerPatientPerHour: 100_000,
    patientsPerHour: 1000,
    records: 100,
    resultBytes: 262_144,
    resultBytesPerHour: 2 ** 30,
    ...changes,
  }
}

export function aTool(changes: Partial<Tool> = {}): Tool {
  return {
    name: 'get_diagnosis',
    description: 'Diagnoses of one patient',
    from: 'get_patient_record',
    arguments: {
      type: 'object',
      properties: { patient_id: { type: 'string', maxLength: 64 } },
      required: ['patient_id'],
    },
    with: { sections: ['conditions'] },
    rename: {},
    patient: '/patient_id',
    bulk: 'Forbidden',
    identifiers: 'Refuse',
    returns: {
      fields: ['/conditions/*/code', '/conditions/*/onset'],
      patients: [],
      text: 'Redact',
      media: 'Drop',
    },
    limits: someLimits({ callsPerMinute: 60, patientsPerHour: 30 }),
    ...changes,
  }
}

export function aRole(changes: Partial<Role> = {}): Role {
  return {
    name: 'clinician',
    when: { role: 'Clinician', scopes: [], actor: 'Forbidden' },
    purposes: ['TREAT'],
    tools: ['get_diagnosis'],
    resources: [],
    prompts: [],
    patients: 'Any',
    ...changes,
  }
}

export function aPolicy(changes: Partial<Policy> = {}): Policy {
  return {
    schema: policySchema,
    server: { namespace: 'clinic', name: 'ehr' },
    profile: 'Development',
    maxPolicyAgeSeconds: 900,
    workload: { port: 8080, path: '/mcp', transport: 'StreamableHttp' },
    tls: { minVersion: 'TLSv1.3', clientCa: 'set by the test that needs one' },
    issuers: [
      {
        url: issuerUrl,
        audience,
        provider: 'Keycloak',
        algorithms: ['RS256', 'PS256', 'ES256', 'EdDSA'],
        rolesClaim: '/realm_access/roles',
        mfa: { acr: ['gold'], amr: [] },
      },
    ],
    mfa: { maxAgeSeconds: 28_800 },
    sessions: { idleSeconds: 86_400, absoluteSeconds: 86_400 },
    binding: 'Certificate',
    purpose: {},
    roles: [aRole()],
    tools: [aTool()],
    resources: [],
    prompts: [],
    fromServer: {},
    redaction: { dates: 'Year' },
    trail: { acknowledge: 'Stream' },
    egress: [],
    breach: [{ distinctPatients: 100, perSeconds: 3600 }],
    ...changes,
  }
}
