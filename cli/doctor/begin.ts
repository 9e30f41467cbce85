// Reads everything once, in parallel, and lets each part judge its own.

import { authoritySecrets, enforceLabel, group, systemNamespace } from '../../core/identifiers.ts'
import type { HipaaMcpServer } from '../../crds/hipaamcpserver.generated.ts'
import { admissionPolicies } from '../../operator/admission/observed.generated.ts'
import { gradeOf } from '../../operator/evidence/at-rest.ts'
import { exitCodes, type Screen, textOf, UsageError, type Values } from '../command.ts'
import { type Kube, listed, openKube, read, readMetadata } from '../kube.ts'
import { type PluginSet, pluginCheck, pluginPath } from '../network-plugin.ts'
import { kinds } from '../preflight/judge.ts'
import { columns } from '../table.ts'
import { visible } from '../visible.ts'
import { type Check, ok, unknown, wrong } from './check.ts'
import {
  authorityCheck,
  kindCheck,
  type Program,
  policyCheck,
  programCheck,
  webhookCheck,
} from './installation.ts'
import {
  type FailedCreate,
  inVainCheck,
  podCheck,
  type RunningPod,
  type RunningWorkload,
  refusedCheck,
} from './pods.ts'
import { serverChecks } from './servers.ts'

const ownKinds = ['hipaamcpservers', 'businessassociateagreements', 'breakglassgrants', 'accessrevocations']
const admission = '/apis/admissionregistration.k8s.io/v1'
const apps = `/apis/apps/v1/namespaces/${systemNamespace}`

export async function begin(operands: readonly string[], values: Values, screen: Screen): Promise<number> {
  if (operands.length > 0) throw new UsageError('doctor takes no operand: narrow it with --namespace')
  const kube = await openKube(values)
  const now = Date.now()
  const namespace = textOf(values, 'namespace')
  const enrolled = listed<Enrolled>(kube, enrolledPath)
  const parts = await Promise.all([
    installation(kube, now),
    plugin(kube, enrolled),
    storage(kube),
    clients(kube, enrolled, namespace, now),
  ])
  const checks = parts.flat()
  if (values['json'] === true) screen.out(JSON.stringify(checks, null, 2))
  else print(checks, screen)
  return checks.some(({ state }) => state === 'wrong') ? exitCodes.findings : exitCodes.ok
}

