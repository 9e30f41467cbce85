// Environment to typed configuration. Admission sets it and compares it as part of the whole spec, so anything that is
// missing, malformed or unknown means that this is not the pod that was admitted: the process does not start.

import { isIP } from 'node:net'
import { type Acknowledge, acknowledgements } from '../core/acknowledge.ts'
import { isObject } from '../core/is-object.ts'
import { BadSettings } from '../core/log.ts'
import { type Transport, transports } from '../core/policy.ts'
import { holdsCertificates } from './pem.ts'

export type HttpProbe = {
  path?: string
  port: number
  scheme?: 'HTTP' | 'HTTPS'
  httpHeaders?: { name: string; value: string }[]
}
/** One probe of the app as it stood in the pod before admission rewrote it. Ports are numbers: names were resolved. */
export type Probe =
  | { httpGet: HttpProbe }
  | { tcpSocket: { port: number } }
  | { grpc: { port: number; service?: string | null } }

export type Config = {
  server: { namespace: string; name: string }
  pod: { name: string; uid: string; ip: string }
  upstream: { port: number; path: string; transport: Transport }
  channel: URL
  collector: URL
  /** PEM. */
  ca: string
  /** Address of the cluster's resolver, `ip` or `ip:port`. */
  dns: string
  search: string[]
  /** `<container>/<kind>` -> probe. */
  probes: ReadonlyMap<string, Probe>
  trail: Acknowledge
}

/** Says which variables are wrong and what they must be. Holds names of variables only, never values. */
export class BadConfig extends BadSettings {
  readonly issues: readonly string[]
  constructor(issues: readonly string[]) {
    super(`The pod's environment is not what admission sets; create the pod again. ${issues.join('. ')}.`)
    this.name = 'BadConfig'
    this.issues = issues
  }
}

