// Reads the workload, says what would change, writes down who wants it and why, and changes it. In this order: what cannot be
// written down is not done.

import { randomBytes } from 'node:crypto'
import { enforceLabel, group } from '../../core/identifiers.ts'
import type { KubernetesObject } from '../../core/kubernetes.ts'
import type { HipaaMcpServer } from '../../crds/hipaamcpserver.generated.ts'
import { matchesLabels, type Workload } from '../../operator/objects.ts'
import { CannotError, exitCodes, type Screen, textOf, UsageError, type Values } from '../command.ts'
import { type Kube, listed, openKube } from '../kube.ts'
import { columns } from '../table.ts'
import { visible } from '../visible.ts'
import { type Undo, undoOf } from './plan.ts'

const kinds: { readonly [kind: string]: { api: string; plural: string; kind: string } } = {
  deployment: { api: 'apps/v1', plural: 'deployments', kind: 'Deployment' },
  statefulset: { api: 'apps/v1', plural: 'statefulsets', kind: 'StatefulSet' },
  daemonset: { api: 'apps/v1', plural: 'daemonsets', kind: 'DaemonSet' },
  cronjob: { api: 'batch/v1', plural: 'cronjobs', kind: 'CronJob' },
}

export async function begin(operands: readonly string[], values: Values, screen: Screen): Promise<number> {
  const [word = '', name, ...more] = (operands[0] ?? '').split('/')
  const known = kinds[word]
  const namespace = textOf(values, 'namespace')
  const reason = textOf(values, 'reason')
  if (operands.length !== 1 || known === undefined || !name || more.length > 0)
    throw new UsageError(`undo wants one of ${Object.keys(kinds).join('/NAME, ')}/NAME`)
  if (namespace === undefined) throw new UsageError('undo wants --namespace')
  const asks = values['yes'] !== true || values['dry-run'] === true
  if (!asks && (reason ?? '').trim() === '')
    throw new UsageError('undo wants --reason: it ends a safeguard, and whoever reads the Event asks why')
  const kube = await openKube(values)
  const path = `/apis/${known.api}/namespaces/${encodeURIComponent(namespace)}/${known.plural}/${encodeURIComponent(name)}`
  const { status, body } = await kube.request('GET', path)
  if (status === 404) throw new CannotError(`There is no ${word}/${name} in ${namespace}`)
  if (status !== 200) throw new CannotError(`You may not read ${word}/${name} (${status})`)
  const workload = { ...(body as Workload), apiVersion: known.api, kind: known.kind }
  const found = undoOf(workload)
  const around = await aroundOf(kube, namespace)
  const plan = { ...found, notes: [...found.notes, ...notesOf(around, namespace, workload, found)] }
  if (plan.patch === undefined) {
    show(plan, `${word}/${name}: nothing of ours is on it`, values, screen)
    return exitCodes.findings
  }
  if (asks) {
    show(plan, `${word}/${name} would change:`, values, screen)
    if (values['dry-run'] === true) return exitCodes.ok
    screen.note('Nothing was changed: say --yes and --reason to change it')
    return exitCodes.findings
  }
  await writeDown(kube, namespace, { workload, reason: reason as string, server: serverOf(plan, around) })
  const changed = await kube.request('PATCH', path, plan.patch)
  if (changed.status === 409) throw new CannotError('Somebody changed it a moment ago: run undo again')
  if (changed.status !== 200)
    throw new CannotError(
      `It was not changed (${changed.status}): ask for the right to patch ${known.plural}`,
    )
  show(plan, `${word}/${name} changed:`, values, screen)
  return exitCodes.ok
}

/** None where they may not be read. */
type Around = { servers: readonly HipaaMcpServer[]; enrolled: boolean }

async function aroundOf(kube: Kube, namespace: string): Promise<Around> {
  const at = encodeURIComponent(namespace)
  const [servers, one] = await Promise.all([
    listed<HipaaMcpServer>(kube, `/apis/${group}/v1alpha1/namespaces/${at}/hipaamcpservers`),
    kube.request('GET', `/api/v1/namespaces/${at}`),
  ])
  const { metadata } = one.body as Partial<KubernetesObject>
  return {
    servers: Array.isArray(servers) ? servers : [],
    enrolled: one.status === 200 && metadata?.labels?.[enforceLabel] === 'true',
  }
}

