// The HipaaMcpServer that permits every fixture and redacts nothing: behind it a sidecar is to change nothing.

import type { HipaaMcpServer } from '../../crds/hipaamcpserver.generated.ts'
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

type Spec = HipaaMcpServer['spec']

/** The agreement with the vendor of the callers' model: without an active one no text goes to it as it is. */
export const modelAgreement = 'conformance-model'

/** Everything of a result, as it came. */
const returns = {
  fields: [''],
  text: 'Keep' as const,
  media: 'Keep' as const,
  reason: 'The fixtures are synthetic and name nobody',
}
const limits = {
  callsPerMinute: 6_000,
  callsPerPatientPerHour: 360_000,
  patientsPerHour: 10_000,
  records: 10_000,
  resultBytes: 1_048_576,
  resultBytesPerHour: 1_073_741_824,
}
/** Every argument, as it came. */
const asked = {
  bulk: 'Allowed' as const,
  identifiers: 'Keep' as const,
  reason: 'The fixtures are synthetic and name nobody',
}
const text = 'Keep' as const
const fromServer: NonNullable<Spec['fromServer']> = {
  progress: { text },
  logging: { text },
  sampling: { text, agreement: modelAgreement },
  elicitation: { text, modes: ['form', 'url'] },
  roots: {},
  completion: { text },
  tasks: {},
  listChanged: {},
}

const nobody = { toolsChanged() {}, promptsChanged() {}, resourcesChanged() {}, resourceUpdated() {} }

/** Every tool of both generations, in the order in which the server lists them. */
const listed: readonly { name: string; description: string; inputSchema: ToolSchema }[] = [
  ...[...plainTools, ...askingTools].map(listedTool),
  ...probeTools(nobody).map(listedTool),
  ...inputTools.map(listedInput),
  ...taskToolsOn(tasks()).map(listedTool),
]

const tools = listed.map(({ name, description, inputSchema }) => ({
  name,
  description,
  arguments: JSON.parse(JSON.stringify(inputSchema)) as { [keyword: string]: unknown },
  ...asked,
  returns,
  limits,
}))

const resources = [
  ...resourceList().resources,
  ...resourceTemplates().resourceTemplates.map(({ uriTemplate, ...rest }) => ({ ...rest, uri: uriTemplate })),
].map((resource) => ({ ...resource, subscribe: true, returns, limits }))

const prompts = [...listedPrompts, { name: inputPrompt, description: 'Asks for a context first' }].map(
  ({ name, description, ...given }) => ({
    name,
    description,
    arguments: strings(...('arguments' in given ? given.arguments.map((each) => each.name) : [])),
    ...asked,
    returns,
    limits,
  }),
)

const names = (list: readonly { name: string }[]) => list.map(({ name }) => name)

/** The spec: who may call is the caller's to say, what they may call is everything. */
export function permitAll(
  callers: Pick<Spec, 'identity' | 'tls'> & {
    port: number
    /** Role claim and scopes of the token. */
    when: Spec['roles'][number]['when']
    purpose: string
    /** Where the suite takes the server to be, if by no name of its certificate: once it calls as a page there would. */
    origin?: URL
  },
): Spec {
  const { identity, tls, port, when, purpose, origin } = callers
  const may = { tools: names(tools), resources: names(resources), prompts: names(prompts) }
  return {
    profile: 'Development',
    workload: { port, path: '/mcp' },
    identity,
    ...(tls === undefined ? {} : { tls }),
    ...(origin === undefined ? {} : { http: { hosts: [origin.hostname], origins: [origin.origin] } }),
    roles: [{ name: 'suite', when, purposes: [purpose], ...may, patients: 'Any' }],
    tools,
    resources,
    prompts,
    fromServer,
  }
}
