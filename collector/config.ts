// What the collector is told by its environment. Anything missing, malformed or unknown stops it before it starts: a
// setting that was misspelt must not quietly mean its default.

import { readFileSync } from 'node:fs'
import { paths, ports } from '../core/identifiers.ts'
import { BadSettings } from '../core/log.ts'
import { BadPolicy, parseWitnessPolicy } from '../core/witness-policy.ts'
import { type ArchiveConfig, archiveOf } from './archive/settings.ts'
import { kafkaPlace } from './commit/kafka/options.ts'
import { type CopyTarget, readTargets } from './copies/settings.ts'
import { type SealingConfig, sealingOf } from './sealing/settings.ts'
import type { WitnessSettings } from './witnesses/witnesses.ts'

export type StoreConfig =
  | { kind: 'embedded'; folder: string }
  | { kind: 'postgres' | 'kafka'; url: string; ca?: string }

export type Config = {
  /** Base URL of the operator's control channel. */
  channel: string
  /** CA of every program of this installation, PEM. */
  ca: string
  store: StoreConfig
  silentSeconds: number
  /** Absent where nobody outside the cluster is asked to witness. */
  witnesses?: WitnessSettings & { /** Trusted besides the public authorities, PEM. */ ca?: string }
  /** Absent where no key is configured: nothing is sealed then, and nothing archived. */
  sealing?: SealingConfig
  /** Absent where none is configured. */
  archive?: ArchiveConfig
  /** Absent where nothing is copied elsewhere. */
  copies?: CopyTarget[]
  tokenPath: string
  port: number
  healthPort: number
}

/** Every variable of ours, and what it is for. */
const variables = {
  HIPAA_MCP_CHANNEL: 'base URL of the operator’s channel, https://…',
  HIPAA_MCP_CA: 'the installation’s CA: PEM, or the path of a file that holds it',
  HIPAA_MCP_STORE: 'embedded:/path, postgres://…, kafka://…, or file:/path of a file that holds one of these',
  HIPAA_MCP_STORE_CA: 'CA of the PostgreSQL server or the Kafka brokers: PEM or a path',
  HIPAA_MCP_SILENT_SECONDS: 'seconds without a word after which a chain has ended, 90 unless set',
  HIPAA_MCP_PROFILE: 'Production, unless set, or Development, which may keep its key in a file',
  HIPAA_MCP_KMS: 'which key wraps the keys of sealed segments: docs/keys.md has the forms',
  HIPAA_MCP_KMS_CA: 'CA of the key’s holder: PEM or a path',
  HIPAA_MCP_SEALED:
    'folder for sealed segments that are not archived yet, durable; sealed in the store’s unless set',
  HIPAA_MCP_SEGMENT_KIB: 'size at which a segment ends and its key is used up, 16384 unless set',
  HIPAA_MCP_SEGMENT_SECONDS: 'age at which it does, 900 unless set',
  HIPAA_MCP_ARCHIVE: 's3://bucket/prefix, a bucket with Object Lock: docs/archive.md',
  HIPAA_MCP_ARCHIVE_REGION: 'its region; us-east-1 where an endpoint is set',
  HIPAA_MCP_ARCHIVE_ENDPOINT: 'base URL of an S3 server that is not AWS’s, https://…',
  HIPAA_MCP_ARCHIVE_CA: 'CA of that server: PEM or a path',
  HIPAA_MCP_ARCHIVE_DAYS: 'days for which every object is locked, 2192 unless set, and at least that',
  HIPAA_MCP_COPIES: 'path of a file that lists where copies of records go: docs/copies.md',
  HIPAA_MCP_WITNESSES:
    'path of a policy file (C2SP tlog-policy) with witnesses outside the cluster, each with its URL',
  HIPAA_MCP_WITNESS_ORIGIN:
    'name by which they know the registry log, hipaa-mcp.dev/registry/{key} unless set; {key} is the SHA-256 of its key',
  HIPAA_MCP_WITNESS_SECONDS: 'seconds between two rounds of asking them, 30 unless set',
  HIPAA_MCP_WITNESS_LATE_SECONDS: 'seconds without a quorum after which it is late, 300 unless set',
  HIPAA_MCP_WITNESS_STRICT: 'true: nothing is acknowledged that a quorum has not signed; false unless set',
  HIPAA_MCP_WITNESS_CA: 'CA of their HTTPS servers besides the public ones: PEM or a path',
  HIPAA_MCP_POD_NAME: 'downward API; not used',
  HIPAA_MCP_POD_UID: 'downward API; not used',
  HIPAA_MCP_POD_IP: 'downward API; not used',
  HIPAA_MCP_TOKEN: 'path of the ServiceAccount token',
  HIPAA_MCP_PORT_NUMBER: 'TCP port for sidecars, operator and auditors',
  HIPAA_MCP_HEALTH_PORT_NUMBER: 'TCP port for health and metrics',
} as const