/** What undoing does not reach. */
function notesOf(
  { servers, enrolled }: Around,
  namespace: string,
  { spec }: Workload,
  { byAuthor }: Undo,
): string[] {
  const labels = (spec.template?.metadata as { labels?: Record<string, string> } | undefined)?.labels
  const claims = servers.filter(({ spec: { workload } }) => {
    const wanted = workload.selector?.matchLabels ?? {}
    return Object.keys(wanted).length > 0 && matchesLabels(labels, wanted)
  })
  return [
    ...claims.map(
      (server) =>
        `HipaaMcpServer ${server.metadata.name} claims its pods by spec.workload.selector all the same: change that`,
    ),
    ...(enrolled && !byAuthor && claims.length === 0
      ? [
          `${namespace} is enrolled: its new pods are bystanders, which nobody reaches and which mount no claim; the namespace’s label ${enforceLabel} is what enrols`,
        ]
      : []),
  ]
}

type Deed = { workload: Workload; server: Regarded | undefined; reason: string }
type Regarded = { apiVersion: string; kind: string; metadata: { name: string; uid?: string } }

/** Without its UID where servers may not be read. */
function serverOf({ server: name }: Undo, { servers }: Around): Regarded | undefined {
  if (name === undefined) return undefined
  const metadata = servers.find((one) => one.metadata.name === name)?.metadata ?? { name }
  return { apiVersion: `${group}/v1alpha1`, kind: 'HipaaMcpServer', metadata }
}

async function writeDown(kube: Kube, namespace: string, { workload, server, reason }: Deed): Promise<void> {
  const me = await kube.request('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'SelfSubjectReview',
  })
  const { status } = me.body as { status?: { userInfo?: { username?: string } } }
  const person = status?.userInfo?.username ?? 'somebody'
  const { kind, metadata } = workload
  // With their UIDs: kubectl describe shows no Event without.
  const regarded = [workload, ...(server === undefined ? [] : [server])].map((one: Regarded) => ({
    apiVersion: one.apiVersion,
    kind: one.kind,
    name: one.metadata.name,
    ...(one.metadata.uid === undefined ? {} : { uid: one.metadata.uid }),
  }))
  for (const regarding of regarded) {
    const made = await kube.request(
      'POST',
      `/apis/events.k8s.io/v1/namespaces/${encodeURIComponent(namespace)}/events`,
      {
        apiVersion: 'events.k8s.io/v1',
        kind: 'Event',
        metadata: {
          name: `${regarding.name.slice(0, 230)}.${randomBytes(8).toString('hex')}`,
          namespace,
        },
        eventTime: new Date().toISOString().replace('Z', '000Z'),
        reportingController: `${group}/undo`,
        reportingInstance: person.slice(0, 128),
        regarding: { ...regarding, namespace },
        type: 'Warning',
        reason: 'GuardUndone',
        action: 'Undoing',
        note: `${person} puts ${kind.toLowerCase()}/${metadata.name} back as it was before it was guarded: ${reason}`.slice(
          0,
          1_024,
        ),
      },
    )
    if (made.status !== 201 && made.status !== 200)
      throw new CannotError(
        `Nothing was changed, since it could not be written down (${made.status}): ask for the right to create events (events.k8s.io) in ${namespace}`,
      )
  }
}

function show({ server, changes, notes, patch }: Undo, title: string, values: Values, screen: Screen): void {
  if (values['json'] === true) {
    screen.out(
      JSON.stringify({ ...(server === undefined ? {} : { server }), changes, notes, patch }, null, 2),
    )
    return
  }
  screen.out(title)
  const say = (lead: string, texts: readonly string[]): void => {
    for (const line of columns(
      texts.map((text) => [lead, visible(text)]),
      screen.width,
    ))
      screen.out(line)
  }
  say('', changes)
  say('Note:', notes)
}
