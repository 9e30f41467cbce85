// Emergency access and revocation on a real API server: who may write what, and how long it takes until a sidecar acts on
// it. Webhooks, operator and sidecar run in this process.

import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { Agent } from 'node:https'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { authoritySecrets, enforceLabel } from '../../core/identifiers.ts'
import type { AccessRevocation } from '../../crds/accessrevocation.generated.ts'
import type { BreakGlassGrant } from '../../crds/breakglassgrant.generated.ts'
import type { HipaaMcpServer } from '../../crds/hipaamcpserver.generated.ts'
import { loadAuthority } from '../../operator/authority/ca.ts'
import type { Client } from '../../operator/cluster/client.ts'
import { type Running as RunningSidecar, run } from '../../sidecar/run.ts'
import { type Api, until } from '../cluster/api.ts'
import { connectedAsOperator, type Running, runningOperator, yamlObject } from '../operator/running.ts'
import { aServer } from '../operator/world.ts'
import { type Authority, authority, type KeyPair } from '../sample/certificates.ts'
import { aLog, anInstallation, type Installation, pod, sidecarConfig } from '../sidecar/installation.ts'
import { aResolver, type TestResolver } from '../sidecar/resolver.ts'
import { hipaaMcp as commandLine } from '../support/command-line.ts'
import { type McpServer, mcpServer, withValue } from '../support/mcp-server.ts'
import { aCall } from '../support/message.ts'
import { audience, issuerUrl } from '../support/policy.ts'
import { post, thumbprint } from '../support/scene.ts'
import { anIssuer, type TestIssuer } from '../support/tokens.ts'
import { verifies } from '../verifies.ts'
import { type AdmissionScene, admissionScene } from './admission-scene.ts'
import { grantsForPods } from './grants-for-pods.ts'

const namespace = pod.namespace
let scene: AdmissionScene
let api: Api
let client: Client
let asOperator: { client: Client; close: () => Promise<void> }
let operator: Running
let installation: Installation
let resolver: TestResolver
let upstream: McpServer
let sidecar: RunningSidecar
let callers: Authority
let issuer: TestIssuer
let pair: KeyPair

/** Runs kubectl as a person. Resolves to what it prints; what the API server says when it refuses. */
const kubectl = async (as: string | undefined, args: string[], input?: object): Promise<string> =>
  (
    await scene.kubectl(args, {
      ...(as === undefined ? {} : { as }),
      ...(input === undefined ? {} : { input }),
    })
  ).text

/** People, and what they may do. The editor may write everything of the kind, its status as well, and no more. */
const people = {
  asker: 'hipaa-mcp-requester',
  approver: 'hipaa-mcp-approver',
  officer: 'hipaa-mcp-privacy-officer',
  editor: 'grants-editor',
  every: 'grants-everything',
} as const
type Person = keyof typeof people

beforeAll(async () => {
  scene = await admissionScene({
    name: 'grants',
    namespaces: { [namespace]: { [enforceLabel]: 'true' } },
  })
  ;({ api, client } = scene)
  process.env['KUBECONFIG'] = scene.cluster.kubeconfig
  for (const args of [
    ['apply', '-k', 'config/crd'],
    ['apply', '-k', 'config/webhook'],
    ['apply', '-f', 'config/rbac/people.yaml'],
    ['wait', '--for=condition=Established', 'crd', '--all'],
  ])
    await kubectl(undefined, args)
  const full = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete']
  const rbac = '/apis/rbac.authorization.k8s.io/v1'
  for (const [name, verbs] of [
    ['grants-editor', full],
    ['grants-everything', ['*']],
  ] as const)
    await api.apply(`${rbac}/clusterroles/${name}`, {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      rules: [
        { apiGroups: ['hipaa-mcp.dev'], resources: ['breakglassgrants', 'breakglassgrants/status'], verbs },
      ],
    })
  for (const [name, role] of Object.entries(people))
    await api.apply(`${rbac}/clusterrolebindings/grants-${name}`, {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name }],
    })
  asOperator = await connectedAsOperator(client)
  await scene.admit(await loadAuthority(client, authoritySecrets.own), asOperator.client)
  await startSidecar()
  await until('grants are stamped', 60, async () =>
    (await ask('asker', 'first')).includes('breakglassgrant.hipaa-mcp.dev/first created'),
  )
}, 600_000)

