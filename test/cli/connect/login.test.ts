// A login at an issuer that ends the connection where a client certificate is of no CA that it knows, as Java's TLS does.

import { hash } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type LoginOptions, logIn } from '../../../cli/connect/login.ts'
import { reasonOf } from '../../../cli/connect/net.ts'
import { type Authority, makeAuthority } from '../../../operator/authority/ca.ts'
import { proved } from '../../../operator/authority/certificate-request.ts'
import { issue } from '../../../operator/authority/issue.ts'
import { authority } from '../../sample/certificates.ts'

type Asked = { at: string; over: string; form: URLSearchParams; body: string }

let clients: Authority
let ca: string
let base: string
const asked: Asked[] = []
let close: () => void

beforeAll(async () => {
  clients = await makeAuthority('clients', Date.now())
  const own = await authority('issuer')
  ca = own.cert
  const pair = await own.issue('login', ['localhost'])
  const server = createServer({ ...pair, ca: clients.pem, requestCert: true, rejectUnauthorized: false })
  // Whoever shows none is let in; whoever shows another's is not.
  server.on('secureConnection', (socket: TLSSocket) => {
    if (!socket.authorized && Object.keys(socket.getPeerCertificate()).length > 0) socket.destroy()
  })
  server.on('request', (request, response) => {
    answer(request).then(
      (said) => response.end(JSON.stringify(said)),
      () => response.destroy(),
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  base = `https://localhost:${(server.address() as AddressInfo).port}`
  close = () => {
    server.closeAllConnections()
    server.close()
  }
})
afterAll(() => close())
beforeEach(() => void asked.splice(0))

async function answer(request: IncomingMessage): Promise<object> {
  let body = ''
  for await (const chunk of request) body += String(chunk)
  const at = request.url ?? ''
  const over = (request.socket as TLSSocket).getPeerCertificate().fingerprint256 ?? 'none'
  asked.push({ at, over, form: new URLSearchParams(body), body })
  if (at === '/token') return { access_token: `token-${asked.length}`, expires_in: 60 }
  if (at === '/device')
    return { device_code: 'd', user_code: 'AAAA-BBBB', verification_uri: base, interval: 0.01 }
  const key = await proved((JSON.parse(body) as { csr: string }).csr)
  if ('refused' in key) throw new Error(key.refused)
  const leaf = { publicKey: key.publicKey, names: ['person'], usages: ['client' as const], seconds: 60 }
  return { certificate: await issue(clients, leaf, Date.now()) }
}

function options(more: Partial<LoginOptions>): LoginOptions {
  return {
    place: {
      url: `${base}/mcp`,
      resource: `${base}/mcp`,
      issuer: {
        issuer: base,
        authorize: `${base}/authorize`,
        token: `${base}/token`,
        boundToken: `${base}/token`,
        device: `${base}/device`,
        namesItself: false,
      },
      scopes: [],
      binding: 'Certificate',
      connect: { enrolment_endpoint: `${base}/enrol`, login: {} },
    },
    client: 'connect',
    ca: [ca],
    device: false,
    redirect: 'http://127.0.0.1/signed-in',
    open: (url) => void visit(url),
    note: () => undefined,
    ...more,
  }
}

/** The person agrees, and their browser goes where it is sent. */
async function visit(url: string): Promise<void> {
  const { searchParams } = new URL(url)
  const back = new URL(searchParams.get('redirect_uri') ?? '')
  back.search = new URLSearchParams({ code: 'c', state: searchParams.get('state') ?? '' }).toString()
  const { headers } = await fetch(back, { redirect: 'manual' })
  const next = headers.get('location')
  if (next !== null) await visit(next)
}

const ways = [
  ['in the browser', false],
  ['by device code', true],
] as const

test.each(ways)('%s another client’s token enrols, asked for over no certificate', async (_, device) => {
  const session = await logIn(options({ device, enrolClient: 'enrol' }))

  const [first, enrolled, second] = asked.filter(({ at }) => at !== '/device')
  expect([first?.form.get('client_id'), first?.over]).toEqual(['enrol', 'none'])
  // Nothing of this machine but the request: the token says nothing of a certificate.
  expect([enrolled?.at, enrolled?.over, Object.keys(JSON.parse(enrolled?.body ?? '{}') as object)]).toEqual([
    '/enrol',
    'none',
    ['csr'],
  ])
  expect(second?.form.get('client_id')).toBe('connect')
  expect(second?.over).toMatch(/^[\dA-F:]{95}$/)
  expect(session.tokens.access).toBe(`token-${asked.length}`)
})

test('without another client nothing is asked: the certificate is of no CA', async () => {
  await expect(logIn(options({}))).rejects.toThrow('localhost cannot be reached')

  expect(asked).toEqual([])
})

// As Java says it, and as OpenSSL does.
test.each(['ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_UNKNOWN', 'ERR_SSL_TLSV1_ALERT_UNKNOWN_CA'])(
  '%s says what helps',
  (code) => {
    expect(reasonOf(Object.assign(new Error('alert'), { code }))).toContain('--enrol-client')
  },
)

test('a device code is redeemed by whoever asked for it', async () => {
  await logIn(options({ device: true, enrolClient: 'enrol' }))

  const [begun, first] = asked
  expect(begun?.form.get('code_challenge_method')).toBe('S256')
  expect(begun?.form.get('code_challenge')).toBe(
    hash('sha256', first?.form.get('code_verifier') ?? '', 'base64url'),
  )
})
