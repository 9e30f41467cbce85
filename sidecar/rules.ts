// A policy, compiled: validators, pointers and lookups, once for each policy and not once for each call.

import { segmentsOf } from '../core/pointer.ts'
import type { FromServer, Issuer, Policy } from '../core/policy.ts'
import { promptTarget, type ResourceTarget, resourceTarget, type Target, toolTarget } from './targets.ts'

export type Rules = {
  readonly tools: ReadonlyMap<string, Target>
  readonly prompts: ReadonlyMap<string, Target>
  readonly resources: readonly ResourceTarget[]
  readonly fromServer: FromServer
  readonly issuers: ReadonlyMap<string, Issuer & { readonly roles: readonly string[] }>
  readonly training?: readonly string[]
  readonly purpose?: readonly string[]
  readonly patient?: readonly string[]
  readonly panel?: readonly string[]
  /** Where the token names the caller's own patient identifier, and where their family name. */
  readonly own?: readonly string[]
  readonly surname?: readonly string[]
  /** Every scope that any role asks for, as a challenge says them. */
  readonly scopes: string
  /** Every purpose that any role has: what is not among them is never recorded. */
  readonly purposes: ReadonlySet<string>
}

const compiled = new WeakMap<Policy, Rules>()

/** The rules of a policy. Throws TypeError for a policy that cannot be enforced: its server must lock. */
export function rulesOf(policy: Policy): Rules {
  const known = compiled.get(policy)
  if (known !== undefined) return known
  const { own, surname } = policy.relations ?? {}
  const rules: Rules = {
    tools: new Map(policy.tools.map((tool) => [tool.name, toolTarget(tool)])),
    prompts: new Map(policy.prompts.map((prompt) => [prompt.name, promptTarget(prompt)])),
    resources: policy.resources.map(resourceTarget),
    fromServer: policy.fromServer,
    issuers: new Map(
      policy.issuers.map((issuer) => [
        issuer.url,
        { ...issuer, roles: pointer(issuer.rolesClaim, 'A roles claim') },
      ]),
    ),
    ...(policy.training === undefined
      ? {}
      : { training: pointer(policy.training.claim, 'The training claim') }),
    ...(policy.purpose.claim === undefined
      ? {}
      : { purpose: pointer(policy.purpose.claim, 'The purpose claim') }),
    ...(policy.patient === undefined ? {} : { patient: pointer(policy.patient.claim, 'The patient claim') }),
    ...(policy.panel === undefined ? {} : { panel: pointer(policy.panel.claim, 'The panel claim') }),
    ...(own === undefined ? {} : { own: pointer(own.claim, 'The claim of the own patient identifier') }),
    ...(surname === undefined ? {} : { surname: pointer(surname.claim, 'The claim of the family name') }),
    scopes: [...new Set(policy.roles.flatMap(({ when }) => when.scopes))].toSorted().join(' '),
    purposes: new Set(policy.roles.flatMap((role) => role.purposes)),
  }
  if (rules.tools.size !== policy.tools.length) throw new TypeError('Two tools have one name')
  if (rules.prompts.size !== policy.prompts.length) throw new TypeError('Two prompts have one name')
  if (new Set(policy.resources.map(({ name }) => name)).size !== policy.resources.length)
    throw new TypeError('Two resources have one name')
  if (rules.issuers.size !== policy.issuers.length) throw new TypeError('Two issuers have one URL')
  compiled.set(policy, rules)
  return rules
}

function pointer(text: string, what: string): string[] {
  const segments = segmentsOf(text)
  if (segments === undefined) throw new TypeError(`${what} is no JSON Pointer: it starts with /`)
  return segments
}
