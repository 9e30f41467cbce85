import { createHash, X509Certificate } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { aGrant } from '../operator/world.ts'
import { authority } from '../sample/certificates.ts'
import { hipaaMcp } from '../support/command-line.ts'
import { type ApiServer, anApiServer } from './api-server.ts'

let api: ApiServer
beforeEach(async () => {
  api = await anApiServer()
})
afterEach(() => api.end())

const ran = async (...args: string[]) => await hipaaMcp([...args, '--kubeconfig', api.kubeconfig], 100)
const file = (name: string, text: string): string => {
  const path = join(api.folder, name)
  writeFileSync(path, text)
  return path
}
const grants = '/apis/hipaa-mcp.dev/v1alpha1/namespaces/clinic/breakglassgrants'
const asking =
  'break-glass request --server clinic/ehr --issuer https://login.example.org --sub nurse-7'.split(' ')
const request = (...more: string[]) => ran(...asking, '--reason', 'Unconscious on arrival', ...more)

test('a request says who is asked for and never names a patient', async () => {
  api.answers = [{ status: 201, body: aGrant({ approval: undefined }) }]
  const patients = file('patients', 'p-100\n\n p-200 \np-100\n')

  const { code, out } = await request('--patients', patients, '--minutes', '15', '--name', 'night-1')

  expect(code).toBe(0)
  expect(api.asked).toEqual([
    {
      method: 'POST',
      accept: 'application/json',
      path: grants,
      type: 'application/json',
      body: {
        apiVersion: 'hipaa-mcp.dev/v1alpha1',
        kind: 'BreakGlassGrant',
        metadata: { name: 'night-1', namespace: 'clinic' },
        spec: {
          server: 'ehr',
          subject: { issuer: 'https://login.example.org', sub: 'nurse-7' },
          patients: ['p-100', 'p-200'],
          reason: 'Unconscious on arrival',
          minutes: 15,
        },
      },
    },
  ])
  expect(out).toContain('Asked for as asker: clinic/night-1, 15 minutes, 2 patients')
  expect(out).toContain('hipaa-mcp break-glass approve clinic/night-1')
  expect(out).not.toContain('p-100')
})

test('an approval shows what is approved, writes an empty one, and says until when', async () => {
  api.answers = [
    { status: 200, body: aGrant({ approval: undefined }) },
    { status: 200, body: aGrant() },
  ]

  const { code, out, notes } = await ran('break-glass', 'approve', 'clinic/night-1')

  expect(code).toBe(0)
  expect(api.asked[1]).toEqual({
    method: 'PATCH',
    accept: 'application/json',
    path: `${grants}/night-1`,
    type: 'application/merge-patch+json',
    // Of the grant that was shown, and no other of its name.
    body: { metadata: { uid: aGrant().metadata.uid }, spec: { approval: {} } },
  })
  expect(notes).toContain('asker asks for nurse-7: 1 patient of clinic/ehr for 30 minutes.')
  expect(out).toContain('Approved as approver: it ends by itself at 2026-11-01T12:20:00Z')
  expect(out + notes).not.toContain('p-100')
})

const grantInto = (afterwards: 'Evict' | 'KeepPod') => {
  const pods = { user: 'maria', names: ['ehr-1'], ways: ['Exec' as const], afterwards }
  const { subject: _, patients: __, ...spec } = aGrant({ approval: undefined, pods }).spec
  return { status: 200, body: { ...aGrant(), spec } }
}

test('an approval of a way into pods shows what becomes of them', async () => {
  api.answers = [
    grantInto('Evict'),
    { status: 200, body: aGrant() },
    grantInto('KeepPod'),
    { status: 200, body: aGrant() },
  ]

  const [goes, stays] = [
    await ran('break-glass', 'approve', 'clinic/night-1'),
    await ran('break-glass', 'approve', 'clinic/night-1'),
  ]

  expect(goes.notes).toContain('pods ehr-1, which go when it ends, where they were entered')
  expect(stays.notes).toContain('pods ehr-1, which stay when it ends, with sessions that are open')
})

