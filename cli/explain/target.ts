// What is asked about: a tool, a resource or a prompt of the policy, as the sidecar would find it.

import { type ArgumentCheck, argumentCheck } from '../../core/argument-check.ts'
import { variablesCheck } from '../../core/arguments/variables.ts'
import type { JsonObject } from '../../core/canonical.ts'
import type { Kind } from '../../core/permission.ts'
import type { Limits, Policy, Prompt, Tool } from '../../core/policy.ts'
import { promptResult, resourceResult, type Shape, toolResult } from '../../core/redaction/results.ts'
import { type Returning, returning } from '../../core/redaction/rules.ts'
import { uriTemplate } from '../../core/uri-template.ts'

export type Target = {
  readonly kind: Kind
  readonly name: string
  readonly returning: Returning
  readonly limits: Limits
  readonly shape: Shape
  readonly check: ArgumentCheck
  /** Where the patient stands in the arguments, as the policy says it. */
  readonly patient?: string
  /** Arguments that the question itself gives: the variables of a resource's URI. */
  readonly given?: JsonObject
}

/** What kinds of things there are to ask about, by the option that names one. */
export const kinds = { tool: 'tools', resource: 'resources', prompt: 'prompts' } as const satisfies {
  [option: string]: Kind
}

/** Undefined where the policy has no such thing. `name`: of a resource its URI. */
export function targetOf(policy: Policy, kind: Kind, name: string): Target | undefined {
  return finders[kind](policy, name)
}

const finders: { readonly [kind in Kind]: (policy: Policy, name: string) => Target | undefined } = {
  tools({ tools }, name) {
    const tool = tools.find((one) => one.name === name)
    if (tool === undefined) return undefined
    return { kind: 'tools', name, shape: toolResult, check: argumentCheck(tool), ...rulesOf(tool) }
  },
  prompts({ prompts }, name) {
    const prompt = prompts.find((one) => one.name === name)
    if (prompt === undefined) return undefined
    const check = argumentCheck({ ...prompt, with: {} })
    return { kind: 'prompts', name, shape: promptResult, check, ...rulesOf(prompt) }
  },
  resources({ resources }, uri) {
    for (const resource of resources) {
      const { name, patient, returns, limits } = resource
      const template = uriTemplate(resource.uri)
      const values = template.match(uri)
      if (values === undefined) continue
      return {
        kind: 'resources',
        name,
        returning: returning(returns),
        limits,
        shape: resourceResult,
        check: variablesCheck(resource, template.variables),
        given: Object.fromEntries(values),
        ...(patient === undefined ? {} : { patient: `/${patient}` }),
      }
    }
    return undefined
  },
}

function rulesOf({
  returns,
  limits,
  patient,
}: Tool | Prompt): Pick<Target, 'returning' | 'limits' | 'patient'> {
  return { returning: returning(returns), limits, ...(patient ? { patient } : {}) }
}
