import { X509Certificate } from 'node:crypto'
import { expect, onTestFinished, test, vi } from 'vitest'
import { auditorSigner, authoritySecrets, identity, identityOf } from '../../../core/identifiers.ts'
import { answerAuditor, signAuditors } from '../../../operator/authority/auditor-csr.ts'
import { loadAuthority, makeAuthority } from '../../../operator/authority/ca.ts'
import { issuedByCertManager } from '../../../operator/authority/cert-manager.ts'
import { proved } from '../../../operator/authority/certificate-request.ts'
import { issue } from '../../../operator/authority/issue.ts'
import { keepCertificate } from '../../../operator/authority/keep-certificate.ts'
import { writeBundles } from '../../../operator/authority/webhook-certificate.ts'
import { isPathSecret, pathSecret } from '../../../operator/authority/webhook-path.ts'
import { ApiError } from '../../../operator/cluster/client.ts'
import { kinds } from '../../../operator/cluster/kinds.ts'
import { verifies } from '../../verifies.ts'
import { quiet } from '../cluster/scripted-api.ts'
import { aForgedRequest, aRequestFor } from './keys.ts'
import { objects } from './objects.ts'

const now = Date.now()
const authority = await makeAuthority(authoritySecrets.own, now)
const other = await makeAuthority(authoritySecrets.clients, now)

async function publicKey() {
  const read = await proved((await aRequestFor()).csr)
  if ('refused' in read) throw new Error(read.refused)
  return read.publicKey
}

test('replicas that start together end with one authority', async () => {
  const client = objects()
  const all = await Promise.all([1, 2, 3].map(async () => await loadAuthority(client, 'hipaa-mcp-ca')))
  expect(new Set(all.map(({ pem }) => pem)).size).toBe(1)
  expect((await loadAuthority(client, 'hipaa-mcp-ca')).pem).toBe(all[0]?.pem)
})

test('a Secret that holds something else is never overwritten', async () => {
  const client = objects()
  const metadata = { name: 'hipaa-mcp-ca', namespace: 'hipaa-mcp-system' }
  await loadAuthority(client, 'hipaa-mcp-ca')
  const good = await client.get<{ data: { [key: string]: string } }>(
    kinds.secret,
    metadata.namespace,
    metadata.name,
  )
  for (const data of [
    {},
    { ...good?.data, 'tls.crt': encode(other.pem) },
    { ...good?.data, 'tls.key': 'x' },
  ]) {
    client.put(kinds.secret, { metadata, data })
    await expect(loadAuthority(client, 'hipaa-mcp-ca')).rejects.toThrow(
      /restore Secret hipaa-mcp-system\/hipaa-mcp-ca/,
    )
  }
  client.put(kinds.secret, { metadata, data: good?.data })
  await expect(loadAuthority(client, 'hipaa-mcp-ca', now + 11 * 365 * 86_400_000)).rejects.toThrow(
    'The CA is over',
  )
})

test('a leaf names its identity, ends in time, and is not the other authority’s', async () => {
  const uri = identity.sidecar('clinic', 'ehr', 'uid-1')
  const leaf = { publicKey: await publicKey(), identity: uri, names: ['ehr', 'ehr.clinic'], seconds: 300 }
  const certificate = new X509Certificate(await issue(authority, { ...leaf, usages: ['client'] }, now))
  expect(identityOf(certificate.subjectAltName)).toEqual({
    role: 'sidecar',
    namespace: 'clinic',
    server: 'ehr',
    podUid: 'uid-1',
  })
  expect(certificate.checkHost('ehr.clinic')).toBe('ehr.clinic')
  expect(certificate.ca).toBe(false)
  expect(Math.abs(Date.parse(certificate.validTo) - (now + 300_000))).toBeLessThan(1_000)
  expect(certificate.verify(new X509Certificate(authority.pem).publicKey)).toBe(true)
  expect(certificate.verify(new X509Certificate(other.pem).publicKey)).toBe(false)
})

test('a certificate request is refused unless its own EC key signed it', async () => {
  const rsa = {
    name: 'RSASSA-PKCS1-v1_5',
    modulusLength: 2048,
    publicExponent: new Uint8Array([1, 0, 1]),
    hash: 'SHA-256',
  }
  expect(await proved('nonsense')).toHaveProperty('refused')
  expect(await proved((await aRequestFor([], rsa)).csr)).toHaveProperty(
    'refused',
    expect.stringContaining('EC P-256'),
  )
  expect(await proved(await aForgedRequest())).toHaveProperty('refused', expect.stringContaining('own key'))
  expect(await proved((await aRequestFor(['a.b'])).csr)).toMatchObject({ names: ['a.b'] })
})