async function installation(kube: Kube, now: number): Promise<Check[]> {
  type Operator = Program & {
    spec?: { template?: { spec?: { containers?: { env?: { name: string; value?: string }[] }[] } } }
  }
  const operator = await read<Operator>(kube, `${apps}/deployments/hipaa-mcp-operator`)
  const env = 'found' in operator ? (operator.found.spec?.template?.spec?.containers?.[0]?.env ?? []) : []
  const image = env.find(({ name }) => name === 'HIPAA_MCP_IMAGE')?.value
  return await Promise.all([
    ...ownKinds.map(async (kind) => {
      const path = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${kind}.${group}`
      return kindCheck(`kind ${kind}`, await read(kube, path))
    }),
    Promise.resolve(programCheck('operator', operator)),
    (async () => programCheck('collector', await read(kube, `${apps}/statefulsets/hipaa-mcp-collector`)))(),
    ...Object.values(authoritySecrets).map(async (name) => {
      const path = `/api/v1/namespaces/${systemNamespace}/secrets/${name}`
      return authorityCheck(`Secret ${name}`, await readMetadata(kube, path))
    }),
    ...(['mutating', 'validating'] as const).map(async (kind) => {
      const path = `${admission}/${kind}webhookconfigurations/hipaa-mcp`
      return webhookCheck(`${kind} webhook`, await read(kube, path), now)
    }),
    ...admissionPolicies.map(async (name) => {
      const [policy, binding] = await Promise.all([
        read<never>(kube, `${admission}/validatingadmissionpolicies/${name}`),
        read<never>(kube, `${admission}/validatingadmissionpolicybindings/${name}`),
      ])
      return policyCheck(`policy ${name}`, policy, binding, image)
    }),
  ])
}

/** Where namespaces may not be listed nothing is said of it: guarded pods that lack it say so themselves. */
async function plugin(kube: Kube, enrolled: Namespaces): Promise<Check[]> {
  const namespaces = await enrolled
  if (!Array.isArray(namespaces)) return []
  return [pluginCheck(await read<PluginSet>(kube, pluginPath), namespaces) ?? []].flat()
}

type Class = Parameters<typeof gradeOf>[0]['storageClass'] & object

async function storage(kube: Kube): Promise<Check[]> {
  const classes = await listed<Class>(kube, '/apis/storage.k8s.io/v1/storageclasses')
  if (!Array.isArray(classes))
    return [unknown('storage', 'storage classes', `you may not list them (${classes.denied})`)]
  const graded = classes.map((storageClass) => ({
    name: storageClass.metadata.name,
    ...gradeOf({ storageClass }),
  }))
  const lines = graded.map(({ name, grade, reason }) =>
    grade === 'Unknown'
      ? // Only a volume of a server or store on it is a gap, and that server says so.
        unknown(
          'storage',
          name,
          `shows no encryption (${reason}): no volume of a server or store may be on it`,
        )
      : ok('storage', name, `asks for encryption (${reason})`),
  )
  return graded.some(({ grade }) => grade !== 'Unknown')
    ? lines
    : [
        ...lines,
        wrong(
          'storage',
          'storage classes',
          'none asks for encryption: the collector’s volume and stores need one',
        ),
      ]
}

async function clients(
  kube: Kube,
  enrolled: Namespaces,
  only: string | undefined,
  now: number,
): Promise<Check[]> {
  const scope = only === undefined ? '' : `namespaces/${encodeURIComponent(only)}/`
  const servers = await listed<HipaaMcpServer>(kube, `/apis/${group}/v1alpha1/${scope}hipaamcpservers`)
  // A kind that is not there was said above.
  if (!Array.isArray(servers))
    return servers.denied === 404
      ? []
      : [unknown('server', 'servers', `you may not list HipaaMcpServers (${servers.denied})`)]
  const checks = servers.flatMap((server) => serverChecks(server, now))
  const namespaces = only === undefined ? namesOf(await enrolled, servers) : [only]
  for (const namespace of namespaces) {
    const own = servers.filter(({ metadata }) => metadata.namespace === namespace)
    const at = `namespaces/${encodeURIComponent(namespace)}`
    const [pods, failed, ...workloads] = await Promise.all([
      listed<RunningPod>(kube, `/api/v1/${at}/pods`),
      listed<FailedCreate>(kube, `/api/v1/${at}/events?fieldSelector=reason%3DFailedCreate`),
      ...workloadKinds.map(async (kind) => {
        const found = await listed<RunningWorkload>(
          kube,
          `/${(kinds[kind] as string).replace('NS', encodeURIComponent(namespace))}`,
        )
        // Items of a list do not say their kind.
        return Array.isArray(found) ? found.map((one) => ({ ...one, kind })) : []
      }),
    ])
    const known = Array.isArray(failed) ? failed : undefined
    checks.push(
      ...(Array.isArray(pods)
        ? pods.flatMap((pod) => podCheck(pod, own) ?? [])
        : [unknown('pod', namespace, `you may not list its pods (${pods.denied})`)]),
      ...workloads.flat().flatMap((one) => [refusedCheck(one, known) ?? [], inVainCheck(one) ?? []].flat()),
    )
  }
  return checks
}

const workloadKinds = ['deployment', 'statefulset', 'daemonset', 'job']

type Enrolled = { metadata: { name: string; labels?: { [name: string]: string } } }
type Namespaces = ReturnType<typeof listed<Enrolled>>
const enrolledPath = `/api/v1/namespaces?labelSelector=${encodeURIComponent(`${enforceLabel}=true`)}`

/** Enrolled namespaces; those of the servers where namespaces may not be listed. */
function namesOf(found: Awaited<Namespaces>, servers: readonly HipaaMcpServer[]): string[] {
  if (Array.isArray(found)) return found.map(({ metadata }) => metadata.name)
  return [...new Set(servers.map(({ metadata }) => metadata.namespace ?? ''))]
}

/** Conditions of one server that say the same stand in one line. */
function together(checks: readonly Check[]): Check[] {
  const lines: Check[] = []
  for (const check of checks) {
    const [of, ...rest] = check.name.split(' ')
    const same =
      check.part === 'server' && rest.length > 0
        ? lines.find(
            ({ part, state, says, name }) =>
              part === check.part &&
              state === check.state &&
              says === check.says &&
              name.startsWith(`${of} `),
          )
        : undefined
    if (same === undefined) lines.push({ ...check })
    else same.name += `, ${rest.join(' ')}`
  }
  return lines
}

const marks = { ok: 'ok', wrong: 'WRONG', unknown: '?' } as const
const headings = { installation: 'Installation', storage: 'Storage', server: 'Servers', pod: 'Pods' } as const

function print(checks: readonly Check[], screen: Screen): void {
  let first = true
  const lines = together(checks)
  for (const [part, heading] of Object.entries(headings)) {
    const rows = lines.filter((check) => check.part === part)
    if (rows.length === 0) continue
    screen.out(`${first ? '' : '\n'}${heading}`)
    first = false
    for (const { state, name, says } of rows)
      for (const line of columns(
        [[`  ${marks[state].padEnd(5)}`, visible(`${name}: ${says}`)]],
        screen.width,
      ))
        screen.out(line)
  }
  const count = lines.filter(({ state }) => state === 'wrong').length
  screen.out(
    `\n${count === 0 ? 'Nothing is wrong.' : `${count} ${count === 1 ? 'thing is' : 'things are'} wrong.`}`,
  )
}