test('a grant that took the place of the one that was shown is not approved', async () => {
  api.answers = [
    { status: 200, body: aGrant({ approval: undefined }) },
    { status: 409, body: { message: 'Precondition failed: UID in precondition', reason: 'Conflict' } },
  ]

  const { code, notes } = await ran('break-glass', 'approve', 'clinic/night-1')

  expect(code).toBe(3)
  expect(notes).toContain('clinic/night-1 is another grant than the one shown')
})

test('an end and a review are one write each', async () => {
  const by = { by: 'officer', at: '2026-11-01T12:00:00Z' }
  api.answers = [{ status: 200, body: aGrant({ end: by, review: { finding: 'NotJustified', ...by } }) }]

  expect((await ran('break-glass', 'end', 'clinic/night-1')).out).toContain('Ended as officer')
  const review = 'break-glass review clinic/night-1 --finding NotJustified --note'.split(' ')
  const reviewed = await ran(...review, 'No need seen')

  expect(api.asked.map(({ body }) => body)).toEqual([
    { spec: { end: {} } },
    { spec: { review: { finding: 'NotJustified', note: 'No need seen' } } },
  ])
  expect(reviewed.out).toContain('Reviewed as officer: NotJustified')
  expect(reviewed.out).toContain('45 CFR 164.404')
})

test('a list shows where each stands and what waits, and exits 1 when a review is overdue', async () => {
  const active = aGrant({}, {}, { state: 'Active', until: '2026-11-01T12:20:00Z', uses: 3 })
  const overdue = aGrant({}, { name: 'old' }, { state: 'ReviewOverdue', reviewBy: '2026-11-01T00:00:00Z' })
  const asked = aGrant({ approval: undefined }, { name: 'new' }, { state: 'Requested' })
  api.answers = [{ status: 200, body: { items: [active, asked] } }]

  const calm = await ran('break-glass', 'list', '-n', 'clinic')
  expect(calm.code).toBe(0)
  expect(calm.out).toMatch(/clinic\/night-1\s+nurse-7\s+Active\s+2026-11-01T12:20:00Z\s+3\s+approver/)
  expect(calm.out).toContain('hipaa-mcp break-glass approve clinic/new')
  api.answers = [{ status: 200, body: { items: [active, overdue] } }]
  const late = await ran('break-glass', 'list')
  expect(late.code).toBe(1)
  expect(late.out).toContain('hipaa-mcp break-glass review clinic/old (by 2026-11-01T00:00:00Z)')
  const json = await ran('break-glass', 'list', '--json')
  expect((JSON.parse(json.out) as { grant: string }[]).map(({ grant }) => grant)).toEqual([
    'clinic/night-1',
    'clinic/old',
  ])
  expect(calm.out + late.out + json.out).not.toMatch(/p-100|Unconscious/)
})

test('a list says of a grant in force that it opens nothing, and why', async () => {
  const open = aGrant({}, {}, { state: 'Active' })
  const message = 'It was approved, and opens nothing before that is on record: look at the collector.'
  const condition = { type: 'Active', status: 'False', reason: 'NotRecorded', message } as const
  const conditions = [{ ...condition, lastTransitionTime: '2026-11-01T11:50:01Z' }]
  const closed = aGrant({}, { name: 'night-2' }, { state: 'Active', conditions })
  api.answers = [{ status: 200, body: { items: [open, closed] } }]

  const { out, code } = await ran('break-glass', 'list')

  expect(code).toBe(0)
  expect(out.replaceAll('\n', ' ')).toContain(`clinic/night-2 opens nothing: ${message}`)
  expect(out).not.toContain('night-1 opens')
  const json = JSON.parse((await ran('break-glass', 'list', '--json')).out) as object[]
  expect(json[1]).toMatchObject({ state: 'Active', opensNothing: 'NotRecorded' })
  expect(json[0]).not.toHaveProperty('opensNothing')
})

