// The work that is measured: one tools/call of 600 bytes, one answer of 4 KB, as one file that every process reads.

import { createHash, generateKeyPairSync, X509Certificate } from 'node:crypto'
import { exportJWK, type JSONWebKeySet, SignJWT } from 'jose'
import { identity } from '../../core/identifiers.ts'
import { type Policy, policySchema } from '../../core/policy.ts'
import { authority, type KeyPair } from '../sample/certificates.ts'
import { records } from '../sample/fhir.ts'

export type Work = {
  callersCa: string
  /** Of our own programs: sidecar and collector know each other by it. */
  ownCa: string
  collector: KeyPair
  sidecar: KeyPair
  server: KeyPair
  client: KeyPair
  policy: Policy
  jwks: { [issuer: string]: JSONWebKeySet }
  headers: Record<string, string>
  /** 600 bytes. */
  request: string
  /** The result of the upstream; with its envelope 4 KB. */
  result: string
  /** Connections of the load; 32 unless told otherwise. */
  connections?: number
  /** Authorization of each call, in order, one call for each; `headers` name that of the calls that warm up. */
  tokens?: string[]
}

const issuer = 'https://login.example.org'
const audience = 'https://ehr.example.org/mcp'
const requestBytes = 600
export const answerBytes = 4_096
/** Bytes of an answer besides its result. */
export const envelope = '{"jsonrpc":"2.0","id":1,"result":}'.length

/** The work, and what makes more tokens that its sidecar takes, each of its own, of the person `sub`. */
export async function workAndTokens(
  upstreamPort: number,
): Promise<{ work: Work; token: (sub: string) => Promise<string> }> {
  const [ca, own] = await Promise.all([authority('bench callers'), authority('bench programs')])
  const [server, client] = await Promise.all([ca.issue('sidecar', ['localhost']), ca.issue('caller')])
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const thumbprint = createHash('sha256').update(new X509Certificate(client.cert).raw).digest('base64url')
  const now = Math.floor(Date.now() / 1_000)
  let made = 0
  const token = async (sub: string): Promise<string> =>
    await new SignJWT({
      roles: ['Clinician'],
      scope: 'ehr.read',
      purpose_of_use: 'TREAT',
      amr: ['pwd', 'otp', 'mfa'],
      auth_time: now,
      client_id: 'bench',
      cnf: { 'x5t#S256': thumbprint },
    })
      .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: 'bench' })
      .setIssuer(issuer)
      .setAudience(audience)
      .setSubject(sub)
      .setJti(`bench-${(made += 1)}`)
      .setIssuedAt(now)
      .setExpirationTime(now + 3_600)
      .sign(privateKey)
  const work: Work = {
    callersCa: ca.cert,
    ownCa: own.cert,
    collector: await own.issue('collector', ['localhost', '127.0.0.1', identity.collector]),
    sidecar: await own.issue('sidecar', [identity.sidecar('bench', 'ehr', 'bench')]),
    server,
    client,
    policy: policy(ca.cert, upstreamPort),
    jwks: {
      [issuer]: { keys: [{ ...(await exportJWK(publicKey)), kid: 'bench', alg: 'ES256', use: 'sig' }] },
    },
    headers: {
      authorization: `Bearer ${await token('clinician')}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'tools/call',
      'mcp-name': 'get_diagnosis',
    },
    request: padded((trace) => JSON.stringify(call(trace)), requestBytes),
    result: padded((text) => JSON.stringify(answer(text)), answerBytes - envelope),
  }
  return { work, token }
}

export async function makeWork(upstreamPort: number): Promise<Work> {
  return (await workAndTokens(upstreamPort)).work
}

/** `make` with as many letters that the whole has `bytes` bytes. */
function padded(make: (filling: string) => string, bytes: number): string {
  const bare = make('').length
  if (bare > bytes) throw new Error(`The work is larger than ${bytes} bytes even without filling`)
  return make('a'.repeat(bytes - bare))
}

const call = (filling: string) => ({
  jsonrpc: '2.0',
  id: 1,
  method: 'tools/call',
  params: {
    name: 'get_diagnosis',
    arguments: { patient_id: 'patient-0001' },
    _meta: {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientInfo': { name: 'bench', version: '1.0.0' },
      'io.modelcontextprotocol/clientCapabilities': {},
      'org.example/filling': filling,
    },
  },
})

/** A record's patient and conditions, once as text and once as structured content, as servers send it. */
function answer(filling: string) {
  const [record] = records(1, 1)
  if (record === undefined) throw new Error('The generator gave no record')
  const { patient, subject, conditions } = record
  const [first] = conditions
  const content = {
    patient: { ...patient, address: undefined },
    conditions: [{ ...first, note: undefined }],
    subject,
  }
  return {
    resultType: 'complete',
    content: [{ type: 'text', text: JSON.stringify(content) }],
    structuredContent: { ...content, filling },
  }
}

function policy(clientCa: string, port: number): Policy {
  const limits = {
    callsPerMinute: 1_000_000_000,
    callsPerPatientPerHour: 1_000_000_000,
    patientsPerHour: 1_000_000_000,
    records: 100,
    resultBytes: 262_144,
    resultBytesPerHour: 1_000_000_000_000,
  }
  return {
    schema: policySchema,
    server: { namespace: 'bench', name: 'ehr' },
    profile: 'Development',
    maxPolicyAgeSeconds: 86_400,
    workload: { port, path: '/mcp', transport: 'StreamableHttp' },
    tls: { minVersion: 'TLSv1.3', clientCa },
    issuers: [
      {
        url: issuer,
        audience,
        provider: 'Generic',
        algorithms: ['ES256'],
        rolesClaim: '/roles',
        mfa: { acr: [], amr: ['mfa'] },
      },
    ],
    mfa: { maxAgeSeconds: 28_800 },
    sessions: { idleSeconds: 900, absoluteSeconds: 43_200 },
    binding: 'Certificate',
    purpose: { claim: '/purpose_of_use' },
    roles: [
      {
        name: 'clinician',
        when: { role: 'Clinician', scopes: ['ehr.read'], actor: 'Forbidden' },
        purposes: ['TREAT'],
        tools: ['get_diagnosis'],
        resources: [],
        prompts: [],
        patients: 'Any',
      },
    ],
    tools: [
      {
        name: 'get_diagnosis',
        description: '',
        from: 'get_patient_record',
        arguments: {
          type: 'object',
          properties: { patient_id: { type: 'string', pattern: '^[A-Za-z0-9-]{1,64}$' } },
          required: ['patient_id'],
        },
        with: { sections: ['conditions'] },
        rename: {},
        patient: '/patient_id',
        bulk: 'Forbidden',
        identifiers: 'Refuse',
        returns: { fields: ['/conditions', '/filling'], patients: [], text: 'Redact', media: 'Drop' },
        limits,
      },
    ],
    resources: [],
    prompts: [],
    fromServer: {},
    redaction: { dates: 'Year' },
    trail: { acknowledge: 'Stream' },
    egress: [],
    breach: [],
  }
}