afterAll(async () => {
  await sidecar?.stop().catch(() => undefined)
  await operator?.stop()
  await asOperator?.close()
  resolver?.close()
  await upstream?.close()
  await installation?.end()
  await scene?.end()
})

const at = () => new Date().toISOString()

/** A sidecar that hears what the operator says of clinic/ehr in this cluster. */
async function startSidecar(): Promise<void> {
  installation = await anInstallation()
  resolver = await aResolver('localhost', '127.0.0.1')
  upstream = await mcpServer([])
  upstream.answering = ({ body }, response) => {
    const { arguments: args } = body['params'] as { arguments: { patient_id: string } }
    withValue({ subject: { reference: `Patient/${args.patient_id}` }, conditions: [{ code: 'E11.9' }] })(
      { body, headers: {} },
      response,
    )
  }
  callers = await authority('callers')
  pair = await callers.issue('agent')
  issuer = await anIssuer()
  const tool = ((await yamlObject('crds/examples/smallest.yaml'))['spec'] as { tools: object[] }).tools[0]
  const { metadata: _, ...server } = aServer({
    workload: { port: upstream.port, path: '/mcp', transport: 'StreamableHttp' },
    tls: { clientCa: { pem: callers.cert } },
    identity: {
      issuers: [
        {
          url: issuerUrl,
          audience,
          provider: 'Keycloak',
          roles: { claim: '/realm_access/roles' },
          mfa: { acr: ['gold'] },
        },
      ],
      patient: { claim: '/patient' },
    },
    roles: [
      {
        name: 'clinician',
        when: { role: 'Clinician' },
        purposes: ['TREAT'],
        tools: ['get_diagnosis'],
        patients: 'Bound',
      },
    ],
    tools: [{ ...(tool as ReturnType<typeof aServer>['spec']['tools'][number]), name: 'get_diagnosis' }],
  })
  await api.apply(`/apis/hipaa-mcp.dev/v1alpha1/namespaces/${namespace}/hipaamcpservers/ehr`, server)
  operator = await runningOperator(asOperator.client, { keySet: () => issuer.jwks })
  const tell = () => {
    const orders = operator.orders.for(namespace, 'ehr', pod.podUid)
    if (orders !== undefined) installation.channel.tell(orders)
  }
  operator.orders.subscribe(namespace, 'ehr', tell)
  tell()
  sidecar = await run({
    config: {
      ...sidecarConfig(installation, resolver.address, upstream.port),
      server: { namespace, name: 'ehr' },
    },
    version: '1',
    log: aLog(),
    onFatal: (reason) => console.error(reason),
    ports: { calls: 0, health: 0, egress: 0, dns: 0 },
    token: installation.token,
    trailFolder: installation.folder(),
  })
  await until('the sidecar is ready', 60, async () => {
    const answer = await fetch(`http://127.0.0.1:${sidecar.ports().health}/readyz`)
    return ((await answer.json()) as { ready: boolean }).ready
  })
}

type Claims = Parameters<TestIssuer['token']>[1]
let agent: Agent | undefined

/** One call; its status, and the text of the answer. */
async function call(purpose: string, patient: string, claims: Claims = {}): Promise<string> {
  const { body, headers } = aCall({ patient_id: patient }, { purpose })
  const bearer = await issuer.token(thumbprint(pair), { patient: 'p-1', ...claims })
  agent ??= new Agent({ keepAlive: true, ...pair, ca: installation.authority.pem, servername: 'localhost' })
  const { status, text } = await post(sidecar.ports().calls, agent, {
    path: '/mcp',
    method: 'POST',
    body,
    headers: {
      ...headers,
      host: 'localhost',
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      authorization: `Bearer ${bearer}`,
    },
  })
  return `${status} ${text}`
}
const served = async (purpose = 'TREAT', patient = 'p-1', claims: Claims = {}) =>
  (await call(purpose, patient, claims)).includes('E11.9')