test('emergency access into pods names a user, pods and ways, and no patient', async () => {
  const pods = { user: 'maria', names: ['ehr-1', 'ehr-2'], ways: ['Exec', 'Attach'] }
  api.answers = [{ status: 201, body: { spec: { requestedBy: 'maria' } } }]
  const asks = ['break-glass', 'request', '--server', 'clinic/ehr', '--reason', 'The index is broken']

  const { code, out } = await ran(
    ...asks,
    '--pods',
    'ehr-1, ehr-2',
    '--user',
    'maria',
    '--ways',
    'exec, Attach',
    '--name',
    'bg-1',
  )

  expect(code).toBe(0)
  const spec = { server: 'ehr', pods, reason: 'The index is broken', minutes: 30 }
  expect(api.asked[0]).toMatchObject({ method: 'POST' })
  expect(api.asked[0]?.body).toHaveProperty('spec', spec)
  expect(out).toContain('30 minutes, 2 pods')
  await ran(...asks, '--pods', 'ehr-1', '--user', 'maria', '--keep-pods')
  expect(api.asked.at(-1)?.body).toMatchObject({
    spec: { pods: { names: ['ehr-1'], afterwards: 'KeepPod' } },
  })
  expect((await ran(...asks, '--pods', 'ehr-1')).notes).toContain('--user wants')
  expect((await ran(...asks, '--pods', 'ehr-1', '--user', 'maria', '--sub', 'x')).notes).toContain(
    '--sub is for patients',
  )
})

test('what is for pods is not dropped beside patients, and a way that is none is told with those that are', async () => {
  const patients = file('one', 'p-1')
  for (const [option, ...more] of [['--user', 'Exec'], ['--ways', 'Exec'], ['--keep-pods']] as const) {
    const { code, notes } = await request('--patients', patients, option, ...more)
    expect(code).toBe(2)
    expect(notes).toContain(`${option} is for pods: give --pods as well`)
  }
  const asks = 'break-glass request --server clinic/ehr --reason Broken-index --user maria'.split(' ')
  expect((await ran(...asks)).notes).toContain('--user is for pods')
  const { code, notes } = await ran(...asks, '--pods', 'ehr-1', '--ways', 'Exec,Shell')
  expect(code).toBe(2)
  expect(notes).toContain('--ways wants Exec, Attach, PortForward or EphemeralContainers')
  expect(api.asked).toEqual([])
})

test('a list does not say of a grant for pods that nothing was done', async () => {
  const pods = { user: 'maria', names: ['ehr-1'], ways: ['Exec' as const] }
  const entered = [{ uid: 'uid-1', name: 'ehr-1', ways: pods.ways, first: '2026-11-01T12:00:00Z' }]
  const into = aGrant({ pods }, {}, { state: 'Expired', uses: 0, entered })
  const { subject: _, patients: __, ...spec } = into.spec
  api.answers = [{ status: 200, body: { items: [{ ...into, spec }] } }]

  const { out } = await ran('break-glass', 'list')
  expect(out).toMatch(/clinic\/night-1\s+maria\s+Expired\s+-\s+-\s+approver/)
  const [one] = JSON.parse((await ran('break-glass', 'list', '--json')).out) as object[]
  expect(one).toMatchObject({ pods, entered, state: 'Expired' })
  for (const member of ['uses', 'sub', 'issuer', 'patients']) expect(one).not.toHaveProperty(member)
})

const issuer = ['--issuer', 'https://login.example.org']
const jwt = (claims: object) =>
  `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2lnbmF0dXJl`
