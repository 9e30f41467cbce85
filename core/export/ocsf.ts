// What a trail tells as events of the Open Cybersecurity Schema Framework, OCSF 1.8.0: calls as API Activity (6003) under the
// profile security_control, starts and stops as Application Lifecycle (6002), all else as Base Event (0). OCSF has no place for a
// purpose of use, a policy or what was redacted: these stand under `unmapped`.

import { partsOfOrigin } from '../wire.ts'
import { type Naming, outcomeOf, patientsOf, type Told } from './told.ts'

const ocsfVersion = '1.8.0'

export type OcsfEvent = { readonly [member: string]: unknown }

/** One event. `version` is that of this product. */
export function ocsfEvent(told: Told, server: string, name: Naming, version: string): OcsfEvent {
  const lifecycle = lifecycles[told.kind]
  if (told.call !== undefined) return { ...base(told, version, calls), ...apiActivity(told, server, name) }
  if (lifecycle !== undefined)
    return {
      ...base(told, version, lifecycle),
      app: { name: 'hipaa-mcp', vendor_name: 'hipaa-mcp', version, uid: podOf(told.origin) },
    }
  return { ...base(told, version, other), unmapped: unmapped(told) }
}

/** In the place of an event that a receiver would not have: which one it is, and no more. */
export function ocsfStub(text: string): { text: string; uid: string } {
  const { time, metadata } = JSON.parse(text) as { time: number; metadata: { [member: string]: unknown } }
  const { version, uid, log_name, product } = metadata
  const { category, uid: class_uid, activity } = other
  const stub = {
    category_uid: category,
    class_uid,
    activity_id: activity,
    activity_name: 'not-copied',
    type_uid: class_uid * 100 + activity,
    time,
    severity_id: 4,
    message: 'The receiver would not have this event: the trail has it',
    metadata: { version, uid, log_name, product },
  }
  return { text: JSON.stringify(stub), uid: String(uid) }
}

type Class = { category: number; uid: number; activity: number; profiles?: readonly string[] }
/** An MCP method says neither that it reads nor that it writes: Other (99), named by the method. */
const calls: Class = { category: 6, uid: 6003, activity: 99, profiles: ['security_control'] }
const other: Class = { category: 0, uid: 0, activity: 99 }
const lifecycles: { readonly [kind in Told['kind']]?: Class } = {
  'chain-started': { category: 6, uid: 6002, activity: 3 },
  'chain-closed': { category: 6, uid: 6002, activity: 4 },
}

function base(told: Told, version: string, { category, uid, activity, profiles }: Class): OcsfEvent {
  return {
    category_uid: category,
    class_uid: uid,
    activity_id: activity,
    ...(activity === 99 ? { activity_name: told.method ?? told.kind } : {}),
    type_uid: uid * 100 + activity,
    time: Date.parse(told.at),
    severity_id: severityOf(told),
    ...statuses[outcomeOf(told)],
    ...(told.detail === undefined ? {} : { status_detail: told.detail, message: told.detail }),
    metadata: {
      version: ocsfVersion,
      uid: `${told.origin}#${told.index}`,
      log_name: told.origin,
      ...(told.call === undefined ? {} : { correlation_uid: told.call }),
      ...(profiles === undefined ? {} : { profiles }),
      product: { name: 'hipaa-mcp', vendor_name: 'hipaa-mcp', version },
    },
  }
}

/** Informational 1, Low 2, Medium 3, High 4. */
function severityOf(told: Told): number {
  const { kind, grant } = told
  if (kind === 'signal' || kind === 'witness-refused') return 4
  if (grant !== undefined || kind === 'pod-entered' || kind === 'grant-changed') return 3
  return outcomeOf(told) === 'refused' ? 2 : 1
}

/** Success 1, Failure 2, Other 99 with its name. */
const statuses: { readonly [outcome in Told['outcome']]: OcsfEvent } = {
  ok: { status_id: 1 },
  noted: { status_id: 1 },
  'tool-error': { status_id: 2, status_code: 'tool-error' },
  error: { status_id: 2, status_code: 'error' },
  refused: { status_id: 2, status_code: 'refused' },
  unknown: { status_id: 99, status: 'unknown' },
  unanswered: { status_id: 99, status: 'unanswered' },
}

function apiActivity(told: Told, server: string, name: Naming): OcsfEvent {
  const { who, person, peer, outcome } = told
  const parts = partsOfOrigin(told.origin)
  const refused = outcome === 'refused'
  const changed = Object.keys(told.dropped).length > 0 || Object.keys(told.redacted).length > 0
  const resources = patientsOf(told).map((patient) => {
    const named = name(patient)
    return { type: 'Patient', uid: named.patient ?? named.token }
  })
  return {
    actor: {
      user: person === undefined ? { uid: 'unknown' } : { uid: person.sub, domain: person.iss },
      ...(who?.clientId === undefined ? {} : { app_uid: who.clientId }),
      ...(who?.actor === undefined ? {} : { invoked_by: who.actor.sub }),
    },
    api: {
      operation: [told.method, told.name].filter((part) => part !== undefined).join(' ') || told.kind,
      service: { name: server },
    },
    src_endpoint: {
      ...(peer === undefined ? {} : { ip: peer }),
      uid: who?.certificate ?? 'unknown',
    },
    dst_endpoint: { svc_name: server, uid: parts?.podUid ?? 'registry' },
    // Allowed 1, Denied 2, Modified 4; disposition Allowed 1, Blocked 2.
    action_id: refused ? 2 : changed ? 4 : 1,
    disposition_id: refused ? 2 : 1,
    ...(resources.length === 0 ? {} : { resources }),
    unmapped: unmapped(told),
  }
}

function unmapped(told: Told): OcsfEvent {
  const { kind, purpose, role, policy, grant, kept, dropped, redacted, bytes, result, who } = told
  const related = { relations: told.relations, relations_unknown: told.relationsUnknown }
  const known = { purpose_of_use: purpose, role, policy, grant, bytes, result, mfa: who?.mfa, ...related }
  return {
    kind,
    ...Object.fromEntries(Object.entries(known).filter(([, value]) => value !== undefined)),
    ...(told.call === undefined ? {} : { kept, dropped, redacted }),
  }
}

function podOf(origin: string): string {
  return partsOfOrigin(origin)?.podUid ?? origin
}
