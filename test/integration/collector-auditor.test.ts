// Who gets to read the trail is decided by the API server: a real one, with persons of different rights.

import { X509Certificate } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { auditorCertificate } from '../../cli/auditor-certificate.ts'
import type { Screen } from '../../cli/command.ts'
import { type Kube, openKube } from '../../cli/kube.ts'
import { identity, identityOf } from '../../core/identifiers.ts'
import type { Authority } from '../../operator/authority/ca.ts'
import { aFolder } from '../collector/a-trail.ts'
import { anAuthority, certifyRequest } from '../collector/peers.ts'

const requests = '/apis/certificates.k8s.io/v1/certificatesigningrequests'
const rbac = '/apis/rbac.authorization.k8s.io/v1'
const name = `auditor-test-${process.pid}`

let admin: Kube
let authority: Authority
const made: string[] = []

beforeAll(async () => {
  admin = await openKube({})
  authority = await anAuthority()
})
afterAll(async () => {
  for (const path of made.toReversed()) await admin.request('DELETE', path)
})

async function create(path: string, body: { metadata: { name: string } }): Promise<void> {
  const { status, body: answer } = await admin.request('POST', path, body)
  expect([201, 409], JSON.stringify(answer)).toContain(status)
  made.push(`${path}/${body.metadata.name}`)
}

/** A person of these rights, as kubeconfig. */
async function person(which: string, rules: object[]): Promise<Kube> {
  const account = `${name}-${which}`
  const accounts = '/api/v1/namespaces/default/serviceaccounts'
  await create(accounts, { metadata: { name: account } })
  await create(`${rbac}/clusterroles`, { metadata: { name: account }, rules } as never)
  await create(`${rbac}/clusterrolebindings`, {
    metadata: { name: account },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: account },
    subjects: [{ kind: 'ServiceAccount', namespace: 'default', name: account }],
  } as never)
  const { body } = await admin.request('POST', `${accounts}/${account}/token`, {
    spec: { expirationSeconds: 600 },
  })
  const path = join(aFolder(), 'kubeconfig')
  writeFileSync(
    path,
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'one',
      clusters: [{ name: 'one', cluster: clusterOf(admin) }],
      users: [{ name: 'one', user: { token: (body as { status: { token: string } }).status.token } }],
      contexts: [{ name: 'one', context: { cluster: 'one', user: 'one' } }],
    }),
  )
  return await openKube({ kubeconfig: path })
}

function clusterOf({ config }: Kube): object {
  const { server, caData, caFile } = config.getCurrentCluster() ?? {}
  return {
    server,
    ...(caData === undefined ? {} : { 'certificate-authority-data': caData }),
    ...(caFile === undefined ? {} : { 'certificate-authority': caFile }),
  }
}

/** A screen that remembers what was said. */
function aScreen(heard: (line: string) => void): Screen {
  return { out: heard, note: heard, rewrite: () => undefined, width: 80, live: false }
}

type Request = { metadata: { name: string }; spec: { request: string; username: string }; status?: object }

async function get(request: string): Promise<Request> {
  return (await admin.request('GET', `${requests}/${request}`)).body as Request
}

async function decide(request: string, type: 'Approved' | 'Denied'): Promise<void> {
  const seen = await get(request)
  const conditions = [{ type, status: 'True', reason: 'Test', message: 'by another person' }]
  const { status } = await admin.request('PUT', `${requests}/${request}/approval`, {
    ...seen,
    status: { conditions },
  })
  expect(status).toBe(200)
}

/** What the operator does with an approved request. Where one runs, it may be first. */
async function sign(request: string): Promise<void> {
  const seen = await get(request)
  const csr = Buffer.from(seen.spec.request, 'base64').toString('utf8')
  const cert = await certifyRequest(authority, csr, identity.auditor(seen.spec.username), { names: [] })
  const certificate = Buffer.from(cert).toString('base64')
  await admin.request('PUT', `${requests}/${request}/status`, {
    ...seen,
    status: { ...seen.status, certificate },
  })
}

const may = (verbs: string[], resource: string, more: object = {}): object => ({
  apiGroups: ['certificates.k8s.io'],
  resources: [resource],
  verbs,
  ...more,
})
const asks = may(['create', 'get'], 'certificatesigningrequests')

test('who may approve gets the certificate in their own name; the key is that of the certificate', async () => {
  const approver = await person('approver', [
    asks,
    may(['update'], 'certificatesigningrequests/approval'),
    may(['approve'], 'signers', { resourceNames: ['hipaa-mcp.dev/auditor'] }),
  ])
  const known = new Set(await requestNames())
  const got = auditorCertificate(
    approver,
    aScreen(() => undefined),
    60,
  )
  await signed(known)
  const { key, cert } = await got

  const leaf = new X509Certificate(cert)
  expect(identityOf(leaf.subjectAltName)).toEqual({
    role: 'auditor',
    person: `system:serviceaccount:default:${name}-approver`,
  })
  expect(leaf.checkPrivateKey((await import('node:crypto')).createPrivateKey(key))).toBe(true)
})

test('who may not approve is told what another person must run, and waits for it', async () => {
  const asker = await person('asker', [asks])
  const heard: string[] = []
  const got = auditorCertificate(
    asker,
    aScreen((line) => heard.push(line)),
    60,
  )
  while (!heard.join().includes('kubectl certificate approve'))
    await new Promise((resolve) => setTimeout(resolve, 100))
  const request = /kubectl certificate approve (\S+)/.exec(heard.join())?.[1] as string
  await decide(request, 'Approved')
  await sign(request)

  expect((await got).cert).toContain('BEGIN CERTIFICATE')
})

test('a denial ends the waiting, with the words of who denied', async () => {
  const asker = await person('asker', [asks])
  const heard: string[] = []
  const got = auditorCertificate(
    asker,
    aScreen((line) => heard.push(line)),
    60,
  )
  while (!heard.join().includes('kubectl certificate approve'))
    await new Promise((resolve) => setTimeout(resolve, 100))
  await decide(/kubectl certificate approve (\S+)/.exec(heard.join())?.[1] as string, 'Denied')

  await expect(got).rejects.toThrow(/was denied: by another person/)
})

test('who may not even ask learns which role is missing; an approval that never comes ends too', async () => {
  const nobody = await person('nobody', [])
  await expect(
    auditorCertificate(
      nobody,
      aScreen(() => undefined),
      60,
    ),
  ).rejects.toThrow(/ClusterRole/)
  const asker = await person('asker', [asks])
  await expect(
    auditorCertificate(
      asker,
      aScreen(() => undefined),
      2,
    ),
  ).rejects.toThrow(/within 2 s/)
})

async function requestNames(): Promise<string[]> {
  const { body } = await admin.request('GET', requests)
  return (body as { items: Request[] }).items.map(({ metadata }) => metadata.name)
}

/** Signs the one request that is new, once it is approved. */
async function signed(known: ReadonlySet<string>): Promise<void> {
  for (;;) {
    const fresh = (await requestNames()).find(
      (each) => each.startsWith('hipaa-mcp-auditor-') && !known.has(each),
    )
    if (fresh !== undefined && JSON.stringify((await get(fresh)).status).includes('Approved')) {
      await sign(fresh)
      return
    }
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}
