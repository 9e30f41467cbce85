import { generateKeyPairSync } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readConfig } from '../../collector/config.ts'
import { vkey } from '../../core/checkpoint.ts'
import { aFolder } from './a-trail.ts'

const pem = '-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n'
const good = {
  HIPAA_MCP_CHANNEL: 'https://hipaa-mcp-channel.hipaa-mcp-system.svc:8444',
  HIPAA_MCP_CA: pem,
  HIPAA_MCP_STORE: 'embedded:/var/lib/hipaa-mcp',
}

test('what is given is read, and the rest has its documented value', () => {
  expect(readConfig({ ...good, PATH: '/bin' })).toEqual({
    channel: good.HIPAA_MCP_CHANNEL,
    ca: pem,
    store: { kind: 'embedded', folder: '/var/lib/hipaa-mcp' },
    silentSeconds: 90,
    tokenPath: '/var/run/hipaa-mcp/token/token',
    port: 8445,
    healthPort: 8081,
  })
})

test('certificates and the store’s address may stand in files, as Secrets are mounted', () => {
  const folder = aFolder()
  writeFileSync(join(folder, 'ca.crt'), pem)
  writeFileSync(join(folder, 'url'), 'postgres://collector:secret@db.example:5433/trail\n')
  const config = readConfig({
    ...good,
    HIPAA_MCP_CA: join(folder, 'ca.crt'),
    HIPAA_MCP_STORE: `file:${join(folder, 'url')}`,
    HIPAA_MCP_STORE_CA: join(folder, 'ca.crt'),
  })

  expect(config.ca).toBe(pem)
  expect(config.store).toEqual({
    kind: 'postgres',
    url: 'postgres://collector:secret@db.example:5433/trail',
    ca: pem,
  })
})

test.each([
  ['no channel', { HIPAA_MCP_CHANNEL: '' }, /HIPAA_MCP_CHANNEL is missing/],
  ['a plain channel', { HIPAA_MCP_CHANNEL: 'http://channel' }, /https/],
  ['no CA', { HIPAA_MCP_CA: undefined }, /HIPAA_MCP_CA is missing/],
  ['a CA that is not there', { HIPAA_MCP_CA: '/nonexistent' }, /HIPAA_MCP_CA cannot be read/],
  ['no store', { HIPAA_MCP_STORE: undefined }, /HIPAA_MCP_STORE is missing/],
  ['an unknown store', { HIPAA_MCP_STORE: 'memory:' }, /HIPAA_MCP_STORE cannot be read/],
  ['a bare path', { HIPAA_MCP_STORE: '/var/lib' }, /HIPAA_MCP_STORE cannot be read/],
  ['a store without host', { HIPAA_MCP_STORE: 'postgres:///trail' }, /HIPAA_MCP_STORE cannot be read/],
  ['a word for a number', { HIPAA_MCP_SILENT_SECONDS: 'long' }, /HIPAA_MCP_SILENT_SECONDS must be/],
  ['a port out of range', { HIPAA_MCP_PORT_NUMBER: '70000' }, /HIPAA_MCP_PORT_NUMBER must be/],
  [
    'an archive without a key',
    { HIPAA_MCP_ARCHIVE: 's3://trail/clinic' },
    /HIPAA_MCP_ARCHIVE needs HIPAA_MCP_KMS/,
  ],
  ['an archive that is no bucket', { HIPAA_MCP_ARCHIVE: '/var/trail' }, /must be s3:\/\/bucket\/prefix/],
  ['an archive in no region', { HIPAA_MCP_ARCHIVE: 's3://trail/clinic' }, /HIPAA_MCP_ARCHIVE_REGION must be/],
  [
    'an archive over plain HTTP',
    { HIPAA_MCP_ARCHIVE: 's3://trail', HIPAA_MCP_ARCHIVE_ENDPOINT: 'http://s3.example' },
    /HIPAA_MCP_ARCHIVE_ENDPOINT must be an https/,
  ],
  ['a lock of less than six years', { HIPAA_MCP_ARCHIVE_DAYS: '2191' }, /at least 2192: six years/],
  ['a misspelt variable', { HIPAA_MCP_SILENT_SECOND: '5' }, /HIPAA_MCP_SILENT_SECOND is unknown/],
])('with %s the collector does not start, and says what to set', (_, change, says) => {
  expect(() => readConfig({ ...good, ...change })).toThrow(says)
})

test('where copies go is read from a file', () => {
  const folder = aFolder()
  const path = join(folder, 'targets.yaml')
  writeFileSync(
    path,
    '- { name: siem, as: otlp, url: "https://otel.example:4318/v1/logs", bearer: /etc/token }\n- { name: soc, as: ocsf, url: "https://soc.example/", since: now }\n',
  )

  expect(readConfig({ ...good, HIPAA_MCP_COPIES: path }).copies).toEqual([
    { name: 'siem', as: 'otlp', url: 'https://otel.example:4318/v1/logs', bearer: '/etc/token' },
    { name: 'soc', as: 'ocsf', url: 'https://soc.example/', since: 'now' },
  ])
})