/** Milliseconds until it holds. */
async function takes(what: string, holds: () => Promise<boolean>): Promise<number> {
  const began = performance.now()
  await until(what, 10, holds)
  return performance.now() - began
}

const spec = (more: object = {}) => ({
  server: 'ehr',
  subject: { issuer: issuerUrl, sub: 'nurse-7' },
  patients: ['p-2', 'p-3'],
  reason: 'Unconscious on arrival at the ward',
  minutes: 30,
  ...more,
})
async function ask(who: string | undefined, name: string, more: object = {}): Promise<string> {
  const object = {
    apiVersion: 'hipaa-mcp.dev/v1alpha1',
    kind: 'BreakGlassGrant',
    metadata: { name, namespace },
    spec: spec(more),
  }
  return await kubectl(who, ['create', '-f', '-'], object)
}
const merge = async (who: string | undefined, name: string, change: object, ...more: string[]) =>
  await kubectl(who, [
    'patch',
    'breakglassgrant',
    name,
    '-n',
    namespace,
    '--type',
    'merge',
    '-p',
    JSON.stringify({ spec: change }),
    ...more,
  ])
const read = async (name: string) =>
  await api.call<BreakGlassGrant>(
    'GET',
    `/apis/hipaa-mcp.dev/v1alpha1/namespaces/${namespace}/breakglassgrants/${name}`,
  )
const stateOf = async (name: string) => (await read(name)).status?.state

verifies('access:break-glass', 'from a request to the review, on a real API server', async () => {
  expect(await ask('asker', 'whole', { requestedBy: 'somebody else' })).toContain('created')
  expect((await read('whole')).spec.requestedBy).toBe('asker')
  await until('it waits', 10, async () => (await stateOf('whole')) === 'Requested')
  expect(await served('BTG', 'p-2')).toBe(false)

  expect(await merge('approver', 'whole', { approval: { by: 'me', at: '2000-01-01T00:00:00Z' } })).toContain(
    'patched',
  )
  const took = await takes(
    'the sidecar lets the person reach the patient',
    async () => await served('BTG', 'p-2'),
  )
  console.log(`break-glass: approved to reached ${took.toFixed(0)} ms`)
  expect(took).toBeLessThan(5_000)
  const { approval } = (await read('whole')).spec
  expect(approval?.by).toBe('approver')
  expect(Math.abs(Date.parse(approval?.at ?? '') - Date.now())).toBeLessThan(60_000)
  expect(await served('BTG', 'p-9')).toBe(false)
  expect(await served('BTG', 'p-2', { sub: 'nurse-8' })).toBe(false)
  expect(await served('TREAT', 'p-2')).toBe(false)
  expect(await served('BTG', 'p-3')).toBe(true)

  // What the collector counted comes to status and Events.
  operator.trail.chains = installation.collector.trail.summaries()
  operator.grant(`${namespace}/whole`)
  await until('both uses are counted', 10, async () => (await read('whole')).status?.uses === 2)
  expect(await kubectl(undefined, ['get', 'events', '-n', namespace])).toContain('BreakGlassUsed')
  const listed = await kubectl(undefined, ['get', 'breakglassgrants', '-n', namespace])
  expect(listed).toMatch(/whole\s+ehr\s+nurse-7\s+Active\s+20\S+\s+2\s+approver/)
  expect(listed).not.toContain('p-2')

  // It is evidence now: it cannot be reviewed yet, nor deleted.
  const finding = { review: { finding: 'Justified' } }
  expect(await merge('officer', 'whole', finding)).toContain('still in force')
  expect(await kubectl('officer', ['delete', 'breakglassgrant', 'whole', '-n', namespace])).toContain(
    'kept until it was reviewed',
  )
  expect(scene.recorded.refused.at(-1)).toMatchObject({ what: 'breakglassgrants', by: 'officer' })
  expect(scene.said.at(-1)).toMatchObject({
    reason: 'BreakGlassRefused',
    about: { metadata: { name: 'whole' } },
  })
  await merge('approver', 'whole', { end: {} })
  const gone = await takes(
    'the sidecar lets nobody reach the patient',
    async () => !(await served('BTG', 'p-2')),
  )
  console.log(`break-glass: ended to refused ${gone.toFixed(0)} ms`)
  expect(gone).toBeLessThan(5_000)
  await until('it is over', 10, async () => (await stateOf('whole')) === 'Expired')
  expect(await merge('officer', 'whole', finding)).toContain('patched')
  await until('it is reviewed', 10, async () => (await stateOf('whole')) === 'Reviewed')
  expect(await kubectl('officer', ['delete', 'breakglassgrant', 'whole', '-n', namespace])).toContain(
    'deleted',
  )
  const onRecord = () =>
    operator.access.flatMap((one) => ('grant' in one && one.grant.name === 'whole' ? one : []))
  await until('its end is on record', 10, async () => onRecord().at(-1)?.change === 'deleted')
  expect(onRecord().map(({ change, by }) => [change, by])).toEqual([
    ['requested', 'asker'],
    ['approved', 'approver'],
    ['ended', 'approver'],
    ['reviewed', 'officer'],
    ['deleted', undefined],
  ])
  expect(onRecord()[1]?.patients).toHaveLength(2)
  // With its quotes: what is sealed may hold any three letters.
  expect(JSON.stringify(operator.access)).not.toMatch(/"p-[23]"/)
})

