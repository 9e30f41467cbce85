// What is judged: what a file holds, one workload of the cluster, or all of a namespace; and the namespace itself.

import { group } from '../../core/identifiers.ts'
import { isObject } from '../../core/is-object.ts'
import { podSecurityOf } from '../../core/pod-security.ts'
import type { HipaaMcpServer } from '../../crds/hipaamcpserver.generated.ts'
import { CannotError, exitCodes, type Screen, textOf, UsageError, type Values } from '../command.ts'
import { type Kube, listed, openKube, read } from '../kube.ts'
import { textFrom } from '../lines.ts'
import { needsPlugin, type PluginSet, pluginPath, pluginStanding } from '../network-plugin.ts'
import { columns } from '../table.ts'
import { valuesIn } from '../yaml-file.ts'
import { type Finding, judgeWorkload, kinds, type Workload } from './judge.ts'
import { type NamespaceNote, notesOf } from './namespace.ts'

type Object = { kind: string; metadata: { name: string; namespace?: string } }
type Owned = Workload & { metadata: { ownerReferences?: { controller?: boolean }[] } }

export async function begin(operands: readonly string[], values: Values, screen: Screen): Promise<number> {
  const [named, ...more] = operands
  if (more.length > 0) throw new UsageError('preflight takes one workload at most')
  const file = textOf(values, 'file')
  const namespace = textOf(values, 'namespace')
  const offline = values['offline'] === true
  if (offline && file === undefined) throw new UsageError('--offline wants --file as well')
  if (file === undefined && namespace === undefined)
    throw new UsageError('preflight wants --namespace, or --file')
  if (named !== undefined && !((named.split('/')[0] as string) in kinds))
    throw new UsageError(`KIND/NAME wants one of ${Object.keys(kinds).join('/NAME, ')}/NAME`)

  const held = file === undefined ? [] : objectsIn(await textFrom(file), file)
  const where = namespace ?? held.find(({ metadata }) => metadata.namespace !== undefined)?.metadata.namespace
  const kube = offline || where === undefined ? undefined : await openKube(values)
  const there = kube === undefined ? [] : await serversOf(kube, where as string)
  const ours = held.filter(({ kind }) => kind === 'HipaaMcpServer') as HipaaMcpServer[]
  // What is about to be applied stands in place of what is there.
  const servers = [
    ...ours,
    ...there.filter(({ metadata }) => !ours.some((own) => own.metadata.name === metadata.name)),
  ]
  const workloads =
    file !== undefined && held.some(isWorkload)
      ? held.filter(isWorkload)
      : kube === undefined
        ? []
        : await workloadsOf(kube, where as string, named)
  const chosen = workloads.filter(
    ({ kind, metadata }) => named === undefined || `${kind.toLowerCase()}/${metadata.name}` === named,
  )
  if (chosen.length === 0)
    throw new CannotError(
      named === undefined
        ? 'There is no workload to judge: name a namespace or a file that has one'
        : `There is no ${named}`,
    )
  const labels = kube === undefined ? {} : await labelsOf(kube, where as string)
  const security = isDenied(labels) ? undefined : podSecurityOf(labels)
  const findings = chosen.map((workload) => judgeWorkload(workload, servers, named !== undefined, security))
  const notes = kube === undefined ? [] : await namespaceNotes(kube, where as string, labels)
  if (values['json'] === true) screen.out(JSON.stringify({ workloads: findings, namespace: notes }, null, 2))
  else print(findings, notes, screen)
  const wrong =
    findings.some(({ violations }) => violations.length > 0) || notes.some(({ hinders }) => hinders)
  return wrong ? exitCodes.findings : exitCodes.ok
}

