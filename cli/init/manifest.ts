// The proposal as one manifest, for a person to read: a reason beside each line that decides something, FILL IN where only
// people know. The text is the same for the same proposal.

import { acceptedAnnotation, apiVersion } from '../../core/identifiers.ts'
import { pointerOf } from '../../core/pointer.ts'
import { schemaOf, shown } from './arguments.ts'
import type { ProposedPrompt, ProposedResource } from './besides.ts'
import { type Classes, classesOf, type Role } from './classes.ts'
import { comment, fits, flow, item, line } from './lines.ts'
import type { LeftOut, ProposedReturns, ProposedTool } from './proposal.ts'

/** A value, and where it comes from. `why` begins with FILL IN where nobody but a person knows. */
type Known<Value> = { readonly value: Value; readonly why: string }

export type Workload = {
  readonly name: Known<string>
  readonly namespace: Known<string>
  readonly port: Known<number>
  readonly path: Known<string>
  readonly transport: Known<'StreamableHttp' | 'Stdio'>
  /** Only where the pod has several. */
  readonly container?: Known<string>
  /** Ports of other containers of the pod; only where there are any. */
  readonly loopback?: Known<readonly number[]>
}

export type Proposal = {
  /** What was read: for the first line. */
  readonly read: string
  /** Tools that were called for their shape. */
  readonly sampled: readonly string[]
  readonly workload: Workload
  readonly tools: readonly ProposedTool[]
  readonly resources: readonly ProposedResource[]
  readonly prompts: readonly ProposedPrompt[]
  readonly left: readonly LeftOut[]
}

export function manifestOf(proposal: Proposal): string {
  const { tools, resources, prompts, left } = proposal
  const classes = classesOf(proposal)
  return `${[
    ...head(proposal),
    `apiVersion: ${apiVersion}`,
    'kind: HipaaMcpServer',
    ...metadata(proposal.workload),
    ...accepted(classes),
    'spec:',
    ...workload(proposal.workload),
    ...identity(proposal.workload),
    ...roles(classes),
    ...toolLines(tools),
    ...leftLines(left),
    ...resourceLines(resources),
    ...promptLines(prompts),
    ...rest(),
  ].join('\n')}\n`
}

function head({ read, sampled }: Proposal): string[] {
  const called =
    sampled.length === 0
      ? 'No tool was called and no record was read: names, descriptions and schemas say all that stands here.'
      : `Called once for the shape of its result, of which names and types were kept and no value: ${sampled.join(', ')}.`
  return [
    ...comment(0, `Proposed by hipaa-mcp init: ${read}. ${called}`),
    '#',
    ...comment(
      0,
      'It is a proposal, and nobody has decided yet. Who answers for minimum necessary (45 CFR 164.502(b), 164.514(d)) reads each line that says why, strikes what nobody needs, and fills in what says FILL IN. What is not named here does not leave the pod; what is left out has the strict default (kubectl explain hipaamcpserver.spec).',
    ),
    ...comment(0, 'Then: hipaa-mcp check FILE, and hipaa-mcp explain -f FILE to see what a result becomes.'),
  ]
}

function metadata({ name, namespace }: Workload): string[] {
  return [
    'metadata:',
    ...line(2, `name: ${flow(name.value)}`, name.why),
    ...line(2, `namespace: ${flow(namespace.value)}`, namespace.why),
  ]
}

/** A role with every tool is found by the linter: it wants a second one, or a reason. */
function accepted({ undivided }: Classes): string[] {
  if (undivided === undefined) return []
  return [
    '  annotations:',
    ...comment(
      4,
      'FILL IN: nothing of these tools says who needs which, so one role has all of them. Write a second role and strike this, or let it stand as your reason.',
    ),
    `    ${acceptedAnnotation}: |`,
    `      role-with-all-tools roles/${undivided}: one class of persons calls this server, and each of its tools`,
  ]
}

function workload({ port, path, transport, container, loopback }: Workload): string[] {
  return [
    '  workload:',
    ...line(4, `port: ${port.value}`, port.why),
    ...line(4, `path: ${flow(path.value)}`, path.why),
    ...line(4, `transport: ${transport.value}`, transport.why),
    ...(loopback === undefined ? [] : line(4, `loopback: [${loopback.value.join(', ')}]`, loopback.why)),
    ...(container === undefined ? [] : line(4, `container: ${flow(container.value)}`, container.why)),
  ]
}

