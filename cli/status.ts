// `hipaa-mcp status`: every server, and in words why one does not serve or does not comply.

import { group } from '../core/identifiers.ts'
import type { Condition, KubernetesObject } from '../core/kubernetes.ts'
import { CannotError, type Command, exitCodes, type Screen, textOf, UsageError } from './command.ts'
import { type Kube, kubeOptions, listed, openKube } from './kube.ts'
import { columns } from './table.ts'

type Server = KubernetesObject & {
  status?: {
    conditions?: Condition[]
    pods?: { summary?: string }
    observedGeneration?: number
  }
}

export const status: Command = {
  name: 'status',
  summary: 'Say of every server whether it serves and complies, and why not',
  operands: '[NAMESPACE/NAME]',
  example: 'status clinic/ehr',
  options: {
    namespace: { value: 'NAME', short: 'n', help: 'Only servers of this namespace' },
    ...kubeOptions,
    json: { help: 'Print the servers as JSON' },
  },
  about: 'Exit code 1 when a server is not Ready or not Compliant.',
  run: async ([one, ...more], values, screen) => {
    if (more.length > 0) throw new UsageError('status takes one server at most')
    const kube = await openKube(values)
    const namespace = textOf(values, 'namespace')
    const path = `/apis/${group}/v1alpha1/${namespace === undefined ? '' : `namespaces/${encodeURIComponent(namespace)}/`}hipaamcpservers`
    const answer = await kube.request('GET', path)
    if (answer.status !== 200)
      throw new CannotError(
        answer.status === 404
          ? 'This cluster does not know HipaaMcpServers: kubectl apply -k config/default'
          : `You may not list HipaaMcpServers (${answer.status}): ask for the ClusterRole hipaa-mcp-viewer`,
      )
    const all = (answer.body as { items: Server[] }).items
    const servers = one === undefined ? all : all.filter((server) => nameOf(server) === one)
    if (one !== undefined && servers.length === 0) throw new CannotError(`There is no HipaaMcpServer ${one}`)
    if (values['json'] === true) screen.out(JSON.stringify(servers, null, 2))
    else {
      print(servers, screen)
      if (one === undefined && namespace === undefined) await printCoverage(kube, screen)
    }
    return servers.every((server) => isTrue(server, 'Ready') && isTrue(server, 'Compliant'))
      ? exitCodes.ok
      : exitCodes.findings
  },
}

function print(servers: readonly Server[], screen: Screen): void {
  if (servers.length === 0) {
    screen.out('There is no HipaaMcpServer yet: config/samples/ehr.yaml is one to begin with.')
    return
  }
  const rows = servers.map((server) => [
    nameOf(server),
    stateOf(server, 'Ready'),
    stateOf(server, 'Compliant'),
    server.status?.pods?.summary ?? '-',
  ])
  for (const line of columns([['SERVER', 'READY', 'COMPLIANT', 'PODS'], ...rows], screen.width))
    screen.out(line)
  for (const server of servers) {
    const gaps = (server.status?.conditions ?? []).filter(({ status: state }) => state !== 'True')
    if (server.status?.conditions === undefined) {
      screen.out(`\n${nameOf(server)}: the operator has not looked at it yet.`)
      continue
    }
    if (
      server.status.observedGeneration !== undefined &&
      server.status.observedGeneration !== server.metadata.generation
    )
      screen.out(`\n${nameOf(server)}: the operator has not looked at the newest change yet.`)
    if (gaps.length === 0) continue
    screen.out(`\n${nameOf(server)}`)
    const lines = gaps.map(({ type, status: state, reason, message }) => [
      `  ${type}`,
      `${state === 'Unknown' ? 'not known: ' : ''}${message || reason}`,
    ])
    for (const line of columns(lines, screen.width)) screen.out(line)
  }
}

type Agreement = KubernetesObject & {
  status?: {
    daysLeft?: number
    conditions?: Condition[]
    hosts?: { host: string; servers: number; rules?: string }[]
  }
}

/** Every host that an agreement covers, as an auditor compares it with the list of contracts (45 CFR 164.308(b)(3)). */
async function printCoverage(kube: Kube, screen: Screen): Promise<void> {
  const agreements = await listed<Agreement>(kube, `/apis/${group}/v1alpha1/businessassociateagreements`)
  if ('denied' in agreements) {
    screen.out(`\nYou may not list BusinessAssociateAgreements (${agreements.denied}): hosts are not shown.`)
    return
  }
  const rows = agreements.flatMap(({ metadata, status: seen }) =>
    (seen?.hosts ?? []).map(({ host, servers, rules }) => [
      host,
      metadata.name,
      seen?.conditions?.find(({ type }) => type === 'Active')?.reason ?? 'Unknown',
      String(seen?.daysLeft ?? '-'),
      String(servers),
      rules === undefined ? '-' : (ruleWords[rules] ?? rules),
    ]),
  )
  if (rows.length === 0) return
  screen.out('')
  const head = ['HOST', 'AGREEMENT', 'STATE', 'DAYS LEFT', 'SERVERS', 'MODEL RULES']
  for (const line of columns([head, ...rows], screen.width)) screen.out(line)
}
const ruleWords: { readonly [rules: string]: string } = { EveryCall: 'every call', Unproved: 'unproved' }

function nameOf({ metadata }: Server): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`
}

function stateOf(server: Server, type: string): string {
  return server.status?.conditions?.find((condition) => condition.type === type)?.status ?? 'Unknown'
}

function isTrue(server: Server, type: string): boolean {
  return stateOf(server, type) === 'True'
}
