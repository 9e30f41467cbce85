// Access control, 45 CFR 164.312(a)(1), and the purpose of use, 164.502(b). Implements: access:*, audit:room

import { patientArgument } from '../../core/arguments/patient-argument.ts'
import type { Json } from '../../core/canonical.ts'
import { purposeMeta } from '../../core/identifiers.ts'
import { isObject } from '../../core/is-object.ts'
import { byReach, purposesOf, rolesFor, rolesForPurpose } from '../../core/permission.ts'
import { valueAt } from '../../core/pointer.ts'
import type { Role } from '../../core/policy.ts'
import type { Who } from '../../core/record.ts'
import { fitOneRecord } from '../../core/record-room.ts'
import { areNamed, covers, isPlain, listOf, patientsNamed } from '../../core/redaction/patients.ts'
import type { Ask, Found } from '../asks/ask.ts'
import type { Deps } from '../deps.ts'
import type { Caller, Identified, Permission, Permitted } from '../exchange.ts'
import { type Details, Refusal } from '../refusals.ts'
import type { Target } from '../targets.ts'
import { grantFor } from './break-glass.ts'
import { heldRoles } from './held-roles.ts'
import { type Meant, meantBy, withMeant } from './meant.ts'
import { reachOf } from './reach.ts'
import { sessionOf } from './session.ts'

/**
 * Finds the role that permits this message: held by the token, with all its scopes, for the stated purpose, for what is
 * asked and for the patients that the arguments name. Refuses to guess a purpose, and tells what is not permitted from
 * what does not exist to nobody.
 */
export const authorize =
  (ask: Ask) =>
  (exchange: Identified, deps: Deps): Permitted => {
    const permitted = permission(ask, exchange, deps)
    const { found, patients, grant } = permitted
    withinLimits(exchange, found, grant === undefined ? patients : undefined, deps)
    return { ...exchange, stage: 'permitted', ...permitted }
  }

/** What the caller may have, and as whom, and no limit is used up by asking. Throws Refusal when they may not. */
export function permission(ask: Ask, exchange: Caller, deps: Deps): Permission {
  const { message, scopes, rules } = exchange
  const upstreamSession = sessionOf(exchange, deps)
  const found = ask.find(message.params, rules, exchange)
  const held = heldRoles(exchange)
  const forTarget = found === undefined ? [] : rolesFor(held, found.target.kind, found.target.name)
  if (found === undefined || forTarget.length === 0) throw new Refusal(ask.unknown)
  const purpose = purposeOf(exchange, found.earlier?.purpose)
  if (purpose === undefined)
    throw new Refusal(
      statesTwo(exchange) ? 'purpose-contradicts' : 'purpose-missing',
      permittedPurposes(forTarget),
    )
  const named = namedBy(found)
  const patients = patientsNamed(named)
  const grant = grantFor(exchange, purpose, listOf(named).every(isPlain) ? patients : undefined, deps)
  const forPurpose = grant === undefined ? rolesForPurpose(forTarget, purpose) : forTarget
  if (forPurpose.length === 0) throw new Refusal('purpose-not-permitted', permittedPurposes(forTarget))

  const inScope = forPurpose.filter((role) => role.when.scopes.every((scope) => scopes.includes(scope)))
  if (inScope.length === 0) throw scopesMissing(forPurpose[0] as Role)

  // Of two roles that both permit, the one that reaches further: what is permitted at all is permitted.
  const reaching = byReach(inScope)
  const meant = (one: Role): Meant =>
    meantBy(named, found, reachOf(one, exchange), { inForce: exchange.inForce, purpose })
  const role =
    reaching.find((one) => covers(reachOf(one, exchange), meant(one).named)) ??
    (grant === undefined ? undefined : inScope[0])
  if (role === undefined) throw new Refusal('patient-not-permitted')
  const reach = grant?.patients ?? reachOf(role, exchange)
  if (ask.anybody === true && reach !== undefined) throw new Refusal('patient-not-permitted')

  // An emergency names its patients themselves.
  const whom = grant === undefined ? meant(role) : { named, hidden: [] }
  const asked = whom.named === named ? patients : patientsNamed(whom.named)
  // Before anything is sent or counted: their result could not be recorded either.
  if (!fitOneRecord(asked)) throw new Refusal('too-many-patients')
  return {
    role,
    purpose,
    found: withMeant(found, named, whom),
    patients: asked,
    ...(found.target.patientsUnknown === true || !areNamed(named) ? { patientsUnknown: true } : {}),
    ...(whom.hidden.length === 0 ? {} : { hidden: whom.hidden }),
    ...(grant === undefined ? {} : { grant }),
    ...(reach === undefined ? {} : { reach }),
    ...(upstreamSession === undefined ? {} : { upstreamSession }),
  }
}