describe('into a guarded pod', () =>
  grantsForPods(() => ({ scene, api, kubectl, ask, merge, operator, asOperator: asOperator.client })))

const review = { review: { finding: 'Justified', by: 'officer', at: '2026-01-01T00:00:00Z' } }
const approval = { approval: {} }

verifies('access:break-glass', 'who asked cannot approve, with every right on the kind', async () => {
  await ask('every', 'own')

  expect(await merge('every', 'own', approval)).toContain('who asked for emergency access cannot approve it')
  expect((await read('own')).spec.approval).toBeUndefined()
})

const forgeries: { when: string; who: Person; change: object; says: string; more?: string[] }[] = [
  { when: 'an approval without the verb', who: 'editor', change: approval, says: 'you may not approve' },
  {
    when: 'an approval in another’s name, without the verb',
    who: 'editor',
    change: { approval: { by: 'approver', at: new Date().toISOString() } },
    says: 'you may not approve',
  },
  { when: 'another person who asked', who: 'editor', change: { requestedBy: 'x' }, says: 'does not change' },
  { when: 'more patients', who: 'approver', change: { patients: ['p-2', 'p-4'] }, says: 'does not change' },
  {
    when: 'another person’s access',
    who: 'approver',
    change: { subject: { sub: 'me' } },
    says: 'does not change',
  },
  { when: 'more time', who: 'approver', change: { minutes: 60 }, says: 'does not change' },
  { when: 'a review of what nobody approved', who: 'officer', change: review, says: 'needs no review' },
  {
    when: 'a status',
    who: 'editor',
    change: {},
    more: ['--subresource', 'status'],
    says: 'written by the operator alone',
  },
]
for (const { when, who, change, says, more = [] } of forgeries)
  verifies('access:break-glass', `nobody forges ${when}`, async () => {
    const name = `forged-${createHash('sha256').update(when).digest('hex').slice(0, 8)}`
    await ask('asker', name)

    expect(await merge(who, name, change, ...more)).toContain(says)

    expect((await read(name)).spec.approval).toBeUndefined()
  })

for (const [when, more] of [
  ['approved', { approval: { by: 'approver', at: new Date().toISOString() } }],
  ['ended', { end: {} }],
  ['reviewed', review],
] as const)
  verifies('access:break-glass', `no request is born ${when}`, async () => {
    expect(await ask('every', `born-${when}`, more)).toMatch(/a new grant is a request|needs no review/)
  })

verifies('access:break-glass', 'no program asks, and nobody approves their own access', async () => {
  expect(await ask('system:serviceaccount:clinic:default', 'program')).toMatch(/forbidden|as yourself/)
  await ask('asker', 'selfish', { subject: { issuer: issuerUrl, sub: 'approver' } })
  expect(await merge('approver', 'selfish', approval)).toContain('nobody approves their own')
})

