// Builds the clinic on a cluster, and puts the product around it: the same objects for the demo and for the end-to-end
// tests. Nothing here decides whether it worked; steps and tests do.

import { createHash } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { auditorSigner } from '../../core/identifiers.ts'
import type { PatientRecord } from '../sample/fhir.ts'
import { type Authorities, applyIdentity, authorities, serverCertificate } from './identity.ts'
import { until } from './kubectl.ts'
import { configMap, manifest, quoted, tlsSecret, together } from './manifests.ts'
import { rolledOut, whyNotIn } from './rollout.ts'
import type { World } from './world.ts'

const checkout = join(import.meta.dirname, '..', '..')
const config = join(checkout, 'config', 'default')
const system = 'hipaa-mcp-system'
/** Rendered objects, for a person to look at and to apply again. */
export const out = join(checkout, 'out', 'demo')

/** Not `monitoring`: many clusters have one. */
export const monitoring = 'clinic-monitoring'
const namespaces = [
  'clinic',
  'identity',
  'vendor',
  'agents',
  'elsewhere',
  monitoring,
  // Of `make conformance`, which may have been left there.
  'mcp-conformance',
  'mcp-conformance-caller',
] as const
const managed = 'app.kubernetes.io/managed-by=hipaa-mcp-demo'

export type Clinic = World & Authorities & { records: readonly PatientRecord[] }

/**
 * Applies config/default, with the world's image and storage class in it, and waits until operator and collector are
 * available. `say` is told the command that a person would type.
 */
export async function install(world: World, say: (command: string) => void = () => undefined): Promise<void> {
  const { kubectl } = world
  const there = (await installedBy(world)) !== 'not'
  const plain = await kubectl.run(['kustomize', config])
  const text = adapted(plain, world)
  const file = join(out, 'install.yaml')
  await mkdir(out, { recursive: true })
  await writeFile(file, text)
  say(
    text === plain
      ? 'kubectl apply -k config/default'
      : `kubectl apply --server-side -f out/demo/install.yaml`,
  )
  await kubectl.apply(text)
  // What was there before the demo stays there after it.
  if (!there) await kubectl.run(['label', 'namespace', system, managed])
  const workloads = (await kubectl.run(['get', 'deployments,statefulsets', '-n', system, '-o', 'name']))
    .trim()
    .split('\n')
  // An image of this checkout keeps its name when it changes: what ran before would go on with the old one.
  if (there && world.images.product.startsWith('localhost/'))
    for (const name of workloads) await kubectl.run(['rollout', 'restart', name, '-n', system])
  for (const name of workloads) await rolledOut(kubectl, system, name, 240)
}

/** The manifests with another image and another storage class; config/ itself stays as it is. */
export function adapted(
  text: string,
  { images, storageClass }: Pick<World, 'images' | 'storageClass'>,
): string {
  const image = /name: HIPAA_MCP_IMAGE\n\s+value: (\S+)/.exec(text)?.[1]
  if (image === undefined) throw new Error('config/default names no HIPAA_MCP_IMAGE: see config/operator')
  return text
    .replaceAll(image, () => images.product)
    .replaceAll(/storageClassName: encrypted\b/g, () => `storageClassName: ${storageClass}`)
}

/** Whether the product is on the cluster, and who put it there. */
export async function installedBy({
  kubectl,
}: Pick<World, 'kubectl'>): Promise<'not' | 'by the demo' | 'by others'> {
  const found = await kubectl.get<Labelled>('namespace', system)
  if (found === undefined) return 'not'
  return isManaged(found) ? 'by the demo' : 'by others'
}

/** Removes the product, if the demo installed it: an installation that was there before stays. */
export async function uninstall({ kubectl }: Pick<World, 'kubectl'>): Promise<void> {
  if ((await installedBy({ kubectl })) !== 'by the demo') return
  await kubectl.run(['delete', '-k', config, '--ignore-not-found', '--timeout=240s'])
  // Made by `trail export` for whoever read the trail; the cluster itself forgets them after an hour.
  const requests = await kubectl.get<{ items: Request[] }>('certificatesigningrequests')
  const ours = requests?.items.filter(({ spec }) => spec.signerName === auditorSigner) ?? []
  if (ours.length > 0)
    await kubectl.run(['delete', 'csr', '--ignore-not-found', ...ours.map(({ metadata }) => metadata.name)])
}

type Request = { metadata: { name: string }; spec: { signerName: string } }

type Labelled = { metadata: { labels?: Record<string, string> } }
const isManaged = ({ metadata }: Labelled): boolean =>
  metadata.labels?.['app.kubernetes.io/managed-by'] === 'hipaa-mcp-demo'

