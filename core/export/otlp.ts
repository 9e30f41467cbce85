// Records of a trail as logs of the OpenTelemetry protocol, OTLP 1 in its JSON form (opentelemetry-proto, section "JSON Protobuf
// Encoding"): a pod's sidecar is the resource, a record an event whose body has the record's members. A patient is the token
// alone: what seals the identifier stays in the trail.

import type { AuditRecord } from '../record.ts'
import { partsOfOrigin } from '../wire.ts'

/** One record as a LogRecord, in JSON. */
export function otlpLogRecord(origin: string, index: number, record: AuditRecord): string {
  const { schema, at, kind, ...members } = record
  const severity = severities[kind] ?? informational
  return JSON.stringify({
    timeUnixNano: `${Date.parse(at)}000000`,
    severityNumber: severity.number,
    severityText: severity.text,
    eventName: `hipaa-mcp.${kind}`,
    body: valueOf('patients' in members ? { ...members, patients: tokensOf(members.patients) } : members),
    attributes: [
      // Equal in a copy that comes twice: by this it is known.
      attribute('log.record.uid', `${origin}#${index}`),
      attribute('hipaa_mcp.index', index),
      attribute('hipaa_mcp.schema', schema),
    ],
  })
}

/** In the place of a log record that a receiver would not have: which record it is, and no more. */
export function otlpStub(text: string): { text: string; uid: string } {
  const { timeUnixNano, attributes } = JSON.parse(text) as { timeUnixNano: string; attributes: Attribute[] }
  const uid = attributes.find(({ key }) => key === 'log.record.uid')?.value as { stringValue: string }
  const stub = {
    timeUnixNano,
    severityNumber: 17,
    severityText: 'ERROR',
    eventName: 'hipaa-mcp.not-copied',
    attributes,
  }
  return { text: JSON.stringify(stub), uid: uid.stringValue }
}

/** The body of a request. Records of one chain stand together, in the order in which they are given. */
export function otlpRequest(records: readonly { origin: string; text: string }[], version: string): string {
  const scope = JSON.stringify({ name: 'hipaa-mcp', version })
  const groups = [...Map.groupBy(records, ({ origin }) => origin)].map(
    ([origin, group]) =>
      `{"resource":${JSON.stringify({ attributes: resourceOf(origin) })},"scopeLogs":[{"scope":${scope},"logRecords":[${group
        .map(({ text }) => text)
        .join(',')}]}]}`,
  )
  return `{"resourceLogs":[${groups.join(',')}]}`
}

const informational = { number: 9, text: 'INFO' }
const severities: { readonly [kind in AuditRecord['kind']]?: typeof informational } = {
  refusal: { number: 13, text: 'WARN' },
  counted: { number: 13, text: 'WARN' },
  'witness-refused': { number: 17, text: 'ERROR' },
  signal: { number: 17, text: 'ERROR' },
}

type Attribute = { key: string; value: object }

/** By OpenTelemetry's semantic conventions. */
function resourceOf(origin: string): Attribute[] {
  const parts = partsOfOrigin(origin)
  if (parts === undefined)
    return [attribute('service.name', 'hipaa-mcp-collector'), attribute('hipaa_mcp.chain', origin)]
  const { namespace, server, podUid, restart } = parts
  return [
    attribute('service.name', server),
    attribute('service.namespace', namespace),
    attribute('service.instance.id', `${podUid}/${restart}`),
    attribute('k8s.namespace.name', namespace),
    attribute('k8s.pod.uid', podUid),
    attribute('hipaa_mcp.chain', origin),
  ]
}

const attribute = (key: string, value: unknown): Attribute => ({ key, value: valueOf(value) })

const tokensOf = (patients: readonly { token: string }[]): object[] =>
  patients.map(({ token }) => ({ token }))

/** AnyValue: 64-bit integers are strings in JSON. */
function valueOf(value: unknown): object {
  if (typeof value === 'string') return { stringValue: value }
  if (typeof value === 'boolean') return { boolValue: value }
  if (typeof value === 'number')
    return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value }
  if (Array.isArray(value)) return { arrayValue: { values: value.map(valueOf) } }
  const members = Object.entries(value as object).filter(([, member]) => member !== undefined)
  return { kvlistValue: { values: members.map(([key, member]) => ({ key, value: valueOf(member) })) } }
}