function identity({ name, namespace }: Workload): string[] {
  return [
    '  identity:',
    '    issuers:',
    ...line(
      6,
      '- url: https://login.example.org/realms/clinic',
      'FILL IN: your OpenID Connect issuer, exactly as in the iss claim',
    ),
    ...line(
      6,
      `  audience: ${flow(`https://${name.value}.${namespace.value}.example.org/mcp`)}`,
      'FILL IN: how its tokens name this server (aud)',
    ),
    ...line(
      8,
      'provider: Keycloak',
      'FILL IN: Entra, Okta, Auth0, Keycloak, Ping or Generic: which claims prove MFA (docs/identity.md)',
    ),
    ...line(8, 'roles: { claim: /realm_access/roles }', 'FILL IN: where roles stand in its tokens'),
    ...line(
      4,
      'training: { claim: /hipaa_training_date }',
      'FILL IN: the date of the last training (164.308(a)(5)); older than 365d is refused',
    ),
    ...line(
      4,
      'purpose: { claim: /purpose_of_use }',
      'FILL IN: the purpose of use; without a claim, what the caller says counts',
    ),
  ]
}

const work: { readonly [role in Role]: { when: string; purposes: string; why: string } } = {
  clinician: {
    when: 'Clinician',
    purposes: 'TREAT',
    why: 'who treats patients: clinical answers, for treatment alone',
  },
  prescriber: {
    when: 'Prescriber',
    purposes: 'TREAT',
    why: 'who prescribes or dispenses: medications and allergies',
  },
  laboratory: {
    when: 'Laboratory',
    purposes: 'TREAT',
    why: 'who orders and reads tests: measurements, reports, orders',
  },
  billing: {
    when: 'Billing',
    purposes: 'HPAYMT',
    why: 'who bills, for payment alone: no clinical tool (164.514(d)(2))',
  },
  registration: {
    when: 'Registration',
    purposes: 'HPAYMT',
    why: 'who asks at the desk whether a patient is covered: no claims',
  },
}

function roles({ classes, apart }: Classes): string[] {
  return [
    ...comment(
      2,
      `Classes of persons, and what each needs (164.514(d)(2)). A token that has none of them gets nothing.${apart ? ' One role would have had every tool: they are told apart by what they are about. Who does the work of several has several roles in the token, and may do what each may.' : ''}`,
    ),
    '  roles:',
    ...classes.flatMap(({ role, tools, resources, prompts }) => {
      const { when, purposes, why } = work[role]
      return [
        ...line(4, `- name: ${role}`, why),
        ...line(6, `when: { role: ${when} }`, 'FILL IN: the value in the roles claim'),
        ...line(6, `purposes: [${purposes}]`, 'HL7 PurposeOfUse; recorded with every call'),
        ...listed(6, 'tools', tools),
        ...(resources.length === 0 ? [] : listed(6, 'resources', resources)),
        ...(prompts.length === 0 ? [] : listed(6, 'prompts', prompts)),
        ...line(
          6,
          'patients: Any',
          'every patient. Better: Panel, with identity.panel.claim, where your tokens list whom a person treats',
        ),
      ]
    }),
  ]
}

function listed(indent: number, member: string, names: readonly string[]): string[] {
  const one = `${' '.repeat(indent)}${member}: ${flow(names)}`
  return fits(one)
    ? [one]
    : [`${' '.repeat(indent)}${member}:`, ...names.map((name) => `${' '.repeat(indent + 2)}- ${flow(name)}`)]
}

function toolLines(tools: readonly ProposedTool[]): string[] {
  if (tools.length === 0) return ['  tools: []']
  return [
    ...comment(
      2,
      'Every tool that exists for callers: each answers one question about one patient, whom the call must name. Fields are pointers into the result, or elements of FHIR R4 (Condition.code), kept wherever such a resource stands; where a result is not FHIR they keep nothing, and hipaa-mcp init --sample reads its shape. Text that is kept is searched for identifiers: that is the second line, the fields are the first. Limits are per person; hipaa-mcp check --trail shows later what was never used.',
    ),
    '  tools:',
    ...tools.flatMap((tool) => ['', ...toolLine(tool)]),
    '',
  ]
}

