// The attempts: a file each in attempts/, which hold what is tried and nothing else. What runs them is attempts.test.ts;
// docs/bypass.md is made of them.

import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'yaml'

/** Who asks the API server. `Editor`: the built-in role `admin` in the namespace, and nothing more. */
const people = {
  Editor: 'who holds the role `admin` in the namespace',
  Debugger: 'an editor who may add ephemeral containers',
  Binder: 'an editor who may bind pods to nodes, as schedulers do',
  Reporter: 'an editor who may write the status of pods, as agents on nodes do',
  Administrator: 'an administrator of the cluster, who changes nothing of the product',
} as const

/** Whose code runs in a pod. */
const pods = {
  Server: 'the MCP server’s own code, as root in its container',
  Bystander: 'a pod of the namespace that no server names',
  Store: 'a pod that gives itself out for a store',
  Stranger: 'a pod of another namespace',
} as const

const outside = { Outside: 'somebody outside of the cluster who reaches the node' } as const

export const attackers = { ...people, ...pods, ...outside }
export type Person = keyof typeof people
export type PodRole = keyof typeof pods

/** Policies of the API server whose refusals a webhook sees: one of each name, `hipaa-mcp-` before it. */
export const observedPolicies = [
  'changes',
  'labels',
  'bindings',
  'deletions',
  'networks',
  'proxies',
  'tokens',
] as const
type ObservedPolicy = (typeof observedPolicies)[number]
const byPolicy = Object.fromEntries(
  observedPolicies.map((name) => [
    name,
    `policy \`hipaa-mcp-${name}\`: as above; a record \`admission-refused\`, with who asked, and an Event`,
  ]),
) as { readonly [name in ObservedPolicy]: string }

/**
 * What refuses, and where that is seen. A refusal without a trace of its own would be an attempt that nobody hears of.
 */
export const gates = {
  inject:
    'the operator’s webhook `inject`: its log, `apiserver_admission_webhook_rejection_count`, a record `admission-refused`',
  validate:
    'the operator’s webhook `pods`: its log, `apiserver_admission_webhook_rejection_count`, a record `admission-refused`',
  connect: 'the operator’s webhooks `connect` and `stores`: as above, and an Event on the pod',
  pods: 'policy `hipaa-mcp-pods`: `apiserver_validating_admission_policy_check_total`',
  ...byPolicy,
  rights: 'RBAC: `apiserver_authorization_attempts_total`, and the cluster’s audit log by name',
  guarded: 'nothing: the pod is guarded like any other, which its server’s status counts',
  filter: 'the pod’s packet filter: `hipaa_mcp_pod_connections_failed`, `hipaa_mcp_pod_datagrams_refused`',
  names: 'the sidecar: a record `counted` in the trail, `hipaa_mcp_egress_total{decision="refused"}`',
  container: 'the container’s own confinement, in the kernel',
  network: 'NetworkPolicies: the same attempt by canaries is `status.network` and `NetworkEnforced`',
} as const
type Gate = keyof typeof gates

/** `virtual`: a verb or a kind that only authorization knows; any other is served by the API server. */
type Right = { verb: string; group?: string; resource: string; namespace?: string; virtual?: true }

/** `create`: an object, in a dry run. `call`: a request below the namespace's path. `right`: whether one has it. */
export type Try = {
  create?: Manifest
  /** Of `create`: so many characters of another's annotation besides. */
  fill?: number
  call?: { method: 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'GET'; path: string; type?: string; body?: unknown }
  right?: Right
  /** Body of a function of in-pod.ts: 'through' where it came through. */
  run?: string
}
export type Manifest = {
  apiVersion: string
  kind: string
  metadata: { name: string }
  [member: string]: unknown
}

export type Attempt = Try & {
  id: string
  by: keyof typeof attackers
  what: string
  gate: Gate
  /** What the refusal says; our own words unless it is told otherwise. */
  says?: string
  /** The same without the product: in a namespace that is not enrolled, unless another is named. It must come through. */
  control?: Try
  /** Network plugins learn of a pod a moment late: open is what stays open. */
  patience?: true
  /** Tried by `make test` for its kind. */
  sample?: true
}

const folder = join(import.meta.dirname, 'attempts')

/** In the order of their names, which begin with who tries. */
export async function attempts(): Promise<Attempt[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.yaml')).toSorted()
  return await Promise.all(
    files.map(async (file) => ({
      id: file.slice(0, -'.yaml'.length),
      ...(parse(await readFile(join(folder, file), 'utf8')) as Omit<Attempt, 'id'>),
    })),
  )
}

/** Those marked `sample` of each kind (who tries, and what refuses it), else its first. A tenth of all, for `make test`. */
export function sampleOf(all: readonly Attempt[]): Attempt[] {
  const kinds = Map.groupBy(all, ({ by, gate }) => `${by} ${gate}`)
  return [...kinds.values()].flatMap((kind) => {
    const chosen = kind.filter(({ sample }) => sample === true)
    return chosen.length > 0 ? chosen : kind.slice(0, 1)
  })
}

export const isPod = (by: Attempt['by']): by is PodRole => Object.hasOwn(pods, by)
export const isPerson = (by: Attempt['by']): by is Person => Object.hasOwn(people, by)