verifies('access:break-glass', 'neither who asked nor who approved reviews', async () => {
  await ask('asker', 'reviewed')
  await merge('every', 'reviewed', approval)
  await merge('every', 'reviewed', { end: {} })

  expect(await merge('every', 'reviewed', { review: { finding: 'Justified' } })).toContain('a third person')
  expect(await merge('approver', 'reviewed', review)).toContain('you may not review')
  expect(await merge('officer', 'reviewed', { review: { finding: 'NotJustified' } })).toContain('patched')
})

describe('with nobody who stamps, the API server alone', () => {
  const path = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/hipaa-mcp'
  let saved: { name: string }[]

  beforeAll(async () => {
    await ask('asker', 'typed')
    await ask('every', 'typed-own')
    saved = (await api.call<{ webhooks: typeof saved }>('GET', path)).webhooks
    const webhooks = saved.filter(({ name }) => !name.startsWith('stamps.'))
    await api.call('PATCH', path, { webhooks }, 'application/merge-patch+json')
    await until('nothing is stamped', 30, async () =>
      (await ask('asker', 'unstamped')).includes('a new grant is a request'),
    )
  })
  afterAll(async () => {
    await api.call('PATCH', path, { webhooks: saved }, 'application/merge-patch+json')
  })

  verifies('access:break-glass', 'nobody’s name but the writer’s own stands in an approval', async () => {
    const other = { approval: { by: 'officer', at: at() } }
    expect(await merge('approver', 'typed', other)).toContain('bears the name of who writes it')
    expect(await merge('every', 'typed-own', { approval: { by: 'approver', at: at() } })).toContain(
      'bears the name of who writes it',
    )
    expect(await merge('every', 'typed-own', { approval: { by: 'every', at: at() } })).toContain(
      'cannot approve it',
    )
    expect(await ask('asker', 'typed-2', { requestedBy: 'somebody else' })).toContain(
      'a new grant is a request',
    )
  })

  verifies('access:break-glass', 'an approval of a later day is none', async () => {
    const later = new Date(Date.now() + 30 * 3_600_000).toISOString()
    expect(await merge('approver', 'typed', { approval: { by: 'approver', at: later } })).toContain(
      'older than 24 hours',
    )
  })

  verifies('access:revocation', 'nobody revokes in another’s name', async () => {
    expect(await revoke({ client: 'x', revokedBy: 'asker' })).toContain('bears the name')
    expect(scene.recorded.refused.at(-1)).toMatchObject({ what: 'accessrevocations', by: 'officer' })
  })
})

/** Refused ones on record. */
const refusedRevocations = () =>
  scene.recorded.refused.filter((one) => one.what === 'accessrevocations').length
let revocations = 0
async function revoke(what: Partial<AccessRevocation['spec']>): Promise<string> {
  revocations += 1
  return await kubectl('officer', ['create', '-f', '-'], {
    apiVersion: 'hipaa-mcp.dev/v1alpha1',
    kind: 'AccessRevocation',
    metadata: { name: `revoked-${revocations}` },
    spec: { cause: 'Stolen', ...what },
  })
}

