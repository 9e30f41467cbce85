// docs/bypass.md: what was tried against the product, out of the files that try it.

import { attackers, attempts, countedAs, gates, type Trace } from './bypass/attempts.ts'

const cannot = [
  [
    'Whoever is root on a node',
    'owns every pod of it: memory of sidecars, keys, filters. Seen by nobody here. Witnesses outside of the cluster tell what happened to the trail afterwards',
  ],
  [
    'An administrator of the cluster',
    'takes away the webhook and the policies, or the label of the namespace. In the cluster’s own [audit log](audit-log.md); `status` of the server says what it lost, while an operator runs',
  ],
  [
    'Who deploys into the namespace and reads logs there',
    'chooses the server’s image, or one that gives itself out for a store: its standard output, termination message, exit code and failing exec probes leave by `kubectl logs`, the pod’s status and Events. Logs of servers are searched in part: condition `Transmission`',
  ],
  [
    'A pod of another namespace with raw sockets',
    'speaks with a guarded pod’s address, where the network plugin compares no sender (a bare bridge does not; Calico and Cilium do). Pod Security `baseline` leaves NET_RAW to it, `restricted` takes it away',
  ],
  [
    'A pod on the same bridge as a store',
    'reaches the store’s port by its link-local address (`fe80::`), which no NetworkPolicy names, where the network plugin judges by addresses (seen: bridge plugin, kube-router); guarded pods drop it themselves. Canaries do not try it. docs/limits.md says what to write on the nodes',
  ],
  [
    'A pod of the host’s network in a namespace that is not enrolled, or a process of a node',
    'is the node itself for most network plugins, which a NetworkPolicy does not keep from that node’s pods: it reaches a store’s port, and a guarded pod’s, where it shows no certificate and is refused. Pod Security `baseline` keeps such pods from a namespace',
  ],
  [
    'Who knows another name that a declared host serves at the same address',
    'asks for it inside TLS (`Host`, where SNI is the declared name): what stands in a connection that the app encrypts itself is unseen, but for model vendors, whose TLS ends in the pod. It reaches nobody but who answers at the address of a declared host',
  ],
  [
    'The MCP server’s own code',
    'reads in `/proc/net` with which addresses and ports its sidecar is connected, those of callers too, since both are in one network; not what goes between. Seen by nobody',
  ],
  [
    'A container on a runtime whose own seccomp profile allows AF_VSOCK',
    'talks with what runs beside its machine, where that listens: such a socket is in no network namespace. containerd 1.6 of Debian 12 allows it (seen); newer profiles do not',
  ],
  [
    'A container to which a plugin of its node gives a device that sends by itself',
    'goes past the packet filter and every NetworkPolicy: RDMA, a network card in user space. A card that a driver of ResourceClaims puts into the pod’s network goes past NetworkPolicies. Whoever deploys asks for what the node hands out. Keep such nodes from enrolled namespaces, or set a ResourceQuota of 0 for the device, or its class, there',
  ],
  [
    'Who deploys where a network plugin takes annotations that admission does not know',
    'may ask it for another address or a second network (Kube-OVN, Antrea): admission knows those of Multus, Calico, Cilium, GKE and OVN-Kubernetes that it lists (`networkAnnotations`), and no later ones. Canaries try the pod’s own network alone',
  ],
  [
    'Who may write a network plugin’s own kinds',
    'opens what NetworkPolicies shut (CiliumNetworkPolicy, Calico’s): do not let the namespace write them. Canaries see what is open',
  ],
  [
    'An editor of the namespace',
    'keeps the server from working: deletes its pods, leaves them no room, names Services so that new pods do not start. No call is served then, and no record read. They delete Events too, or try so often that no more are written of their namespace: what counts is in metrics and in the trail',
  ],
  [
    'A container, on a node whose kernel tells of crashes or of what AppArmor refused',
    'puts words of its own into these lines: fifteen bytes by the name of a program that crashes (seen), more by that of a file which it may not read. They stand in the node’s log, and go where that goes. `debug.exception-trace=0` shuts the first',
  ],
  [
    'An editor of the namespace',
    'leads the server’s Service or an Ingress to a pod of their own. It has no certificate of the server’s name: who checks that, as `hipaa-mcp connect` does, hangs up; who does not sends what they ask to whoever answers',
  ],
  [
    'An editor of the namespace',
    'keeps a pod that does not conform from its eviction, by a PodDisruptionBudget: it gets no new certificate, so a day at most. Event `DisruptionBudgetHolds`, `hipaa_mcp_evictions_total{outcome="held"}`',
  ],
] as const