test('a kept certificate is renewed with a new key before it is over', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
  const kept = await keepCertificate(authority, { names: ['a'], usages: ['server'], seconds: 300 })
  const before = kept.current()
  const told = new Promise<{ cert: string; key: string }>((resolve) => kept.onChange(resolve))
  vi.advanceTimersByTime(199_999)
  expect(vi.getTimerCount()).toBe(1)
  vi.advanceTimersByTime(1)
  expect(vi.getTimerCount()).toBe(0)
  const renewed = await told
  expect(kept.current()).toBe(renewed)
  kept.stop()
  expect(renewed.cert).not.toBe(before.cert)
  expect(renewed.key).not.toBe(before.key)
})

test('a caBundle is written where it differs and nowhere else', async () => {
  const client = objects()
  const caBundle = Buffer.from(authority.pem).toString('base64')
  client.put(kinds.mutatingWebhook, {
    metadata: { name: 'hipaa-mcp' },
    webhooks: [
      { name: 'a', clientConfig: {} },
      { name: 'b', clientConfig: { caBundle } },
    ],
  })
  await expect(writeBundles(client, authority)).rejects.toThrow(
    'ValidatingWebhookConfiguration hipaa-mcp missing',
  )
  client.put(kinds.validatingWebhook, {
    metadata: { name: 'hipaa-mcp' },
    webhooks: [{ name: 'c', clientConfig: { caBundle } }],
  })
  client.patches.length = 0
  await writeBundles(client, authority)
  expect(client.patches.map(({ body }) => body)).toEqual([
    [
      { op: 'test', path: '/webhooks/0/name', value: 'a' },
      { op: 'add', path: '/webhooks/0/clientConfig/caBundle', value: caBundle },
    ],
  ])
})

test('the path ends in a secret of the hour that every replica has, and nobody without the key', async () => {
  const client = objects()
  const made = await loadAuthority(client, authoritySecrets.own, now)
  const read = await loadAuthority(client, authoritySecrets.own, now)
  const webhook = (path: string) => ({
    name: 'a',
    clientConfig: { caBundle: Buffer.from(made.pem).toString('base64'), service: { path } },
  })
  const put = (path: string): void => {
    for (const kind of [kinds.mutatingWebhook, kinds.validatingWebhook])
      client.put(kind, { metadata: { name: 'hipaa-mcp' }, webhooks: [webhook(path)] })
    client.patches.length = 0
  }
  const wanted = `/connect/${pathSecret(read.webhookKey, now)}`
  expect(wanted).toMatch(/^\/connect\/[0-9a-f]{64}$/)
  expect(pathSecret(other.webhookKey, now)).not.toBe(pathSecret(made.webhookKey, now))

  for (const before of ['/connect', `/connect/${pathSecret(read.webhookKey, now - 3_600_000)}`]) {
    put(before)
    await writeBundles(client, made, now)
    const body = [
      { op: 'test', path: '/webhooks/0/name', value: 'a' },
      { op: 'add', path: '/webhooks/0/clientConfig/service/path', value: wanted },
    ]
    expect(client.patches.map((patch) => patch.body)).toEqual([body, body])
  }
  put(wanted)
  await writeBundles(client, made, now)
  expect(client.patches).toEqual([])

  const hour = 3_600_000
  const known = [-2, -1, 0, 1, 2].map((hours) =>
    isPathSecret(pathSecret(made.webhookKey, now + hours * hour), read.webhookKey, now),
  )
  expect(known).toEqual([false, true, true, true, false])
  expect(isPathSecret('', made.webhookKey, now)).toBe(false)
})