const kindsOfRevocation: { when: string; claims: Claims; what: () => Partial<AccessRevocation['spec']> }[] = [
  {
    when: 'a person',
    claims: { sub: 'nurse-9' },
    what: () => ({ person: { issuer: issuerUrl, sub: 'nurse-9' } }),
  },
  { when: 'a token', claims: { jti: 'jti-9' }, what: () => ({ token: { id: 'jti-9' } }) },
  { when: 'a client', claims: { azp: 'agent-9' }, what: () => ({ client: 'agent-9' }) },
  {
    when: 'a certificate, by the thumbprint that openssl prints',
    claims: {},
    what: () => ({ certificate: Buffer.from(thumbprint(pair), 'base64url').toString('hex') }),
  },
]
for (const { when, claims, what } of kindsOfRevocation)
  verifies('access:revocation', `${when}: from the write to the refusal in a sidecar, and back`, async () => {
    const before = refusedRevocations()
    expect(await served('TREAT', 'p-1', claims)).toBe(true)

    const began = performance.now()
    expect(await revoke(what())).toContain('created')
    const written = performance.now() - began
    await until('it is refused', 10, async () => !(await served('TREAT', 'p-1', claims)))
    const took = performance.now() - began
    const name = `revoked-${revocations}`
    const { spec: kept } = await api.call<AccessRevocation>(
      'GET',
      `/apis/hipaa-mcp.dev/v1alpha1/accessrevocations/${name}`,
    )
    console.log(
      `revocation of ${when}: refused ${took.toFixed(0)} ms after kubectl began, ${(took - written).toFixed(0)} ms after it ended`,
    )

    expect(took).toBeLessThan(5_000)
    expect(kept.revokedBy).toBe('officer')
    // The name is stamped before anybody looks whether it is the writer's.
    expect(refusedRevocations()).toBe(before)
    expect(await call('TREAT', 'p-1', claims)).toMatch(/^40[13] .*-revoked/)
    const onRecord = () =>
      operator.access.flatMap((one) => ('revocation' in one && one.revocation.name === name ? one : []))
    await until('it is on record', 10, async () => onRecord().length > 0)
    expect(onRecord()).toMatchObject([{ change: 'made', by: 'officer', cause: kept.cause }])
    await kubectl('officer', ['delete', 'accessrevocation', name])
    await until('that it is gone is on record', 10, async () => onRecord().at(-1)?.change === 'lifted')
    await until('it is served again', 10, async () => await served('TREAT', 'p-1', claims))
  })

verifies('access:revocation', 'it names exactly one thing, and does not change', async () => {
  expect(await revoke({ client: 'a', certificate: 'ab'.repeat(32) })).toContain('exactly one of')
  expect(await revoke({})).toContain('exactly one of')
  const endless = `2030-01-01T00:00:00.${'0'.repeat(60)}Z`
  expect(await revoke({ client: 'a', expires: endless })).toContain('spec.expires: Too long')
  expect(await revoke({ client: 'a' })).toContain('created')
  expect(
    await kubectl('officer', [
      'patch',
      'accessrevocation',
      `revoked-${revocations}`,
      '--type',
      'merge',
      '-p',
      JSON.stringify({ spec: { client: 'b' } }),
    ]),
  ).toContain('does not change')
})

/** The command line as a person: kubectl's own way to be somebody else. */
async function hipaaMcp(who: Person, ...args: string[]): Promise<{ code: number; text: string }> {
  type Config = { users: { user: { as?: string } }[] }
  const config = JSON.parse(await readFile(scene.cluster.kubeconfig, 'utf8')) as Config
  for (const { user } of config.users) user.as = who
  const kubeconfig = join(installation.folder(), 'kubeconfig')
  await writeFile(kubeconfig, JSON.stringify(config), { mode: 0o600 })
  const { code, screen } = await commandLine([...args, '--kubeconfig', kubeconfig], 120)
  return { code, text: screen }
}
const answers = (code: number, says: string) => ({ code, text: expect.stringContaining(says) as string })

verifies('access:break-glass', 'by the command line, each person their part', async () => {
  const patients = join(installation.folder(), 'patients')
  await writeFile(patients, 'p-7\n')
  const grant = `${namespace}/by-command`
  const request = 'break-glass request --name by-command --sub nurse-7 --reason Unconscious-on-arrival'.split(
    ' ',
  )
  const about = ['--server', `${namespace}/ehr`, '--issuer', issuerUrl, '--patients', patients]
  expect(await hipaaMcp('asker', ...request, ...about)).toEqual(answers(0, 'Asked for as asker'))
  expect(await hipaaMcp('asker', 'break-glass', 'approve', grant)).toMatchObject({ code: 3 })
  expect(await hipaaMcp('editor', 'break-glass', 'approve', grant)).toEqual(answers(3, 'you may not approve'))
  expect(await hipaaMcp('approver', 'break-glass', 'approve', grant)).toEqual(
    answers(0, 'Approved as approver'),
  )
  await until('the patient is reached', 5, async () => await served('BTG', 'p-7'))
  const listed = await hipaaMcp('officer', 'break-glass', 'list', '-n', namespace)
  expect(listed.text).toMatch(/clinic\/by-command\s+nurse-7\s+Active/)
  expect(listed.text).not.toContain('p-7')

  expect(await hipaaMcp('approver', 'break-glass', 'end', grant)).toEqual(answers(0, 'Ended as approver'))
  await until('the patient is out of reach', 5, async () => !(await served('BTG', 'p-7')))
  const review = ['break-glass', 'review', grant, '--finding', 'Justified']
  expect(await hipaaMcp('approver', ...review)).toEqual(answers(3, 'you may not review'))
  expect(await hipaaMcp('officer', ...review)).toEqual(answers(0, 'Reviewed as officer'))
})