// Kubernetes adds variables for every Service of the namespace, ours among them (enableServiceLinks).
const serviceLink = /_SERVICE_(HOST|PORT(_[A-Z0-9_]+)?)$|_PORT(_[0-9]+_(TCP|UDP)(_(ADDR|PORT|PROTO))?)?$/

/** Reads the environment. Throws one error that lists everything to mend. */
export function readConfig(environment: { readonly [name: string]: string | undefined }): Config {
  const issues: string[] = []
  for (const name of Object.keys(environment))
    if (name.startsWith('HIPAA_MCP_') && !Object.hasOwn(variables, name) && !serviceLink.test(name))
      issues.push(`${name} is unknown: the variables are ${Object.keys(variables).join(', ')}`)

  const value = (name: keyof typeof variables): string | undefined => environment[name] || undefined
  const needed = (name: keyof typeof variables): string => {
    const text = value(name)
    if (text === undefined) issues.push(`${name} is missing: ${variables[name]}`)
    return text ?? ''
  }
  const number = (name: keyof typeof variables, otherwise: number, most: number): number => {
    const text = value(name)
    if (text === undefined) return otherwise
    const read = /^[1-9][0-9]{0,5}$/.test(text) ? Number(text) : Number.NaN
    if (!(read <= most)) issues.push(`${name} must be a number from 1 to ${most}`)
    return read
  }
  const attempt = <T>(name: keyof typeof variables, read: () => T): T | undefined => {
    try {
      return read()
    } catch {
      issues.push(`${name} cannot be read: ${variables[name]}`)
      return undefined
    }
  }

  const channel = needed('HIPAA_MCP_CHANNEL')
  if (channel !== '' && !/^https:\/\/[^/?#]+\/?$/.test(channel))
    issues.push('HIPAA_MCP_CHANNEL must be an https:// base URL without a path')
  const caText = needed('HIPAA_MCP_CA')
  const ca = caText === '' ? undefined : attempt('HIPAA_MCP_CA', () => pemOf(caText))
  const storeText = needed('HIPAA_MCP_STORE')
  const storeCa = value('HIPAA_MCP_STORE_CA')
  const store =
    storeText === ''
      ? undefined
      : attempt('HIPAA_MCP_STORE', () =>
          storeOf(storeText, storeCa === undefined ? undefined : pemOf(storeCa)),
        )
  const witnesses = witnessesOf(value, number, issues)
  const sealing = sealingOf({ value, number, issues, pemOf, store })
  const archive = archiveOf({ value, number, issues, pemOf, seals: sealing !== undefined })
  const copies = copiesOf(value('HIPAA_MCP_COPIES'), issues)
  const config = {
    channel: channel.replace(/\/$/, ''),
    ca: ca ?? '',
    store: store as StoreConfig,
    ...(witnesses === undefined ? {} : { witnesses }),
    ...(sealing === undefined ? {} : { sealing }),
    ...(archive === undefined ? {} : { archive }),
    ...(copies === undefined ? {} : { copies }),
    silentSeconds: number('HIPAA_MCP_SILENT_SECONDS', 90, 86_400),
    tokenPath: value('HIPAA_MCP_TOKEN') ?? paths.token,
    port: number('HIPAA_MCP_PORT_NUMBER', ports.collector, 65_535),
    healthPort: number('HIPAA_MCP_HEALTH_PORT_NUMBER', ports.ownHealth, 65_535),
  }
  if (issues.length > 0) throw new BadSettings(issues.join('\n'))
  return config
}

function copiesOf(path: string | undefined, issues: string[]): CopyTarget[] | undefined {
  if (path === undefined) return undefined
  try {
    return readTargets(path)
  } catch (error) {
    issues.push(`HIPAA_MCP_COPIES: ${error instanceof Error ? error.message : 'it cannot be read'}`)
    return undefined
  }
}

type Value = (name: keyof typeof variables) => string | undefined
type Ranged = (name: keyof typeof variables, otherwise: number, most: number) => number

function witnessesOf(value: Value, number: Ranged, issues: string[]): Config['witnesses'] {
  const path = value('HIPAA_MCP_WITNESSES')
  const ca = value('HIPAA_MCP_WITNESS_CA')
  const strict = value('HIPAA_MCP_WITNESS_STRICT') ?? 'false'
  const settings = {
    origin: value('HIPAA_MCP_WITNESS_ORIGIN') ?? 'hipaa-mcp.dev/registry/{key}',
    seconds: number('HIPAA_MCP_WITNESS_SECONDS', 30, 3_600),
    lateSeconds: number('HIPAA_MCP_WITNESS_LATE_SECONDS', 300, 86_400),
    strict: strict === 'true',
  }
  if (strict !== 'true' && strict !== 'false') issues.push('HIPAA_MCP_WITNESS_STRICT must be true or false')
  // Another log of the same name at the same witness would be taken for a fork of this one.
  if (!/^[!-*,-~]*\{key\}[!-*,-~]*$/.test(settings.origin))
    issues.push('HIPAA_MCP_WITNESS_ORIGIN must hold {key}, and neither spaces nor +')
  if (settings.lateSeconds < 2 * settings.seconds)
    issues.push('HIPAA_MCP_WITNESS_LATE_SECONDS must be at least twice HIPAA_MCP_WITNESS_SECONDS')
  if (path === undefined) {
    if (settings.strict) issues.push('HIPAA_MCP_WITNESS_STRICT is true, and HIPAA_MCP_WITNESSES names nobody')
    return undefined
  }
  try {
    const policy = parseWitnessPolicy(readFileSync(path, 'utf8'))
    if (policy.quorum === 'none') throw new BadPolicy(0, 'a quorum of none asks nobody: leave the file out')
    for (const { name, url } of policy.witnesses)
      if (url === undefined || !['http:', 'https:'].includes(URL.parse(url)?.protocol ?? ''))
        throw new BadPolicy(0, `witness ${name} has no URL, https://… or http://…`)
    return { ...settings, policy, ...(ca === undefined ? {} : { ca: pemOf(ca) }) }
  } catch (error) {
    const says = error instanceof BadPolicy ? error.message : 'it, or HIPAA_MCP_WITNESS_CA, cannot be read'
    issues.push(`HIPAA_MCP_WITNESSES: ${says}`)
    return undefined
  }
}

function pemOf(text: string): string {
  const pem = text.includes('-----BEGIN') ? text : readFileSync(text, 'utf8')
  if (!pem.includes('-----BEGIN CERTIFICATE-----')) throw new TypeError('no certificate')
  return pem
}

function storeOf(text: string, ca: string | undefined): StoreConfig {
  if (text.startsWith('file:/')) return storeOf(readFileSync(text.slice('file:'.length), 'utf8').trim(), ca)
  if (text.startsWith('embedded:/')) return { kind: 'embedded', folder: text.slice('embedded:'.length) }
  if (/^postgres(ql)?:\/\/./.test(text) && new URL(text).hostname !== '')
    return { kind: 'postgres', url: text, ...(ca === undefined ? {} : { ca }) }
  if (text.startsWith('kafka:') && kafkaPlace(text))
    return { kind: 'kafka', url: text, ...(ca === undefined ? {} : { ca }) }
  throw new TypeError('unknown store')
}