/** What a caller may state as the purpose, for a refusal. */
function permittedPurposes(roles: readonly Role[]): Details {
  return { data: { purposes: purposesOf(roles) } }
}

/**
 * `patients`: those that count. The patients of an emergency are few and named one by one: calls about them use up nothing
 * but the calls of the minute.
 */
function withinLimits(
  { who }: Caller,
  { target, earlier }: Found,
  patients: readonly string[] | undefined,
  deps: Deps,
): void {
  const person = limitKey(who, target)
  const now = deps.steady()
  const { callsPerMinute, callsPerPatientPerHour, patientsPerHour, resultBytesPerHour } = target.limits
  const wait =
    earlier === undefined
      ? deps.limits.call(person, callsPerMinute, now)
      : deps.limits.call(`${person} again`, Math.max(callsPerMinute, leastAgain), now)
  if (wait !== undefined) throw new Refusal('calls-over-limit', { data: { retryAfter: wait } })
  if (patients === undefined) return
  // Before the server is asked: a result that may not leave need not be made.
  const waitForVolume = deps.limits.amount(person, 0, resultBytesPerHour, now)
  if (waitForVolume !== undefined)
    throw new Refusal('volume-over-limit', { data: { retryAfter: waitForVolume } })
  const waitForPatients = deps.limits.patients(person, patients, patientsPerHour, now)
  if (waitForPatients !== undefined) {
    throw new Refusal('patients-over-limit', { data: { retryAfter: waitForPatients } })
  }
  // After that one: else nothing would bound how many patients are kept count of.
  const waitForOne =
    earlier === undefined ? deps.limits.callsOf(person, patients, callsPerPatientPerHour, now) : undefined
  if (waitForOne !== undefined)
    throw new Refusal('patient-calls-over-limit', { data: { retryAfter: waitForOne } })
}

/** Asking after what was asked for is no call of its own, and may be as frequent as polling is, in a minute. */
const leastAgain = 120

/** What the caller named as the patient, now or when it was asked for. */
export function namedBy({ target, arguments: args, said, earlier }: Found): Json | undefined {
  if (earlier !== undefined) return earlier.named
  if (said !== undefined) return said
  return target.patient === undefined
    ? undefined
    : (patientArgument(args, target.patient) as Json | undefined)
}

/** What a person's limits are counted by. */
export function limitKey({ iss, sub }: Who, { kind, name }: Target): string {
  return `${iss} ${sub} ${kind} ${name}`
}

/**
 * What the caller says the call is for: the token's claim, which a request may repeat but not change, else `_meta`, else
 * what they said `before`.
 */
export function purposeOf(caller: Caller, before?: string): string | undefined {
  const { claimed, asked } = statements(caller)
  const stated = claimed ?? asked ?? before
  return typeof stated !== 'string' || statesTwo(caller) ? undefined : stated
}

function statements({ claims, message, rules }: Caller): { claimed: unknown; asked: unknown } {
  const meta = message.params['_meta']
  return {
    claimed: rules.purpose === undefined ? undefined : valueAt(claims, rules.purpose),
    asked: isObject(meta) ? meta[purposeMeta] : undefined,
  }
}

function statesTwo(caller: Caller): boolean {
  const { claimed, asked } = statements(caller)
  return claimed !== undefined && asked !== undefined && claimed !== asked
}

function scopesMissing({ when }: Role): Refusal {
  const challenge = { error: 'insufficient_scope', params: { scope: when.scopes.join(' ') } }
  return new Refusal('scopes-missing', { challenge, data: { scopes: when.scopes } })
}
