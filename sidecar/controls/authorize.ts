// Access control, 45 CFR 164.312(a)(1), and the purpose of use, 164.502(b). Implements: access:*

import { purposeMeta } from '../../core/identifiers.ts'
import { isObject } from '../../core/is-object.ts'
import type { Role } from '../../core/policy.ts'
import type { Deps } from '../deps.ts'
import type { Identified, JsonObject, Permitted } from '../exchange.ts'
import { valueAt } from '../pointer.ts'
import { patientIn } from '../redaction/patients.ts'
import { Refusal } from '../refusals.ts'
import { grantFor } from './break-glass.ts'
import { heldRoles } from './held-roles.ts'
import { sessionOf } from './session.ts'

/**
 * Finds the role that permits this call: held by the token, with all its scopes, for the stated purpose, for this tool
 * and for the patients that the arguments name. Refuses to guess a purpose, and tells a tool that is not permitted from
 * one that does not exist to nobody.
 */
export function authorize(exchange: Identified, deps: Deps): Permitted {
  const { message, scopes, rules, who, at } = exchange
  const upstreamSession = sessionOf(exchange, deps)
  const name = message.params['name']
  const tool = typeof name === 'string' ? rules.tools.get(name) : undefined
  const forTool =
    tool === undefined ? [] : heldRoles(exchange).filter((role) => role.tools.includes(tool.tool.name))
  if (tool === undefined || forTool.length === 0) throw new Refusal('tool-unknown')

  const purposes = [...new Set(forTool.flatMap((role) => role.purposes))].toSorted()
  const purpose = purposeOf(exchange)
  if (purpose === undefined) throw new Refusal('purpose-missing', { data: { purposes } })
  const args = argumentsOf(message.params)
  const named = tool.patient === undefined ? undefined : valueAt(args, tool.patient)
  const patients = patientsOf(named)
  const grant = grantFor(exchange, purpose, listOf(named).every(isPlain) ? patients : undefined, deps)
  const forPurpose = grant === undefined ? forTool.filter((role) => role.purposes.includes(purpose)) : forTool
  if (forPurpose.length === 0) throw new Refusal('purpose-not-permitted', { data: { purposes } })

  const inScope = forPurpose.filter((role) => role.when.scopes.every((scope) => scopes.includes(scope)))
  if (inScope.length === 0) throw scopesMissing(forPurpose[0] as Role)

  const own = rules.patient === undefined ? undefined : patientIn(valueAt(exchange.claims, rules.patient))
  const reaches = ({ patients: reach }: Role): boolean =>
    reach === 'Any' ||
    (own !== undefined &&
      patients !== undefined &&
      patients.length > 0 &&
      listOf(named).every(isPlainly(own)))
  // Of two roles that both permit, the one that reaches further: what is permitted at all is permitted.
  const role =
    inScope.find((one) => one.patients === 'Any') ??
    inScope.find(reaches) ??
    (grant === undefined ? undefined : inScope[0])
  if (role === undefined) throw new Refusal('patient-not-permitted')

  const person = `${who.iss} ${who.sub} ${tool.tool.name}`
  const { callsPerMinute, patientsPerHour } = tool.tool.limits
  const wait = deps.limits.call(person, callsPerMinute, at)
  if (wait !== undefined) throw new Refusal('calls-over-limit', { data: { retryAfter: wait } })
  // The patients of an emergency are few and named one by one: they are beyond this limit, and use up none of it.
  const counted = grant === undefined ? (patients ?? []) : []
  const waitForPatients = deps.limits.patients(person, counted, patientsPerHour, at)
  if (waitForPatients !== undefined) {
    throw new Refusal('patients-over-limit', { data: { retryAfter: waitForPatients } })
  }

  return {
    ...exchange,
    stage: 'permitted',
    role,
    purpose,
    tool,
    arguments: args,
    patients: patients ?? [],
    ...(grant === undefined ? {} : { grant }),
    ...(role.patients === 'Bound' && own !== undefined ? { bound: own } : {}),
    ...(upstreamSession === undefined ? {} : { upstreamSession }),
  }
}

/** What the caller says the call is for: the token's claim, which a request may repeat but not change, else `_meta`. */
export function purposeOf({ claims, message, rules }: Identified): string | undefined {
  const meta = message.params['_meta']
  const asked = isObject(meta) ? meta[purposeMeta] : undefined
  const claimed = rules.purpose === undefined ? undefined : valueAt(claims, rules.purpose)
  const stated = claimed ?? asked
  if (typeof stated !== 'string' || (asked !== undefined && asked !== stated)) return undefined
  return stated
}

function argumentsOf(params: JsonObject): JsonObject {
  const args = params['arguments'] ?? {}
  if (!isObject(args)) {
    throw new Refusal('argument-refused', { data: { argument: 'arguments', rule: 'must be object' } })
  }
  return args
}

/** Patients that an argument names; undefined when it is no identifier and no list of identifiers. */
function patientsOf(value: unknown): readonly string[] | undefined {
  if (!Array.isArray(value)) {
    const patient = patientIn(value)
    return patient === undefined ? undefined : [patient]
  }
  const patients = value.map((one) => patientIn(one))
  return patients.every((patient) => patient !== undefined) ? [...new Set(patients)] : undefined
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [value]
}

/**
 * Whether a value can mean nobody but this patient. `Patient/a/Patient/b` ends like a reference to b, and a server that
 * reads it from the front takes it for a: where the policy says one patient only, only the plain forms will do.
 */
function isPlainly(own: string): (value: unknown) => boolean {
  const forms: readonly unknown[] = [own, `Patient/${own}`, `urn:uuid:${own}`]
  return (value) => forms.includes(typeof value === 'number' ? String(value) : value)
}

/** Whether a value is a patient's identifier in one of the plain forms. */
function isPlain(value: unknown): boolean {
  const patient = patientIn(value)
  return patient !== undefined && isPlainly(patient)(value)
}

function scopesMissing({ when }: Role): Refusal {
  const challenge = { error: 'insufficient_scope', params: { scope: when.scopes.join(' ') } }
  return new Refusal('scopes-missing', { challenge, data: { scopes: when.scopes } })
}