export async function bypassDocument(): Promise<string> {
  const all = await attempts()
  const of = (by: string) => all.filter((attempt) => attempt.by === by)
  const own = all.filter((attempt) => {
    const { record, event, metric }: Trace = gates[attempt.gate]
    return attempt.gate === 'guarded' ? countedAs(attempt).length > 0 : [record, event, metric].includes(true)
  })
  return [
    '# Ways around the product',
    '',
    ...lines(
      'For security engineers: what was tried to get past the product, what refuses it, and what nothing stops.',
    ),
    '',
    ...lines(
      'Generated from `test/bypass/attempts/` by `node test/generate.ts`. `make bypass` and `make nightly` try them all on a real node, with the product installed as `config/default` says; `make test` tries some of each kind (who tries, and what refuses it). Each is tried twice: in an enrolled namespace, where it must be refused, and in one that does not know the product, where the same must come through. So a refusal for another reason counts for nothing. How the packet filter does over IPv6, and what its check notices, is in `test/bypass/guard.test.ts`; what the sidecar takes for a declared name, in `test/sidecar/egress/`; what callers and servers send that two readers take differently, in `test/sidecar/requests/`.',
    ),
    '',
    '## What cannot be stopped',
    '',
    ...cannot.flatMap(([who, what]) => [...item(`**${who}** ${what}.`), '']),
    `## What is stopped: ${all.length} attempts`,
    '',
    ...lines(
      'Each is a file of this name in [test/bypass/attempts](../test/bypass/attempts/). Behind it stands what refuses it: the table at the end says where that is seen. `guarded` refuses nothing, and behind it stand the words by which it is counted.',
    ),
    '',
    ...Object.entries(attackers).flatMap(([by, who]) => [
      `### ${capital(who)}`,
      '',
      ...of(by).flatMap((attempt) => {
        const { id, what, gate } = attempt
        const words = countedAs(attempt).map((word) => `, \`${word}\``)
        return item(`\`${id}\` ${what}: \`${gate}\`${words.join('')}`)
      }),
      '',
    ]),
    '## Where an attempt is seen',
    '',
    ...lines(
      `Of ${all.length} attempts ${own.length} are of a kind that leaves a record, an Event or a number of the product’s own. Those that \`make bypass\` tries before the API server are dry runs, which are counted there alone: that the same leave records and Events is seen in \`test/integration/admission-observed.test.ts\`.`,
    ),
    '',
    '| refused by | attempts | record | Event | metric | of others |',
    '|---|--:|---|---|---|---|',
    ...Object.entries<Trace>(gates).map(([gate, { record, event, metric, others }]) => {
      const count = all.filter((attempt) => attempt.gate === gate).length
      const marks = [record, event, metric, others].map((mark) => (mark === true ? 'yes' : (mark ?? '–')))
      return `| \`${gate}\` | ${count} | ${marks.join(' | ')} |`
    }),
    '',
    ...[...Map.groupBy(Object.entries<Trace>(gates), ([, { where }]) => where)].flatMap(([where, alike]) =>
      item(`${alike.map(([gate]) => `\`${gate}\``).join(', ')}: ${where}.`),
    ),
    '',
  ].join('\n')
}

const item = (text: string): string[] =>
  lines(text, 78).map((line, index) => `${index === 0 ? '-' : ' '} ${line}`)

/** Of at most so many columns; a word that is longer stands alone. */
function lines(text: string, columns = 80): string[] {
  const all: string[] = []
  for (const word of text.split(' ')) {
    const last = all.at(-1)
    if (last !== undefined && last.length + 1 + word.length <= columns) all.push(`${all.pop()} ${word}`)
    else all.push(word)
  }
  return all
}

const capital = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1)
