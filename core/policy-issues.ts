// What a person must mend in a policy before any pod enforces it: what its parts say of each other, and what compiles to
// nothing. Sentences say where, and what to write.

import { schemaIssue } from './argument-check.ts'
import { patientIssue } from './arguments/patient-argument.ts'
import { renameIssues } from './arguments/rename.ts'
import { searchNames } from './arguments/search-places.ts'
import { nameRule } from './arguments/search-rules.ts'
import { returnsIssues } from './fields/returns-issues.ts'
import { paramHeaders } from './param-headers.ts'
import type { Policy, Prompt, Resource, Role, Tool } from './policy.ts'
import { uriTemplate } from './uri-template.ts'

/** Everything at once; empty when there is nothing to mend. */
export function policyIssues(policy: Policy): string[] {
  const { tls, fromServer, tools, resources, prompts, roles } = policy
  return [
    ...resources.flatMap(resourceIssues),
    ...(fromServer.sampling?.text === 'Keep' && fromServer.sampling.agreement === undefined
      ? [
          'fromServer.sampling: text Keep needs agreement: what is kept goes to a model, and its vendor must have signed',
        ]
      : []),
    ...tools.flatMap(toolIssues),
    ...prompts.flatMap(promptIssues),
    ...returnsIssues(policy),
    ...roles.flatMap((role) => roleIssues(role, policy)),
    ...(tls.clientCa === '' ? ["No client CA: wait for the operator's own, or set tls.clientCa.pem"] : []),
  ]
}

function toolIssues(tool: Tool): string[] {
  const properties = (tool.arguments['properties'] ?? {}) as object
  const clash = Object.keys(tool.with).find((name) => Object.hasOwn(properties, name))
  const wrong = schemaIssue(tool.arguments) ?? headerIssue(tool) ?? searchIssue(tool)
  return [
    ...(clash === undefined
      ? []
      : [`Tool ${tool.name}: ${clash} stands in arguments and in with; a constant is never the caller's`]),
    ...(wrong === undefined ? [] : [`Tool ${tool.name}: arguments: ${wrong}`]),
    ...[patientIssue(tool.arguments, tool.patient)].flatMap((issue) =>
      issue === undefined ? [] : [`Tool ${tool.name}: ${issue}`],
    ),
    ...renameIssues(tool).map((issue) => `Tool ${tool.name}: ${issue}`),
    ...(tool.arguments['type'] === 'object' ? [] : [`Tool ${tool.name}: arguments must have type object`]),
  ]
}

function headerIssue({ arguments: schema, patient }: Tool): string | undefined {
  try {
    paramHeaders(schema, patient)
    return undefined
  } catch (cause) {
    return cause instanceof TypeError ? cause.message : 'x-mcp-header is not as it must be'
  }
}

/** A name that no call could use. */
function searchIssue({ arguments: schema, bulk }: Pick<Tool, 'arguments' | 'bulk'>): string | undefined {
  if (bulk === 'Allowed') return undefined
  const name = searchNames(schema).find((one) => nameRule(one) !== undefined)
  return name === undefined
    ? undefined
    : `x-fhir-search lists ${name}, which ${nameRule(name)}: take it away, or set bulk: Allowed with a reason`
}

function resourceIssues({ name, uri, patient }: Resource): string[] {
  const wrong = templateIssue(uri, patient)
  return wrong === undefined ? [] : [`Resource ${name}: ${wrong}`]
}

function templateIssue(uri: string, patient: string | undefined): string | undefined {
  try {
    const { variables } = uriTemplate(uri)
    return patient === undefined || variables.includes(patient)
      ? undefined
      : `patient names a variable that the URI does not have: write for example ehr://patients/{${patient}}/labs`
  } catch (cause) {
    return cause instanceof TypeError ? cause.message : undefined
  }
}

function promptIssues(prompt: Prompt): string[] {
  const wrong = schemaIssue(prompt.arguments) ?? searchIssue(prompt)
  return wrong === undefined ? [] : [`Prompt ${prompt.name}: arguments: ${wrong}`]
}

function roleIssues(role: Role, policy: Policy): string[] {
  return [
    ...(['tools', 'resources', 'prompts'] as const).flatMap((list) =>
      role[list]
        .filter((name) => !policy[list].some((one) => one.name === name))
        .map((name) => `Role ${role.name} names ${name}, which spec.${list} does not list`),
    ),
    ...(role.patients === 'Bound' && policy.patient === undefined
      ? [`Role ${role.name} is Bound: identity.patient.claim must say which claim names the patient`]
      : []),
    ...(role.patients === 'Panel' && policy.panel === undefined
      ? [`Role ${role.name} is Panel: identity.panel.claim must say which claim lists the patients`]
      : []),
  ]
}