test('each way to revoke names one thing, and a token never leaves the machine', async () => {
  const { cert } = await (await authority('callers')).issue('agent')
  const thumbprint = createHash('sha256').update(new X509Certificate(cert).raw).digest('hex')
  const token = jwt({ exp: 1_790_000_000 })
  const ways: [string[], object][] = [
    [['--person', 'nurse-7', ...issuer], { person: { issuer: issuer[1], sub: 'nurse-7' } }],
    [['--token-id', 'jti-1'], { token: { id: 'jti-1' } }],
    [
      ['--token', file('token', `Bearer ${token}\n`)],
      {
        token: { sha256: createHash('sha256').update(token).digest('hex') },
        expires: '2026-09-21T14:18:20Z',
      },
    ],
    [['--certificate', file('agent.pem', cert)], { certificate: thumbprint }],
    [['--certificate', new X509Certificate(cert).fingerprint256], { certificate: thumbprint }],
    [['--client', 'agent'], { client: 'agent' }],
  ]
  for (const [args, what] of ways) {
    api.asked.length = 0
    api.answers = [{ status: 201, body: { spec: { ...what, cause: 'Stolen', revokedBy: 'officer' } } }]

    const { code, out } = await ran('revoke', ...args, '--cause', 'Stolen', '--name', 'r-1')

    expect(code).toBe(0)
    expect(api.asked[0]).toMatchObject({
      method: 'POST',
      path: '/apis/hipaa-mcp.dev/v1alpha1/accessrevocations',
      body: { metadata: { name: 'r-1' }, spec: { ...what, cause: 'Stolen' } },
    })
    expect(JSON.stringify(api.asked)).not.toContain(token)
    expect(out).toContain('Lift it: kubectl delete accessrevocation r-1')
  }
})

test.each([
  [['break-glass', 'request'], /--server wants/],
  [['break-glass', 'approve'], /one NAMESPACE\/NAME/],
  [['break-glass', 'approve', 'clinic'], /NAMESPACE\/NAME of a BreakGlassGrant/],
  [['break-glass', 'review', 'a/b', '--finding', 'Fine'], /Justified or NotJustified/],
  [['break-glass'], /wants one of request, approve/],
  [['revoke', '--client', 'x'], /--cause wants/],
  [['revoke', '--cause', 'Lost'], /exactly one of/],
  [['revoke', '--client', 'x', '--token-id', 'y', '--cause', 'Lost'], /exactly one of/],
  [['revoke', '--person', 'nurse-7', '--cause', 'Lost'], /wants --issuer/],
])('a wrong command line %j exits 2 and says how it is right', async (args, says) => {
  const { code, notes, out } = await ran(...args)

  expect([code, out]).toEqual([2, ''])
  expect(notes).toMatch(says)
  expect(api.asked).toEqual([])
})

const patch = ['break-glass', 'end', 'clinic/night-1']
test.each([
  [
    'a policy of ours',
    {
      status: 403,
      body: {
        message:
          "breakglassgrants \"x\" is forbidden: ValidatingAdmissionPolicy 'hipaa-mcp-grants' with binding 'hipaa-mcp-grants' denied request: hipaa-mcp: who asked for emergency access cannot approve it: let another person do it",
      },
    },
    /^who asked for emergency access cannot approve it/,
  ],
  [
    'the schema, which repeats a patient',
    {
      status: 422,
      body: {
        message: 'spec.patients[0]: Invalid value: "Patient/p-100"',
        details: {
          causes: [{ field: 'spec.patients[0]', message: 'Invalid value: "Patient/p-100": should match' }],
        },
      },
    },
    /^The API server refuses spec.patients\[0\]$/,
  ],
  ['no right', { status: 403, body: { message: 'forbidden' } }, /config\/rbac\/people.yaml/],
  ['no such kind', { status: 404, body: {} }, /kubectl apply -k config\/default/],
  ['a fault', { status: 500, body: { reason: 'InternalError' } }, /answered 500 InternalError/],
])('what cannot be done exits 3 and says why: %s', async (_, answer, says) => {
  api.answers = [answer]

  const { code, notes } = await ran(...patch)

  expect(code).toBe(3)
  expect(notes).toMatch(says)
  expect(notes).not.toContain('p-100')
})

test('identifiers that cannot be read and a file without any are no request', async () => {
  expect(await request('--patients', '/nonexistent')).toMatchObject({ code: 3 })
  expect(await request('--patients', file('none', '\n \n'))).toMatchObject({ code: 2 })
  expect(await request('--patients', file('one', 'p-1'), '--minutes', '61')).toMatchObject({ code: 2 })
  expect(api.asked).toEqual([])
})