function toolLine({
  name,
  from,
  says,
  why,
  arguments: args,
  with: constants,
  returns,
  many,
}: ProposedTool): string[] {
  return [
    ...line(4, `- name: ${flow(name)}`, why),
    ...(from === name ? [] : line(6, `from: ${flow(from)}`)),
    `      description: ${flow(says)}`,
    ...(Object.keys(constants).length === 0
      ? []
      : line(6, `with: ${flow(constants)}`, 'constants, never the caller’s')),
    ...argumentLines(args),
    ...returnLines(returns),
    ...line(
      6,
      `limits: { callsPerMinute: 20, patientsPerHour: 20, resultBytes: ${many ? 131_072 : 16_384} }`,
      'per person',
    ),
  ]
}

function argumentLines(args: ProposedTool['arguments']): string[] {
  const { required } = schemaOf(args)
  const { kept, left, patient } = args
  return [
    ...line(6, 'arguments:'),
    '        type: object',
    ...(kept.length === 0 ? ['        properties: {}'] : ['        properties:']),
    ...kept.flatMap(({ name, schema, why }) => line(10, `${flow(name)}: ${flow(schema)}`, why)),
    ...left.flatMap(({ name, why }) => comment(10, `left out: ${shown(name)}: ${why}`)),
    ...(required === undefined ? [] : [`        required: ${flow(required)}`]),
    ...(patient === undefined ? [] : line(6, `patient: ${flow(pointerOf(patient))}`)),
  ]
}

function returnLines({ fields, without, patients }: ProposedReturns): string[] {
  return [
    '      returns:',
    fields.length === 0 ? '        fields: []' : '        fields:',
    ...fields.flatMap(({ path, why }) => line(10, `- ${flow(path)}`, why)),
    ...without.flatMap((one) => comment(10, `left out: ${one}`)),
    ...(patients.length === 0
      ? []
      : line(8, `patients: ${flow(patients)}`, 'recorded and counted; they do not leave')),
    ...line(8, 'text: Redact', 'identifiers found in what is kept are replaced'),
  ]
}

/** Comments alone: what is left out is not there. What is left out for one reason is told of once. */
function leftLines(left: readonly LeftOut[]): string[] {
  if (left.length === 0) return []
  const alike = Map.groupBy(left, ({ why, instead }) => `${why}. To do: ${instead}.`)
  return [
    ...comment(4, 'Left out, so in no list and not callable, with what to do:'),
    ...[...alike].flatMap(([says, parts]) => {
      const names = parts.map(({ name }) => name)
      return item(
        `${names.join(', ')}: ${says.replace('NAME', () => (names.length === 1 ? (names[0] as string) : 'TOOL'))}`,
      )
    }),
  ]
}

function resourceLines(resources: readonly ProposedResource[]): string[] {
  if (resources.length === 0) return []
  return [
    '  resources:',
    ...resources.flatMap(({ name, uri, says, patient, returns }) => [
      `    - name: ${flow(name)}`,
      ...line(6, `uri: ${flow(uri)}`, 'a variable stands for one path segment'),
      `      description: ${flow(says)}`,
      ...line(
        6,
        `patient: ${flow(patient)}`,
        'the variable that names the patient: recorded, limited, judged',
      ),
      ...returnLines(returns),
      '      limits: { callsPerMinute: 20, patientsPerHour: 20, resultBytes: 131072 }',
    ]),
  ]
}

function promptLines(prompts: readonly ProposedPrompt[]): string[] {
  if (prompts.length === 0) return []
  return [
    ...comment(2, 'Prompts go into a model as the server writes them: read each one once.'),
    '  prompts:',
    ...prompts.flatMap(({ name, says, arguments: args }) => [
      `    - name: ${flow(name)}`,
      `      description: ${flow(says)}`,
      ...argumentLines(args),
      ...returnLines({ fields: [], without: [], patients: [] }),
      '      limits: { callsPerMinute: 20, patientsPerHour: 20, resultBytes: 32768 }',
    ]),
  ]
}

function rest(): string[] {
  return [
    '  network:',
    '    ingress:',
    ...line(
      6,
      '- { namespace: agents, podSelector: { matchLabels: { app: agent } } }',
      'FILL IN: who may call; nobody else reaches the pods',
    ),
    ...comment(
      4,
      'FILL IN egress: what the server itself reaches, each by a BusinessAssociateAgreement (baa) or as a declared store (stores, with the CA of its certificate). Without it the server reaches nothing: no database, no vendor.',
    ),
  ]
}
