import { execFileSync } from 'node:child_process'
import { createHash, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createSecureContext, createServer, rootCertificates, connect as tlsConnect } from 'node:tls'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { authorityOfPod, tellTrust } from '../../../sidecar/egress/model/authority.ts'
import { verifies } from '../../verifies.ts'

const host = 'api.vendor.example'
let folder: string
let keyFile: string
beforeEach(() => {
  const root = mkdtempSync(join(tmpdir(), 'hipaa-mcp-trust-'))
  folder = join(root, 'trust')
  mkdirSync(folder)
  keyFile = join(root, 'gate.key')
})
afterEach(() => rmSync(join(folder, '..'), { recursive: true, force: true }))
const read = (file: string): string => readFileSync(join(folder, file), 'utf8')
const certificatesOf = (pem: string): string[] => pem.match(/-----BEGIN[^]+?END CERTIFICATE-----/g) ?? []

/** Whether a client that trusts `ca` alone accepts the gate. */
async function accepted(ca: string): Promise<boolean> {
  const server = createServer({ SNICallback: (name, done) => done(null, authorityOfPod().contextFor(name)) })
  server.on('tlsClientError', () => undefined)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const socket = connect((server.address() as AddressInfo).port)
  const secure = tlsConnect({ socket, servername: host, ca: certificatesOf(ca) })
  const trusted = await once(secure, 'secureConnect').then(
    () => true,
    () => false,
  )
  secure.destroy()
  server.close()
  return trusted
}

verifies('agreement:pod-ca', 'the certificate is told and the key is not', async () => {
  tellTrust(folder, keyFile)

  expect(certificatesOf(read('ca.pem'))).toHaveLength(1)
  expect(certificatesOf(read('bundle.pem'))).toHaveLength(rootCertificates.length + 1)
  expect(await accepted(read('ca.pem'))).toBe(true)
  expect(await accepted(read('bundle.pem'))).toBe(true)
  for (const file of ['ca.pem', 'bundle.pem', 'trust.jks']) {
    expect(read(file)).not.toContain('PRIVATE KEY')
    expect(statSync(join(folder, file)).mode & 0o777).toBe(0o444)
  }
  expect(statSync(keyFile).mode & 0o777).toBe(0o600)
})

verifies('agreement:pod-ca', 'an app that runs on trusts the sidecar’s next process', async () => {
  tellTrust(folder, keyFile)
  const before = read('ca.pem')

  tellTrust(folder, keyFile)

  expect(await accepted(before)).toBe(true)
})

verifies('agreement:pod-ca', 'another pod’s app does not', async () => {
  tellTrust(folder, keyFile)
  const before = read('ca.pem')

  rmSync(keyFile)
  tellTrust(folder, keyFile)

  expect(await accepted(before)).toBe(false)
})

test('a key of which a process wrote a part is made anew', async () => {
  writeFileSync(keyFile, '-----BEGIN PRI')

  tellTrust(folder, keyFile)

  expect(await accepted(read('ca.pem'))).toBe(true)
  expect(existsSync(keyFile)).toBe(true)
})

test('Java’s file has every certificate, and the digest that its format wants', () => {
  tellTrust(folder, keyFile)

  const bytes = readFileSync(join(folder, 'trust.jks'))
  const [body, digest] = [bytes.subarray(0, -20), bytes.subarray(-20)]
  expect(bytes.readUInt32BE(0)).toBe(0xfeedfeed)
  expect(bytes.readUInt32BE(8)).toBe(rootCertificates.length + 1)
  expect(bytes.includes(new X509Certificate(read('ca.pem')).raw)).toBe(true)
  const salted = createHash('sha1').update(Buffer.from('\0c\0h\0a\0n\0g\0e\0i\0t', 'latin1'))
  expect(digest).toEqual(salted.update('Mighty Aphrodite').update(body).digest())
})

test('OpenSSL reads the bundle', () => {
  tellTrust(folder, keyFile)

  const said = execFileSync('openssl', ['storeutl', '-noout', '-certs', join(folder, 'bundle.pem')])
  expect(said.toString()).toContain(`Total found: ${rootCertificates.length + 1}`)
  expect(() => createSecureContext({ ca: read('bundle.pem') })).not.toThrow()
})