test.each([
  ['no file', undefined, /HIPAA_MCP_COPIES: it cannot be read/],
  ['no list', 'name: siem', /must be a list of targets/],
  ['an empty list', '[]', /must be a list of targets/],
  ['plain HTTP', '- { name: a, as: otlp, url: "http://h/" }', /target 1 must be one of/],
  [
    'a password in the address',
    '- { name: a, as: otlp, url: "https://u:secret@h/" }',
    /target 1 must be one of/,
  ],
  ['another form', '- { name: a, as: syslog, url: "https://h/" }', /otlp or ocsf/],
  ['a misspelt member', '- { name: a, as: otlp, url: "https://h/", barer: /t }', /target 1 must be one of/],
  [
    'a certificate without key',
    '- { name: a, as: otlp, url: "https://h/", certificate: /t }',
    /certificate with key/,
  ],
  ['a relative path', '- { name: a, as: otlp, url: "https://h/", ca: t }', /paths of files/],
  ['a name that is a path', '- { name: ../a, as: otlp, url: "https://h/" }', /letters, digits/],
  [
    'one name twice',
    '[{ name: a, as: otlp, url: "https://h/" }, { name: a, as: ocsf, url: "https://i/" }]',
    /two targets have one name/,
  ],
])('with %s for copies the collector does not start, and says what to set', (_, text, says) => {
  const path = join(aFolder(), 'targets.yaml')
  if (text !== undefined) writeFileSync(path, text)
  const read = (): unknown => readConfig({ ...good, HIPAA_MCP_COPIES: path })

  expect(read).toThrow(says)
  expect(read).not.toThrow(/secret/)
})

const wrong = (): unknown => readConfig({ HIPAA_MCP_STORE: 'mysql://user:secret@db' })

test('everything to mend is said at once, and no value is repeated', () => {
  expect(wrong).toThrow(/CHANNEL[^]*CA[^]*STORE/)
  expect(wrong).not.toThrow(/secret/)
})

test('variables that Kubernetes makes of Services are not taken for ours', () => {
  const links = {
    HIPAA_MCP_CHANNEL_SERVICE_HOST: '10.0.0.1',
    HIPAA_MCP_CHANNEL_SERVICE_PORT_CHANNEL: '8444',
    HIPAA_MCP_CHANNEL_PORT: 'tcp://10.0.0.1:8444',
    HIPAA_MCP_CHANNEL_PORT_8444_TCP_ADDR: '10.0.0.1',
  }

  expect(readConfig({ ...good, ...links }).channel).toBe(good.HIPAA_MCP_CHANNEL)
})

const key = vkey({
  name: 'w.example',
  kind: 'cosignature',
  key: generateKeyPairSync('ed25519').privateKey,
})
const policyFile = (text: string): string => {
  const path = join(aFolder(), 'witnesses')
  writeFileSync(path, text)
  return path
}

test('witnesses are read from their policy file, and asked every 30 seconds without gating anything', () => {
  const path = policyFile(`witness w ${key} https://w.example/\nquorum w\n`)

  expect(readConfig(good).witnesses).toBeUndefined()
  expect(readConfig({ ...good, HIPAA_MCP_WITNESSES: path }).witnesses).toMatchObject({
    policy: { quorum: 'w' },
    origin: 'hipaa-mcp.dev/registry/{key}',
    seconds: 30,
    lateSeconds: 300,
    strict: false,
  })
})

test.each([
  ['a witness without a URL', `witness w ${key}\nquorum w\n`, {}, /witness w has no URL/],
  ['a witness with a path', `witness w ${key} /w\nquorum w\n`, {}, /witness w has no URL/],
  ['nobody to ask', 'quorum none\n', {}, /asks nobody/],
  ['a broken line', 'witness\n', {}, /HIPAA_MCP_WITNESSES: Line 1: a witness is written/],
  ['an origin that others may have', '', { HIPAA_MCP_WITNESS_ORIGIN: 'a/b' }, /ORIGIN must hold \{key\}/],
  ['an origin that no vkey can hold', '', { HIPAA_MCP_WITNESS_ORIGIN: 'a+b{key}' }, /ORIGIN must hold/],
  ['a word for a switch', '', { HIPAA_MCP_WITNESS_STRICT: 'yes' }, /STRICT must be true or false/],
  [
    'rounds that are always late',
    '',
    { HIPAA_MCP_WITNESS_SECONDS: '300' },
    /LATE_SECONDS must be at least twice/,
  ],
])('witnesses with %s are refused', (_, text, more, says) => {
  const path = policyFile(text === '' ? `witness w ${key} https://w.example/\nquorum w\n` : text)
  expect(() => readConfig({ ...good, HIPAA_MCP_WITNESSES: path, ...more })).toThrow(says)
})

test('strict without witnesses is refused, and so is a file that is not there', () => {
  expect(() => readConfig({ ...good, HIPAA_MCP_WITNESS_STRICT: 'true' })).toThrow(/names nobody/)
  expect(() => readConfig({ ...good, HIPAA_MCP_WITNESSES: '/nonexistent' })).toThrow(/cannot be read/)
})

test('the sample of witnesses is a policy that the collector takes', () => {
  const path = join(import.meta.dirname, '../../config/samples/witnesses/policy')
  const { policy } = readConfig({ ...good, HIPAA_MCP_WITNESSES: path }).witnesses ?? {}

  expect(policy?.witnesses.map(({ name }) => name)).toEqual(['audit', 'partner'])
  expect(policy?.quorum).toBe('outside')
})