const prefix = 'HIPAA_MCP_'
/** What the kubelet adds for every Service of the namespace: one may be called hipaa-mcp-something. */
const serviceLink = /_(SERVICE_HOST|SERVICE_PORT(_.+)?|PORT(_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)$/

type Read<T> = { holds: string; read: (text: string) => T | undefined }

const readers = {
  SERVER: { holds: 'namespace/name', read: serverOf },
  POD_NAME: { holds: 'the name of the pod', read: textOf },
  POD_UID: { holds: 'the UID of the pod', read: textOf },
  POD_IP: { holds: 'an IP address', read: (text) => (isIP(text) === 0 ? undefined : text) },
  UPSTREAM_PORT: { holds: 'a port', read: portOf },
  UPSTREAM_PATH: { holds: 'an absolute path', read: (text) => (text.startsWith('/') ? text : undefined) },
  TRANSPORT: { holds: transports.join(' or '), read: (text) => transports.find((one) => one === text) },
  CHANNEL: { holds: 'an https URL', read: httpsOf },
  COLLECTOR: { holds: 'an https URL', read: httpsOf },
  CA: { holds: 'certificates in PEM', read: certificatesOf },
  DNS: { holds: 'an IP address, with or without a port', read: resolverOf },
  SEARCH: { holds: 'DNS domains with commas between them', read: domainsOf },
  PROBES: { holds: 'a JSON object of probes', read: probesOf },
  TRAIL: {
    holds: acknowledgements.join(' or '),
    read: (text) => acknowledgements.find((one) => one === text),
  },
} as const satisfies Record<string, Read<unknown>>

type Name = keyof typeof readers
type Values = { [N in Name]: NonNullable<ReturnType<(typeof readers)[N]['read']>> }

/** Throws BadConfig that names every variable that is missing, malformed or unknown. */
export function readConfig(environment: { readonly [name: string]: string | undefined }): Config {
  const issues: string[] = []
  for (const name of Object.keys(environment)) {
    const known = !name.startsWith(prefix) || Object.hasOwn(readers, name.slice(prefix.length))
    if (!known && !serviceLink.test(name)) issues.push(`${name} is unknown to this version`)
  }
  const values: Partial<Record<Name, unknown>> = {}
  for (const [name, { holds, read }] of Object.entries(readers) as [Name, Read<unknown>][]) {
    const text = environment[prefix + name]
    const value = text === undefined ? undefined : read(text)
    if (text === undefined) issues.push(`${prefix}${name} is missing: it holds ${holds}`)
    else if (value === undefined) issues.push(`${prefix}${name} must hold ${holds}`)
    values[name] = value
  }
  if (issues.length > 0) throw new BadConfig(issues)
  const known = values as Values
  return {
    server: known.SERVER,
    pod: { name: known.POD_NAME, uid: known.POD_UID, ip: known.POD_IP },
    upstream: { port: known.UPSTREAM_PORT, path: known.UPSTREAM_PATH, transport: known.TRANSPORT },
    channel: known.CHANNEL,
    collector: known.COLLECTOR,
    ca: known.CA,
    dns: known.DNS,
    search: known.SEARCH,
    probes: known.PROBES,
    trail: known.TRAIL,
  }
}

function textOf(text: string): string | undefined {
  return text === '' ? undefined : text
}

function serverOf(text: string): { namespace: string; name: string } | undefined {
  const match = /^([a-z0-9-]+)\/([a-z0-9.-]+)$/.exec(text)
  return match === null ? undefined : { namespace: match[1] as string, name: match[2] as string }
}

function portOf(text: string): number | undefined {
  return /^[1-9][0-9]{0,4}$/.test(text) && Number(text) <= 65_535 ? Number(text) : undefined
}

function httpsOf(text: string): URL | undefined {
  return URL.canParse(text) && text.startsWith('https://') ? new URL(text) : undefined
}

function certificatesOf(text: string): string | undefined {
  return holdsCertificates(text) ? text : undefined
}

function resolverOf(text: string): string | undefined {
  if (isIP(text) !== 0) return text
  const match = /^(?:([0-9.]+)|\[([0-9a-f:.]+)\]):([0-9]+)$/.exec(text)
  if (match === null) return undefined
  const address = match[1] ?? match[2] ?? ''
  return isIP(address) !== 0 && portOf(match[3] as string) !== undefined ? text : undefined
}

function domainsOf(text: string): string[] | undefined {
  const domains = text.split(',').filter((domain) => domain !== '')
  return domains.every((domain) => /^[a-z0-9_.-]+$/i.test(domain)) ? domains : undefined
}

function probesOf(text: string): Map<string, Probe> | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  if (!isObject(value)) return undefined
  const probes = Object.entries(value)
  const wellFormed = probes.every(
    ([key, probe]) => /^[a-z0-9-]+\/(livez|readyz|startupz)$/.test(key) && isProbe(probe),
  )
  return wellFormed ? new Map(probes as [string, Probe][]) : undefined
}

function isProbe(value: unknown): boolean {
  if (!isObject(value)) return false
  const [kind, ...others] = Object.keys(value).filter((name) =>
    ['httpGet', 'tcpSocket', 'grpc'].includes(name),
  )
  const how = kind === undefined ? undefined : value[kind]
  if (!isObject(how) || others.length > 0) return false
  const { port, path, scheme, httpHeaders, service } = how
  return (
    typeof port === 'number' &&
    portOf(String(port)) !== undefined &&
    (path === undefined || typeof path === 'string') &&
    // The API server writes null for a service that is not named.
    (service === undefined || service === null || typeof service === 'string') &&
    (scheme === undefined || scheme === 'HTTP' || scheme === 'HTTPS') &&
    (httpHeaders === undefined ||
      (Array.isArray(httpHeaders) &&
        httpHeaders.every(
          (header) =>
            isObject(header) && typeof header['name'] === 'string' && typeof header['value'] === 'string',
        )))
  )
}
