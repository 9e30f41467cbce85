import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readConfig } from '../../../collector/config.ts'
import { kmsOf } from '../../../collector/kms/settings.ts'
import { aFolder } from '../a-trail.ts'

const pem = '-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n'
const good = {
  HIPAA_MCP_CHANNEL: 'https://hipaa-mcp-channel.hipaa-mcp-system.svc:8444',
  HIPAA_MCP_CA: pem,
  HIPAA_MCP_STORE: 'embedded:/var/lib/hipaa-mcp',
}
const arn = 'arn:aws:kms:us-east-1:111122223333:alias/trail'

test('without a key nothing is sealed; with one, the rest has its documented value', () => {
  expect(readConfig(good).sealing).toBeUndefined()
  expect(readConfig({ ...good, HIPAA_MCP_KMS: `aws-kms:${arn}` }).sealing).toEqual({
    kms: { kind: 'aws', arn },
    folder: '/var/lib/hipaa-mcp/sealed',
    bounds: { bytes: 16 * 1024 * 1024, records: 32_768, ageMs: 900_000 },
    developmentOnly: false,
  })
})

test.each([
  [
    'an HSM',
    'pkcs11:token=hipaa%20mcp;object=trail?module-path=/opt/hsm/lib.so&pin-source=file:/run/pin',
    { kind: 'pkcs11', module: '/opt/hsm/lib.so', token: 'hipaa mcp', object: 'trail', pinPath: '/run/pin' },
  ],
  [
    'Vault',
    'vault:https://vault.example:8200/teams/transit/trail?token-source=file:/vault/token&namespace=clinic',
    {
      kind: 'vault',
      url: 'https://vault.example:8200',
      mount: 'teams/transit',
      key: 'trail',
      tokenPath: '/vault/token',
      namespace: 'clinic',
    },
  ],
  [
    'AWS in another partition',
    `aws-kms:arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/1-2`,
    { kind: 'aws' },
  ],
  ['a file', 'key-file:/run/keys', { kind: 'file', path: '/run/keys' }],
])('%s is read', (_, text, expected) => {
  expect(kmsOf(text, undefined)).toMatchObject(expected)
})

test.each([
  'hsm:x',
  'pkcs11:token=a;object=b?module-path=/lib.so',
  'pkcs11:token=a;object=b?module-path=/lib.so&pin-value=1234',
  'pkcs11:token=a;object=b?module-path=/lib.so&pin-source=file:/pin&pin-value=1234',
  'pkcs11:object=b?module-path=/lib.so&pin-source=file:/pin',
  'pkcs11:token=a;object=b;id=%01?module-path=/lib.so&pin-source=file:/pin',
  'pkcs11:token=a;object=b?module-path=lib.so&pin-source=file:/pin',
  'vault:http://vault.example:8200/transit/trail?token-source=file:/token',
  'vault:https://vault.example:8200/trail?token-source=file:/token',
  'vault:https://vault.example:8200/transit/trail',
  'vault:https://vault.example:8200/transit/trail?token=s.secret',
  'aws-kms:alias/trail',
  'aws-kms:arn:aws:s3:::bucket',
  'key-file:keys',
])('%s is refused, and what was written is not repeated', (text) => {
  const run = (): unknown => readConfig({ ...good, HIPAA_MCP_KMS: text })

  expect(run).toThrow(/HIPAA_MCP_KMS, or HIPAA_MCP_KMS_CA, cannot be read: pkcs11:token=LABEL/)
  expect(run).not.toThrow(/1234|s\.secret/)
})

test.each([
  [
    'a key in a file for Production',
    { HIPAA_MCP_KMS: 'key-file:/run/keys' },
    /a key in a file is for profile Development/,
  ],
  ['a profile that is none', { HIPAA_MCP_PROFILE: 'development' }, /must be Production or Development/],
  [
    'a store without a folder',
    { HIPAA_MCP_STORE: 'postgres://db.example/trail', HIPAA_MCP_KMS: `aws-kms:${arn}` },
    /HIPAA_MCP_SEALED must be the path/,
  ],
  [
    'a relative folder',
    { HIPAA_MCP_SEALED: 'sealed', HIPAA_MCP_KMS: `aws-kms:${arn}` },
    /HIPAA_MCP_SEALED must be/,
  ],
  [
    'segments that are too large',
    { HIPAA_MCP_SEGMENT_KIB: '65537' },
    /SEGMENT_KIB must be a number from 1 to 65536/,
  ],
])('%s is refused', (_, more, says) => {
  expect(() => readConfig({ ...good, ...more })).toThrow(says)
})

test('a CA may stand in a file, and a profile for Development takes a key in one', () => {
  const ca = join(aFolder(), 'ca.crt')
  writeFileSync(ca, pem)
  const vault = 'vault:https://vault.example:8200/transit/trail?token-source=file:/vault/token'

  expect(readConfig({ ...good, HIPAA_MCP_KMS: vault, HIPAA_MCP_KMS_CA: ca }).sealing?.kms).toMatchObject({
    ca: pem,
  })
  expect(
    readConfig({ ...good, HIPAA_MCP_KMS: 'key-file:/run/keys', HIPAA_MCP_PROFILE: 'Development' }).sealing,
  ).toMatchObject({ developmentOnly: true })
})

const documented = readFileSync(join(import.meta.dirname, '../../../docs/keys.md'), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('HIPAA_MCP_KMS='))
  .map((line) => line.slice('HIPAA_MCP_KMS='.length))

test('what docs/keys.md tells people to write is what the collector reads, for each kind', () => {
  expect(documented.map((text) => kmsOf(text, undefined).kind)).toEqual(['pkcs11', 'vault', 'aws', 'file'])
})
