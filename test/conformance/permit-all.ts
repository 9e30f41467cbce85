// The policy that permits every fixture and redacts nothing: with it a sidecar is to change nothing.

import type { Json } from '../../core/canonical.ts'
import type { FromServer, Policy, Returns } from '../../core/policy.ts'
import { listedTool, plainTools, type ToolSchema } from './fixtures/plain-tools.ts'
import { listedPrompts } from './fixtures/prompts.ts'
import { resourceList, resourceTemplates } from './fixtures/resources.ts'
import { strings } from './fixtures/schemas.ts'
import { askingTools } from './fixtures/stateful/asking-tools.ts'
import { inputTools, listedInput } from './fixtures/stateless/input-tools.ts'
import { probeTools } from './fixtures/stateless/probe-tools.ts'
import { inputPrompt } from './fixtures/stateless/server.ts'
import { taskToolsOn } from './fixtures/stateless/task-tools.ts'
import { tasks } from './fixtures/stateless/tasks.ts'

type Schema = { [keyword: string]: Json }

const returns: Returns = { fields: ['/*'], patients: [], text: 'Keep', media: 'Keep' }
const limits = { callsPerMinute: 1_000_000, patientsPerHour: 1_000_000, resultBytes: 1_048_576 }
const text = 'Keep'
const fromServer: FromServer = {
  progress: { text },
  logging: { text },
  sampling: { text },
  elicitation: { text, modes: ['form', 'url'], hosts: [] },
  roots: {},
  completion: { text },
  tasks: {},
  listChanged: {},
}

const nobody = { toolsChanged() {}, promptsChanged() {}, resourcesChanged() {}, resourceUpdated() {} }

/** Every tool of both generations, in the order in which the server lists them. */
const tools: readonly { name: string; description: string; inputSchema: ToolSchema }[] = [
  ...[...plainTools, ...askingTools].map(listedTool),
  ...probeTools(nobody).map(listedTool),
  ...inputTools.map(listedInput),
  ...taskToolsOn(tasks()).map(listedTool),
]

/** A policy's members for the fixtures, in place of those of `policy`; callers, issuers and keys stay. */
export function permitAll(policy: Policy): Policy {
  const resources = [
    ...resourceList().resources.map(({ uri, ...rest }) => ({ ...rest, uri })),
    ...resourceTemplates().resourceTemplates.map(({ uriTemplate, ...rest }) => ({
      ...rest,
      uri: uriTemplate,
    })),
  ]
  const prompts = [...listedPrompts, { name: inputPrompt, description: 'Asks for a context first' }]
  const names = {
    tools: tools.map(({ name }) => name),
    resources: resources.map(({ name }) => name),
    prompts: prompts.map(({ name }) => name),
  }
  return {
    ...policy,
    tools: tools.map(({ name, description, inputSchema }) => ({
      name,
      description,
      from: name,
      arguments: compilable(inputSchema),
      with: {},
      returns,
      limits,
    })),
    resources: resources.map((resource) => ({
      description: '',
      ...resource,
      subscribe: true,
      returns,
      limits,
    })),
    prompts: prompts.map(({ name, description, ...given }) => ({
      name,
      description,
      from: name,
      returns,
      limits,
      arguments: strings(...('arguments' in given ? given.arguments.map((each) => each.name) : [])),
    })),
    roles: policy.roles.map((role) => ({ ...role, ...names })),
    fromServer,
  }
}

/** Keywords that a policy's schema may not hold: the tools that have them are listed without. */
const refused = new Set(['$anchor', 'x-mcp-header'])

const compilable = (schema: ToolSchema): Schema =>
  JSON.parse(
    JSON.stringify(schema, (key, value: unknown) => (refused.has(key) ? undefined : value)),
  ) as Schema