test('an auditor’s certificate bears the name that the API server saw, for an hour at most', async () => {
  const { csr } = await aRequestFor()
  const spec = {
    signerName: auditorSigner,
    request: Buffer.from(csr).toString('base64'),
    username: 'ada@example.org',
    usages: ['client auth'],
    expirationSeconds: 864_000,
  }
  const approved = {
    conditions: [
      { type: 'Approved', status: 'True' as const, reason: '', message: '', lastTransitionTime: '' },
    ],
  }
  const request = { apiVersion: '', kind: '', metadata: { name: 'r' }, spec, status: approved }
  const given = await answerAuditor(authority, request, now)
  if (given === undefined || 'refused' in given) throw new Error('not signed')
  const certificate = new X509Certificate(given.certificate)
  expect(identityOf(certificate.subjectAltName)).toEqual({ role: 'auditor', person: 'ada@example.org' })
  expect(Date.parse(certificate.validTo) - now).toBeLessThanOrEqual(3_600_000)

  const [condition] = approved.conditions
  const denied = { conditions: [condition, { ...condition, type: 'Denied' }] as typeof approved.conditions }
  expect(await answerAuditor(authority, { ...request, status: {} }, now)).toBeUndefined()
  expect(await answerAuditor(authority, { ...request, status: denied }, now)).toBeUndefined()
  expect(
    await answerAuditor(authority, { ...request, spec: { ...spec, signerName: 'other.example/x' } }, now),
  ).toBeUndefined()
  expect(
    await answerAuditor(
      authority,
      { ...request, spec: { ...spec, usages: ['client auth', 'server auth'] } },
      now,
    ),
  ).toHaveProperty('refused')
  expect(await answerAuditor(authority, { ...request, spec: { ...spec, username: '' } }, now)).toHaveProperty(
    'refused',
  )
})

test('a request that cannot be answered keeps no other from its answer', async () => {
  const { csr } = await aRequestFor()
  const request = (name: string, username: string) => ({
    metadata: { name },
    spec: {
      signerName: auditorSigner,
      request: Buffer.from(csr).toString('base64'),
      username,
      usages: ['client auth'],
    },
    status: { conditions: [{ type: 'Approved', status: 'True' }] },
  })
  const written: string[] = []
  const signing = signAuditors(
    {
      list: async () =>
        ({
          items: [request('bad', 'ada'), request('good', 'ada')],
          metadata: { resourceVersion: '1' },
        }) as never,
      applyStatus: async (_, object) => {
        if (object.metadata.name === 'bad') throw new ApiError(422, 'Invalid', 'planted')
        written.push(object.metadata.name)
        return object
      },
    },
    authority,
    quiet,
  )

  await expect.poll(() => written).toEqual(['good'])
  signing.stop()
})

const encode = (text: string) => Buffer.from(text).toString('base64')

const signed = async (names: string[]) => {
  const leaf = { publicKey: await publicKey(), names, usages: ['server' as const], seconds: 60 }
  return { certificate: Buffer.from(await issue(other, leaf, now)).toString('base64') }
}

/** cert-manager as a client sees it: `answer` turns a new request into what its status says. */
function certManager(answer: () => Promise<object>) {
  const client = objects()
  const create: typeof client.create = async (kind, object) => {
    client.put(kind, { ...object, status: await answer() })
    return object
  }
  return { ...client, create }
}

const wanted = async (names: string[]) => ({
  namespace: 'clinic',
  pod: { name: 'ehr-1', uid: 'uid-1' },
  issuerRef: { name: 'clinic-ca', kind: 'Issuer' as const },
  csr: (await aRequestFor(names)).csr,
  names,
  seconds: 86_400,
})

verifies('transit:issuer', 'cert-manager refuses, is silent, or signs another name', async () => {
  const request = await wanted(['ehr.clinic.svc'])
  const good = certManager(async () => await signed(['ehr.clinic.svc']))
  expect(await issuedByCertManager(good, request)).toContain('BEGIN CERTIFICATE')
  expect((await good.list(kinds.certificateRequest)).items).toEqual([])
  const denied = certManager(async () => ({
    conditions: [{ type: 'Denied', status: 'True', reason: 'Policy' }],
  }))
  await expect(issuedByCertManager(denied, request)).rejects.toThrow(
    'Issuer clinic-ca refused the certificate (Policy)',
  )
  const silent = certManager(async () => ({}))
  await expect(issuedByCertManager(silent, request, 100)).rejects.toThrow(
    /no certificate within 0.1 s.*CertificateRequest clinic\/hipaa-mcp-/,
  )
  const stranger = certManager(async () => await signed(['bank.example']))
  await expect(issuedByCertManager(stranger, request)).rejects.toThrow('left out ehr.clinic.svc')
})