verifies('access:revocation', 'by the command line, and lifted again', async () => {
  const args = 'revoke --person nurse-5 --cause Lost --name by-command --issuer'.split(' ')
  expect(await hipaaMcp('approver', ...args, issuerUrl)).toMatchObject({ code: 3 })
  expect(await served('TREAT', 'p-1', { sub: 'nurse-5' })).toBe(true)

  expect(await hipaaMcp('officer', ...args, issuerUrl)).toEqual(answers(0, 'Revoked as officer'))

  await until('it is refused', 5, async () => !(await served('TREAT', 'p-1', { sub: 'nurse-5' })))
  await kubectl('officer', ['delete', 'accessrevocation', 'by-command'])
  await until('it is served again', 5, async () => await served('TREAT', 'p-1', { sub: 'nurse-5' }))
})

verifies(
  'operator:crds',
  'the API server finds no fault in the types of the grants’ expressions',
  async () => {
    type Policy = {
      status?: { observedGeneration?: number; typeChecking?: { expressionWarnings?: unknown[] } }
    }
    for (const name of ['hipaa-mcp-grants', 'hipaa-mcp-grants-kept', 'hipaa-mcp-revocations']) {
      const path = `/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies/${name}`
      await until(`${name} was checked`, 30, async () => {
        const { status } = await api.call<Policy>('GET', path)
        return status?.observedGeneration !== undefined
      })
      const { status } = await api.call<Policy>('GET', path)
      expect(status?.typeChecking?.expressionWarnings ?? [], name).toEqual([])
    }
  },
)

const serverPath = (name: string) =>
  `/apis/hipaa-mcp.dev/v1alpha1/namespaces/${namespace}/hipaamcpservers/${name}`
/** Waits until its condition Active has this reason. */
async function becomes(name: string, reason: string): Promise<void> {
  await takes(`${name} says ${reason}`, async () => {
    const conditions = (await read(name)).status?.conditions
    return conditions?.find(({ type }) => type === 'Active')?.reason === reason
  })
}

verifies(
  'access:break-glass',
  'a grant says whether its server is there, also when that changes',
  async () => {
    await ask('asker', 'nowhere', { server: 'later' })
    await becomes('nowhere', 'ServerAbsent')

    const { spec: same, apiVersion, kind } = await api.call<HipaaMcpServer>('GET', serverPath('ehr'))
    await api.apply(serverPath('later'), { apiVersion, kind, spec: same })
    await becomes('nowhere', 'WaitingForApproval')
    await api.call('DELETE', serverPath('later'))
    await becomes('nowhere', 'ServerAbsent')
  },
)

verifies('access:break-glass', 'its namespace can go, though a grant was never reviewed', async () => {
  await ask('asker', 'last')
  await merge('approver', 'last', approval)
  await until('it is active', 10, async () => (await stateOf('last')) === 'Active')

  await kubectl(undefined, ['delete', 'namespace', namespace, '--wait=false'])

  await until('the grants are gone', 60, async () => {
    const left = await api.call<{ items: unknown[] }>(
      'GET',
      `/apis/hipaa-mcp.dev/v1alpha1/namespaces/${namespace}/breakglassgrants`,
    )
    return left.items.length === 0
  })
})