/** Removes what an earlier run left. Namespaces of the demo's names that somebody else made stay. */
export async function clear({ kubectl }: Pick<World, 'kubectl'>): Promise<void> {
  const mine: string[] = []
  for (const name of namespaces) {
    const found = await kubectl.get<Labelled>('namespace', name)
    if (found !== undefined && isManaged(found)) mine.push(name)
  }
  if (mine.length > 0) await kubectl.run(['delete', 'namespace', ...mine, '--timeout=180s'])
  if ((await kubectl.get('crd', 'businessassociateagreements.hipaa-mcp.dev')) !== undefined)
    await kubectl.run(['delete', 'baa', '-l', managed, '--ignore-not-found'])
  await kubectl.run(['delete', 'clusterrole,clusterrolebinding', '-l', managed, '--ignore-not-found'])
  if ((await kubectl.get('crd', 'clusterissuers.cert-manager.io')) === undefined) return
  await kubectl.run(['delete', 'clusterissuer', '-l', managed, '--ignore-not-found'])
  await kubectl.run(['delete', 'secret', '-n', 'cert-manager', '-l', managed, '--ignore-not-found'])
}

/** Rejects when a namespace that the demo would make is somebody else's. */
export async function checkNamespaces({ kubectl }: Pick<World, 'kubectl'>): Promise<void> {
  for (const name of namespaces) {
    const found = await kubectl.get<Labelled>('namespace', name)
    if (found !== undefined && !isManaged(found))
      throw new Error(`The namespace ${name} is not the demo’s: take a cluster that has none of that name`)
  }
}

/** The clinic before the product: EHR server, database with the records, identity provider, vendor, agents. */
export async function buildClinic(world: World, records: readonly PatientRecord[]): Promise<Clinic> {
  const { kubectl, images, storageClass } = world
  const cas = await authorities(world)
  const { clinicCa, agentsCa, trusted } = cas
  const names = {
    SAMPLES_IMAGE: images.samples,
    POSTGRES_IMAGE: images.postgres,
    STORAGE_CLASS: storageClass,
    PASSWORD: createHash('sha256').update(clinicCa.key).digest('hex').slice(0, 24),
  }
  for (const name of ['clinic', 'vendor', 'agents']) await kubectl.apply(await manifest(name, names))
  await applyIdentity(world, cas)

  const server = async (host: string) => await serverCertificate(clinicCa, host)
  await kubectl.apply(
    together(
      tlsSecret('clinic', 'ehr-db-tls', await server('ehr-db.clinic.svc'), clinicCa.cert),
      tlsSecret('vendor', 'records-tls', await server('records.vendor.svc.cluster.local'), clinicCa.cert),
      tlsSecret('agents', 'agent-tls', await agentsCa.issue('agent'), trusted),
      tlsSecret('agents', 'other-agent-tls', await agentsCa.issue('other agent'), trusted),
      ...['clinic', 'agents', 'elsewhere'].map((namespace) =>
        configMap(namespace, 'clinic-ca', { 'ca.crt': trusted }),
      ),
    ),
  )
  for (const [namespace, workload] of workloads) await rolledOut(kubectl, namespace, workload, 180)
  await load(world, records)
  return { ...world, ...cas, records }
}

const workloads = [
  ['clinic', 'statefulset/ehr-db'],
  ['identity', 'deployment/login'],
  ['vendor', 'deployment/records'],
  ['agents', 'deployment/agent'],
  ['agents', 'deployment/agent-without-certificate'],
  ['elsewhere', 'deployment/bystander'],
] as const

type Begun = { status?: { containerStatuses?: { state?: { running?: object } }[] } }

/** The records, a line each, through the EHR's own pod: it is not guarded yet. */
async function load({ kubectl }: World, records: readonly PatientRecord[]): Promise<void> {
  const lines = records.map((record) => JSON.stringify(record)).join('\n')
  // It is ready once it has records, so no rollout was waited for: on a busy node, or with an image to pull, it may not run yet.
  await until('the EHR’s container runs', 180, async () => {
    const pods = await kubectl.get<{ items: Begun[] }>('pods', '-n', 'clinic', '-l', 'app=ehr-mcp')
    const running = pods?.items.some(({ status }) =>
      status?.containerStatuses?.some(({ state }) => state?.running !== undefined),
    )
    return running === true ? true : undefined
  })
  await kubectl.run(
    ['exec', '-i', '-n', 'clinic', 'deploy/ehr-mcp', '--', 'node', 'test/sample/load-records.ts', '-'],
    lines,
  )
  await rolledOut(kubectl, 'clinic', 'deployment/ehr-mcp', 120)
}

