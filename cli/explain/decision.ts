// The decision before a result: may this role ask for this, for this purpose, with these arguments; by which rule.

import { patientArgument } from '../../core/arguments/patient-argument.ts'
import type { JsonObject } from '../../core/canonical.ts'
import { byReach, purposesOf, rolesFor, rolesForPurpose } from '../../core/permission.ts'
import { segmentsOf } from '../../core/pointer.ts'
import type { Role } from '../../core/policy.ts'
import { fitOneRecord, mostPatients } from '../../core/record-room.ts'
import { covers, listOf, patientIn, patientsNamed } from '../../core/redaction/patients.ts'
import type { Target } from './target.ts'

/** One rule and what it says. `passed` undefined: it cannot be told without the token, or was not asked. */
export type Step = { rule: string; passed: boolean | undefined; says: string }

/** `role`: under which it is permitted. */
export type Decision = { role: Role | undefined; steps: Step[] }

/**
 * `roles`: those that the caller holds. `args` undefined: none were given, and nothing is said of them. `reach`: the patients of a
 * Bound or Panel caller, where somebody says them.
 */
export function decide(
  roles: readonly Role[],
  purpose: string,
  target: Target,
  args: JsonObject | undefined,
  reach: readonly string[] | undefined,
): Decision {
  const steps: Step[] = []
  const naming = rolesFor(roles, target.kind, target.name)
  steps.push(
    naming.length > 0
      ? { rule: 'role', passed: true, says: `${namesOf(naming)} names it in ${target.kind}` }
      : {
          rule: 'role',
          passed: false,
          says: `${namesOf(roles)} does not name it in ${target.kind}: to this caller it does not exist`,
        },
  )
  if (naming.length === 0) return { role: undefined, steps }
  const permitting = rolesForPurpose(naming, purpose)
  const purposes = purposesOf(naming).join(', ')
  steps.push(
    permitting.length > 0
      ? { rule: 'purpose', passed: true, says: `${purpose} is among its purposes: ${purposes}` }
      : { rule: 'purpose', passed: false, says: `${purpose} is not among its purposes: ${purposes}` },
  )
  if (permitting.length === 0) return { role: undefined, steps }
  steps.push(
    ...argumentSteps(target, args),
    ...roomSteps(target, args),
    patientStep(permitting, target, args, reach),
    tokenStep(permitting),
  )
  const refused = steps.some(({ passed }) => passed === false)
  return { role: refused ? undefined : byReach(permitting)[0], steps }
}

function argumentSteps(target: Target, args: JsonObject | undefined): Step[] {
  if (target.kind === 'resources') {
    const violation = target.check(target.given ?? {})
    if (violation === undefined) return []
    return [{ rule: 'address', passed: false, says: `${violation.argument} ${violation.rule}` }]
  }
  if (args === undefined)
    return [{ rule: 'arguments', passed: undefined, says: 'none given: --args judges them' }]
  const refused = refusedArguments(target, args)
  if (refused.length === 0)
    return [{ rule: 'arguments', passed: true, says: 'all keep to the schema of its arguments' }]
  return refused.map((says) => ({ rule: 'arguments', passed: false, says }))
}

/**
 * Every argument that is refused, and by which rule; the request path stops at the first. The same check is asked again of
 * fewer arguments: of those that must be there, and of these with each of the others.
 */
function refusedArguments({ check }: Target, args: JsonObject): string[] {
  const whole = check(args)
  if (whole === undefined) return []
  const names = Object.keys(args)
  const needed: string[] = []
  let first = check({})
  while (
    first?.rule === 'is required' &&
    names.includes(first.argument) &&
    !needed.includes(first.argument)
  ) {
    needed.push(first.argument)
    first = check(only(needed, args))
  }
  const found = first === undefined ? [] : [`${first.argument} ${first.rule}`]
  for (const name of names.filter((one) => !needed.includes(one))) {
    const violation = check(only([...needed, name], args))
    if (violation === undefined || same(violation, first)) continue
    const { argument, rule } = violation
    const plain = argument === name || argument.startsWith(`${name}.`)
    found.push(plain ? `${argument} ${rule}` : `${shown(name)}: ${argument} ${rule}`)
  }
  // Refused only together: what the request path says.
  return found.length > 0 ? found : [`${whole.argument} ${whole.rule}`]
}

type Violation = { readonly argument: string; readonly rule: string }

function same(one: Violation, other: Violation | undefined): boolean {
  return one.argument === other?.argument && one.rule === other.rule
}

function only(names: readonly string[], args: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(args).filter(([name]) => names.includes(name)))
}

/** A name that only the caller gave may hold anything. */
function shown(name: string): string {
  return /^[A-Za-z_][A-Za-z0-9_.-]{0,63}$/.test(name) ? name : 'an argument with a name of its own'
}

/** Whether one record can name all whom the arguments name. */
function roomSteps(target: Target, args: JsonObject | undefined): Step[] {
  if (fitOneRecord(patientsNamed(namedBy(target, args)))) return []
  const says = `more patients are named than one record can name: ${mostPatients}, or fewer where identifiers are longer than 64 characters`
  return [{ rule: 'patients', passed: false, says }]
}

/** What the arguments name as the patient, as the sidecar finds it. */
export function namedBy({ patient, given }: Target, args: JsonObject | undefined): unknown {
  const segments = patient === undefined ? undefined : segmentsOf(patient)
  return segments === undefined ? undefined : patientArgument({ ...args, ...given }, segments)
}

function patientStep(
  roles: readonly Role[],
  target: Target,
  args: JsonObject | undefined,
  within: readonly string[] | undefined,
): Step {
  const reaches = [...new Set(roles.map((role) => reach[role.patients]))].join(', or ')
  if (roles.some((role) => role.patients === 'Any')) return { rule: 'patient', passed: true, says: reaches }
  const { patient, given = {} } = target
  const said = args !== undefined || Object.keys(given).length > 0
  const named = namedBy(target, args)
  if (patient === undefined || (said && listOf(named).every((one) => patientIn(one) === undefined)))
    return {
      rule: 'patient',
      passed: false,
      says: `${patient ?? 'no argument'} names no patient, and to name nobody is to ask about everybody: ${reaches}`,
    }
  if (!said || within === undefined) return { rule: 'patient', passed: undefined, says: reaches }
  const passed = covers(within, named)
  return {
    rule: 'patient',
    passed,
    says: `${patient} is ${passed ? '' : 'not '}among --patients: ${reaches}`,
  }
}

const reach: { readonly [kind in Role['patients']]: string } = {
  Any: 'any patient (Any)',
  Bound: 'only the patient that the token names (Bound)',
  Panel: 'only the patients that the token lists (Panel)',
}

/** What no file can tell: the caller must have it all the same. */
function tokenStep(roles: readonly Role[]): Step {
  const wanted = roles.map(({ when }) => {
    const scopes = when.scopes.length === 0 ? '' : ` with scopes ${when.scopes.join(' ')}`
    return `role ${when.role}${scopes}`
  })
  return {
    rule: 'token',
    passed: undefined,
    says: `must say ${[...new Set(wanted)].join(', or ')}, and prove MFA`,
  }
}

function namesOf(roles: readonly Role[]): string {
  return roles.map(({ name }) => name).join(', ')
}