function print(findings: readonly Finding[], notes: readonly NamespaceNote[], screen: Screen): void {
  const say = (rows: readonly string[][]): void => {
    for (const line of columns(rows, screen.width)) screen.out(line)
  }
  say([['WORKLOAD', 'ITS PODS'], ...findings.map((finding) => [finding.workload, standing(finding)])])
  for (const { workload, violations, hints } of findings) {
    const lines = [...violations, ...hints]
    if (lines.length === 0) continue
    screen.out(`\n${workload}`)
    say(lines.map((line) => ['  -', line]))
  }
  if (notes.length > 0) screen.out('\nThe namespace')
  say(notes.map(({ says }) => ['  -', says]))
}

function standing({ role, server, assumed, violations }: Finding): string {
  if (violations.length > 0) return 'would be refused: see below'
  if (role === 'guarded')
    return assumed === true ? 'can be guarded: no HipaaMcpServer names it yet' : `guarded by ${server ?? ''}`
  return role === 'store'
    ? 'a store: reached by its server alone'
    : 'a bystander: reaches nobody, and nobody reaches it'
}

function objectsIn(text: string, file: string): Object[] {
  return valuesIn(text, file)
    .flatMap((value) =>
      isObject(value) && Array.isArray(value['items']) ? (value['items'] as unknown[]) : [value],
    )
    .filter(
      (value): value is never =>
        isObject(value) &&
        typeof value['kind'] === 'string' &&
        isObject(value['metadata']) &&
        isObject(value['spec']),
    )
}

/** Pods that a workload owns are judged by it. */
function isWorkload(object: Object): object is Owned {
  return (
    object.kind.toLowerCase() in kinds &&
    (object as Owned).metadata.ownerReferences?.some(({ controller }) => controller === true) !== true
  )
}

async function workloadsOf(kube: Kube, namespace: string, named: string | undefined): Promise<Workload[]> {
  const wanted = Object.keys(kinds).filter((kind) => named === undefined || named.startsWith(`${kind}/`))
  const lists = await Promise.all(
    wanted.map(async (kind) => {
      const items = await list<Owned>(
        kube,
        (kinds[kind] as string).replace('NS', encodeURIComponent(namespace)),
      )
      // Items of a list do not say their kind.
      return items.map((item) => ({ ...item, kind }))
    }),
  )
  return lists.flat().filter(isWorkload)
}

async function serversOf(kube: Kube, namespace: string): Promise<HipaaMcpServer[]> {
  const path = `apis/${group}/v1alpha1/namespaces/${encodeURIComponent(namespace)}/hipaamcpservers`
  const { status, body } = await kube.request('GET', `/${path}`)
  // The product may not be installed yet: that is when one asks.
  if (status === 404) return []
  if (status !== 200) throw new CannotError(`You may not list HipaaMcpServers of ${namespace} (${status})`)
  return (body as { items: HipaaMcpServer[] }).items
}

async function list<T>(kube: Kube, path: string): Promise<T[]> {
  const items = await listed<T>(kube, `/${path}`)
  if (Array.isArray(items)) return items
  throw new CannotError(`You may not list /${path} (${items.denied}): ask for the role view of the namespace`)
}

type Labels = { readonly [name: string]: string }

/** Labels of the namespace, or the status by which they may not be read. */
async function labelsOf(kube: Kube, namespace: string): Promise<Labels | { denied: number }> {
  const { status, body } = await kube.request('GET', `/api/v1/namespaces/${encodeURIComponent(namespace)}`)
  if (status === 404) throw new CannotError(`There is no namespace ${namespace}`)
  if (status !== 200 || !isObject(body)) return { denied: status }
  return (body['metadata'] as { labels?: Labels }).labels ?? {}
}

async function namespaceNotes(
  kube: Kube,
  namespace: string,
  labels: Labels | { denied: number },
): Promise<NamespaceNote[]> {
  if (isDenied(labels))
    return [
      {
        hinders: false,
        says: `You may not read the namespace (${labels.denied}): its labels were not judged`,
      },
    ]
  const plugin = needsPlugin(labels) ? pluginStanding(await read<PluginSet>(kube, pluginPath)) : undefined
  return notesOf(namespace, labels, plugin)
}

const isDenied = (labels: Labels | { denied: number }): labels is { denied: number } =>
  typeof labels['denied'] === 'number'