/** The HipaaMcpServer as text, certificates filled in; also written to out/demo/ehr.yaml. */
async function serverManifest(clinic: Clinic): Promise<string> {
  const text = await manifest('server', {
    AGENTS_CA: quoted(clinic.agentsCa.cert),
    CLINIC_CA: quoted(clinic.clinicCa.cert),
  })
  const whole = clinic.certManager ? text : text.replace(/^ +issuerRef:.*\n/m, '')
  await mkdir(out, { recursive: true })
  await writeFile(join(out, 'ehr.yaml'), whole)
  return whole
}

export type ServerStatus = {
  spec: { lockdown?: { reason: string } }
  status?: {
    gaps?: string
    lastRecord?: string
    pods?: { guarded?: number; expected?: number; summary?: string }
    policy?: { hash?: string; generation?: number }
    network?: { lastProof?: string; attempts?: { tried: number; open: number }[] }
    volumes?: { claim: string; storageClass?: string; grade: string; reason?: string }[]
    conditions?: { type: string; status: string; reason: string; message: string }[]
  }
}

const ehr = { namespace: 'clinic', name: 'ehr' }

/** Of the clinic's HipaaMcpServer, or of another. */
export const serverStatus = async (
  { kubectl }: Pick<World, 'kubectl'>,
  { namespace, name } = ehr,
): Promise<ServerStatus | undefined> =>
  await kubectl.get<ServerStatus>('hipaamcpserver', name, '-n', namespace)

export const conditionOf = (seen: ServerStatus | undefined, type: string) =>
  seen?.status?.conditions?.find((condition) => condition.type === type)

/**
 * Enrols the namespace, lets the database take nothing but TLS, annotates the deployment as it stands, and waits until
 * the server is Ready. Each of the three `say`s the command that a person would type.
 */
export async function guard(clinic: Clinic, say: (command: string) => void = () => undefined): Promise<void> {
  const { kubectl } = clinic
  say('kubectl apply -f out/demo/ehr.yaml')
  await kubectl.apply(await serverManifest(clinic))
  say('kubectl label namespace clinic hipaa-mcp.dev/enforce=true')
  await kubectl.run(['label', 'namespace', 'clinic', 'hipaa-mcp.dev/enforce=true', '--overwrite'])
  await kubectl.apply(
    configMap('clinic', 'ehr-db-access', {
      'pg_hba.conf': 'local all all trust\nhostssl all all all scram-sha-256\n',
    }),
  )
  await kubectl.run(['rollout', 'restart', 'statefulset/ehr-db', '-n', 'clinic'])
  await rolledOut(kubectl, 'clinic', 'statefulset/ehr-db', 120)
  say('kubectl annotate deployment ehr-mcp -n clinic hipaa-mcp.dev/server=ehr')
  await kubectl.run([
    'annotate',
    'deployment',
    'ehr-mcp',
    '-n',
    'clinic',
    'hipaa-mcp.dev/server=ehr',
    '--overwrite',
  ])
  await ready(clinic)
}

/** Until the server is Ready and all of its pods are guarded. */
export async function ready(
  world: Pick<World, 'kubectl'>,
  seconds = 180,
  server = ehr,
): Promise<ServerStatus> {
  const { kubectl } = world
  return await until(
    'the server is Ready with every pod guarded',
    seconds,
    async () => {
      const seen = await serverStatus(world, server)
      const { guarded = 0, expected = 0 } = seen?.status?.pods ?? {}
      return conditionOf(seen, 'Ready')?.status === 'True' && guarded > 0 && guarded === expected
        ? seen
        : undefined
    },
    async () => {
      const condition = conditionOf(await serverStatus(world, server), 'Ready')
      const why = await whyNotIn(kubectl, server.namespace)
      return `Ready is ${condition?.status} (${condition?.reason}: ${condition?.message}). ${why}`
    },
  )
}

/** A Prometheus that scrapes the product. Needs the product installed: its rules come from there. */
export async function buildMonitoring({ kubectl, images }: World): Promise<void> {
  const text = await manifest('monitoring', {
    PROMETHEUS_IMAGE: images.prometheus,
    SAMPLES_IMAGE: images.samples,
  })
  const rules = await kubectl.get<{ data: Record<string, string> }>(
    'configmap',
    'hipaa-mcp-rules',
    '-n',
    system,
  )
  if (rules === undefined)
    throw new Error('config/default brought no ConfigMap hipaa-mcp-rules: see config/monitoring')
  await kubectl.apply(text)
  await kubectl.apply(configMap(monitoring, 'hipaa-mcp-rules', rules.data))
  await rolledOut(kubectl, monitoring, 'deployment/prometheus', 120)
}
