// The attempts: a file each in attempts/, which hold what is tried and nothing else. What runs them is attempts.test.ts;
// docs/bypass.md is made of them.

import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'yaml'
import { askedOf, type What } from '../../operator/admission/asked.ts'
import type { Pod } from '../../operator/admission/pod.ts'

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
  User: 'the MCP server’s own code, as a user of its container',
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
/**
 * Where an attempt is seen: in a `record`, an `event` or a `metric` of the product, or by `others` around it. `most`: the others
 * have no word there (`countedAs`). Another text: what is seen is no trace of the attempt, but of this.
 */
type Seen = true | 'most' | 'the pod’s' | 'canaries’'
export type Trace = { record?: Seen; event?: Seen; metric?: Seen; others?: Seen; where: string }

const toldRefusal =
  'a record `admission-refused`, with who asked and what was answered; a line of the operator’s log; `hipaa_mcp_admission_refusals_total`'
const byWebhook = 'and the API server counts it in `apiserver_admission_webhook_rejection_count`'

const byPolicy = Object.fromEntries(
  observedPolicies.map((name): [string, Trace] => [
    name,
    {
      record: true,
      event: true,
      metric: true,
      others: true,
      where: `policies \`hipaa-mcp-…\` of these names, in the API server: ${toldRefusal}; an Event on the object, or on the namespace where it was to be made; and the API server counts it in \`apiserver_validating_admission_policy_check_total\``,
    },
  ]),
) as { readonly [name in ObservedPolicy]: Trace }

const byPods: Trace = {
  record: true,
  metric: true,
  others: true,
  where: `the operator’s webhooks \`inject\` and \`pods\`: ${toldRefusal}; ${byWebhook}`,
}

/** What refuses, and where that is seen. What nobody sees is said to be so. */
export const gates = {
  inject: byPods,
  validate: byPods,
  connect: {
    record: true,
    event: true,
    metric: true,
    others: true,
    where: `the operator’s webhooks \`connect\` and \`stores\`: ${toldRefusal}; an Event \`ConnectRefused\` on the pod; ${byWebhook}`,
  },
  ...byPolicy,
  rights: {
    others: true,
    where:
      'RBAC, before the product is asked. Each such attempt stands in the API server’s audit log, with who asked for what and that it was forbidden, where the cluster writes one by [our example policy](audit-log.md). The tests find it there by its id. Rights that no request stands for, such as to approve a grant, are asked for by a review, which stands there with its answer. The API server counts refusals too, without a name: `authorization_attempts_total`',
  },
  guarded: {
    record: 'the pod’s',
    metric: 'most',
    others: 'most',
    where:
      'nothing is refused, since nothing comes of it: the pod is guarded like any other, and its chain begins with a record `chain-started`. What it says counts, by the word behind the attempt, in `hipaa_mcp_admission_put_right_total` where admission wrote something else, of which who sends the pod is warned, and in `hipaa_mcp_admission_let_stand_total` where it stands; the API server’s audit log has the fields, where the cluster keeps one. The count has no name, and honest pods are in it too. Those without a word say what a pod that says nothing has, or how much they want, of which the scheduler’s Event on the pod tells',
  },
  filter: {
    metric: true,
    where:
      'the pod’s packet filter: `hipaa_mcp_pod_connections_failed` and `hipaa_mcp_pod_datagrams_refused`, without whereto. Not counted is what comes to the pod from elsewhere, and datagrams to a group',
  },
  names: {
    record: true,
    metric: true,
    where:
      'the sidecar: a record `counted` in the trail and `hipaa_mcp_egress_total{decision="refused"}`, without what was asked for: a name that nobody declared may be words',
  },
  container: {
    where:
      'the kernel and the runtime, by what the container may not do, or has not: these are never seen. Nobody is told but the program that tried: no record, Event or metric of ours, and no line of the kernel’s log (looked for by hand on the test node). An agent on the node would see them; why there is none of ours is [decision 28](decisions/0028-what-an-attempt-leaves-behind.md)',
  },
  network: {
    metric: 'canaries’',
    others: true,
    where:
      'the network plugin, by NetworkPolicies, where it counts what it drops: kube-router does by a rule for each pod (`rule to REJECT`, seen in iptables: from a bystander, a stranger, a store and outside, IPv6 and UDP too), until it writes its rules anew; other plugins were not tried. That such ways are shut is what canaries try, from a stranger and from a bystander to guarded pods’ port for calls and to stores, and from a bystander to an address outside: `status.network`, `hipaa_mcp_network_attempts_open`. Nobody tries for them ports of the server’s own, UDP, a store’s way out, ports of nodes, and the operator’s and the collector’s own ports',
  },
} satisfies { readonly [gate: string]: Trace }
type Gate = keyof typeof gates

/** `virtual`: a verb or a kind that only authorization knows; any other is served by the API server. */
export type Right = { verb: string; group?: string; resource: string; namespace?: string; virtual?: true }

/**
 * `create`: an object, in a dry run. `call`: a request below the namespace's path. `right`: what is missing, asked for by itself
 * where neither of them does.
 */
export type Try = {
  create?: Manifest
  /** Of `create`: so many characters of another's annotation besides. */
  fill?: number
  /** Of `create`: so many containers, each like its first. */
  containers?: number
  /** `create`: so many times at once. */
  times?: number
  /** `group` and its version, and `namespace`, where it is not the core's or the NetworkPolicies', or not that of the attempt. */
  call?: {
    method: 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'GET'
    path: string
    group?: string
    namespace?: string
    type?: string
    body?: unknown
  }
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

/** `create` with its `fill` and its `containers`. */
export function manifestOf({
  create,
  fill = 0,
  containers = 1,
}: {
  create: Manifest
  fill?: number
  containers?: number
}): Manifest {
  return filled(containers === 1 ? create : manifold(create, containers), fill)
}

function filled(object: Manifest, length: number): Manifest {
  if (length === 0) return object
  const { metadata } = object as { metadata: { name: string; annotations?: object } }
  const annotations = { ...metadata.annotations, 'example.com/fill': 'x'.repeat(length) }
  return { ...object, metadata: { ...metadata, annotations } as { name: string } }
}

function manifold(object: Manifest, containers: number): Manifest {
  const { spec, ...rest } = object as Manifest & { spec: { containers: [{ name: string }] } }
  const [first] = spec.containers
  const each = Array.from({ length: containers }, (_, place) => ({
    ...first,
    name: `${first.name}-${place}`,
  }))
  return { ...rest, spec: { ...spec, containers: each } }
}

/** By which words an attempt that ends as a guarded pod is counted. */
export const countedAs = ({ gate, create, ...more }: Attempt): What[] =>
  gate === 'guarded' && create !== undefined ? askedOf(manifestOf({ create, ...more }) as unknown as Pod) : []

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
