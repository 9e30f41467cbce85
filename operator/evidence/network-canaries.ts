// Makes canary pods, again and again, and remembers what the network refused them. The leader alone. Kubernetes takes a
// NetworkPolicy whether or not anything enforces it: only a connection that fails, beside one that succeeds, shows it.
//
// Nobody else can say what a canary saw: only pods that this process made are read, by their UID; nobody connects to one or
// changes its spec (admission), and a pod's status is the kubelet's. A tenant who deletes one leaves no result, which is no
// proof.

import { hash, randomBytes } from 'node:crypto'
import { systemNamespace } from '../../core/identifiers.ts'
import type { KubernetesObject } from '../../core/kubernetes.ts'
import {
  type AttemptTarget,
  type CanaryResult,
  type CanaryTask,
  metadataAddress,
  metadataAddress6,
  type NetworkAsk,
} from '../../core/network.ts'
import type { Client } from '../cluster/client.ts'
import { kinds } from '../cluster/kinds.ts'
import { bystanderPolicyName } from '../desired/network-policies.ts'
import { codeOf, idOf, type Log } from '../log.ts'
import { isEnrolled } from '../observe.ts'
import { repeating } from '../repeating.ts'
import type { World } from '../world.ts'
import { type Canary, canaryName, canaryPod, canarySeconds } from './canary-pod.ts'
import { podTargets, type Target, webhookAddresses } from './canary-targets.ts'

/** One connection that must be refused. `pod`: whose. */
export type Outcome = {
  from: 'Stranger' | 'Bystander'
  to: AttemptTarget
  pod?: string
  open: boolean
}

/** What one namespace's canaries saw. */
export type Round = {
  /** Milliseconds since 1970. */
  at: number
  /** The stranger reached the open port: so a refusal means something. */
  reached: boolean
  outcomes: readonly Outcome[]
  /** A canary could not be made or did not end: Kubernetes' word for why. */
  trouble?: string
}

export interface NetworkCanaries {
  /** The last round of a namespace; undefined before the first. */
  of(namespace: string): Round | undefined
  start(): void
  stop(): void
  /** Everything that is due. Never rejects. */
  look(): Promise<void>
}

export type CanariesOptions = {
  world: Pick<World, 'servers' | 'pods' | 'namespaces' | 'networkPolicies'>
  client: Pick<Client, 'create' | 'get' | 'delete'>
  image: string
  ask: NetworkAsk
  /** Namespaces of which something else is known than before. */
  onChange: (namespace: string) => void
  log: Log
  now?: () => number
  /** Milliseconds between two looks at whether something is due, and at whether a canary ended. */
  every?: number
  pollMs?: number
}

/** Milliseconds after which a proof shows nothing any more: one round may be missed, and the next takes its time. */
export function staleAfter(seconds: number): number {
  return (2.5 * seconds + 60) * 1000
}

/** Namespaces at once: each is two small pods. */
const atOnce = 4
/** After a change, so that a rollout is one round and not ten. */
const settleMs = 10_000
/** After a round that proved nothing: a gap is to close soon after its cause is gone, of which nobody tells us. */
const againMs = 60_000

type Known = { due: number; digest: string; round?: Round }
export function networkCanaries(options: CanariesOptions): NetworkCanaries {
  const { world, client, image, ask, onChange, log, now = Date.now, every = 2_000, pollMs = 500 } = options
  const known = new Map<string, Known>()
  let running = false

  const intervalMs = (): number => ask.seconds * 1000 * (0.9 + Math.random() / 5)

  async function look(): Promise<void> {
    const wanted = new Set(world.servers.all().map(({ metadata }) => metadata.namespace ?? ''))
    for (const namespace of known.keys()) if (!wanted.has(namespace)) known.delete(namespace)
    const due = [...wanted].filter((namespace) => isEnrolled(world, namespace) && isDue(namespace))
    if (due.length === 0) return
    for (let at = 0; at < due.length; at += atOnce)
      await Promise.all(due.slice(at, at + atOnce).map(async (namespace) => await turn(namespace)))
  }

  /** At once when first seen, then by the clock, and soon after policies or pods changed. */
  function isDue(namespace: string): boolean {
    const digest = digestOf(world, namespace)
    const one = known.get(namespace)
    if (one === undefined) {
      known.set(namespace, { due: now(), digest })
      return true
    }
    if (one.digest !== digest) {
      one.digest = digest
      one.due = Math.min(one.due, now() + settleMs)
    }
    return one.due <= now()
  }

  async function turn(namespace: string): Promise<void> {
    const one = known.get(namespace)
    if (one === undefined) return
    const began = now()
    try {
      one.round = await roundIn(namespace)
    } catch (error) {
      log.warn('A canary could not be sent', { namespace: idOf(namespace), error: codeOf(error) })
      one.round = { at: now(), reached: false, outcomes: [], trouble: codeOf(error) }
    }
    one.due = began + (isShut(one.round) ? intervalMs() : Math.min(intervalMs(), againMs))
    onChange(namespace)
  }

  async function roundIn(namespace: string): Promise<Round> {
    const [webhook, ...others] = await webhookAddresses(client)
    const pods = podTargets(world, namespace)
    const beyond: Target[] = [
      { to: 'Webhook', address: webhook },
      { to: 'Metadata', address: metadataAddress },
      ...(ask.outside === undefined ? [] : [{ to: 'Outside' as const, address: ask.outside }]),
      ...others.map((address) => ({ to: 'Webhook' as const, address, second: true as const })),
      { to: 'Metadata', address: metadataAddress6, second: true },
    ]
    // Pods of before may still be without our labels: until they are replaced, no policy holds bystanders.
    const bystanders = world.networkPolicies.get(namespace, bystanderPolicyName) !== undefined
    const [stranger, bystander] = await Promise.all([
      send({ namespace: systemNamespace, source: 'Stranger', control: webhook, targets: pods }),
      bystanders ? send({ namespace, source: 'Bystander', targets: [...pods, ...beyond] }) : undefined,
    ])
    return {
      at: now(),
      reached: stranger.control,
      outcomes: [...stranger.outcomes, ...(bystander?.outcomes ?? [])],
    }
  }

  async function send(what: {
    namespace: string
    source: Canary['source']
    control?: string
    targets: readonly Target[]
  }): Promise<{ control: boolean; outcomes: Outcome[] }> {
    const { namespace, source, control, targets } = what
    const task: CanaryTask = {
      ...(control === undefined ? {} : { control }),
      forbidden: targets.map(({ address }) => address),
    }
    const name = canaryName(randomBytes(5).toString('hex'))
    const made = await client.create(kinds.pod, canaryPod({ name, namespace, source, image, task }))
    const { uid } = made.metadata
    try {
      const result = await resultOf(namespace, name, uid, targets.length)
      return {
        control: result.control,
        outcomes: targets.flatMap(({ to, pod, second = false }, place) => {
          const open = result.open.includes(place)
          return second && !open ? [] : [{ from: source, to, ...(pod === undefined ? {} : { pod }), open }]
        }),
      }
    } finally {
      await client.delete(kinds.pod, namespace, name, uid).catch((error: unknown) =>
        // It ends by itself, and the next leader sweeps.
        log.warn('A canary could not be deleted', { namespace: idOf(namespace), error: codeOf(error) }),
      )
    }
  }

  async function resultOf(
    namespace: string,
    name: string,
    uid: string | undefined,
    targets: number,
  ): Promise<CanaryResult> {
    const until = now() + canarySeconds * 1000
    while (now() < until) {
      const pod = await client.get<CanaryStatus>(kinds.pod, namespace, name)
      if (pod === undefined || pod.metadata.uid !== uid) throw new CanaryLost('CanaryDeleted')
      const ended = pod.status?.containerStatuses?.[0]?.state?.terminated
      if (ended !== undefined) {
        const result = ended.exitCode === 0 ? resultIn(ended.message, targets) : undefined
        if (result === undefined) throw new CanaryLost('CanaryFailed')
        return result
      }
      if (pod.status?.phase === 'Failed') throw new CanaryLost('CanaryFailed')
      await new Promise((resolve) => setTimeout(resolve, pollMs))
    }
    throw new CanaryLost('CanaryLate')
  }

  /** Of a leader that died while its canaries were out. */
  async function sweep(): Promise<void> {
    for (const { metadata } of world.pods.all())
      if (
        metadata.name.startsWith(canaryName('')) &&
        metadata.labels?.['app.kubernetes.io/name'] === 'hipaa-mcp-canary'
      )
        await client.delete(kinds.pod, metadata.namespace, metadata.name, metadata.uid).catch(() => undefined)
  }

  const looking = repeating(async () => {
    await look().catch((error: unknown) =>
      log.warn('The network was not looked at', { error: codeOf(error) }),
    )
  }, every)
  return {
    of: (namespace) => known.get(namespace)?.round,
    look,
    start: () => {
      if (running) return
      running = true
      known.clear()
      void sweep().then(() => {
        if (running) looking.start()
      })
    },
    stop: () => {
      running = false
      looking.stop()
      known.clear()
    },
  }
}

/** Whether everything was refused, and the refusals mean something. */
function isShut({ reached, outcomes, trouble }: Round): boolean {
  return trouble === undefined && reached && outcomes.every(({ open }) => !open)
}

class CanaryLost extends Error {
  readonly code: string
  constructor(code: 'CanaryDeleted' | 'CanaryFailed' | 'CanaryLate') {
    super('A canary pod brought no result')
    this.code = code
  }
}

type CanaryStatus = KubernetesObject & {
  status?: {
    phase?: string
    containerStatuses?: { state?: { terminated?: { exitCode: number; message?: string } } }[]
  }
}

function resultIn(message: string | undefined, targets: number): CanaryResult | undefined {
  try {
    const { control, open } = JSON.parse(message ?? '') as Partial<CanaryResult>
    const places = Array.isArray(open) && open.every((place) => Number.isInteger(place) && place < targets)
    return typeof control === 'boolean' && places ? { control, open } : undefined
  } catch {
    return undefined
  }
}

/** What a round depends on: policies, and which pods there are to reach. */
function digestOf(world: CanariesOptions['world'], namespace: string): string {
  const policies = world.networkPolicies.in(namespace).map(({ metadata, spec }) => [metadata.name, spec])
  const pods = podTargets(world, namespace).map(({ address, pod }) => [address, pod])
  const parts = [...policies, ...pods].map((part) => JSON.stringify(part))
  return hash('sha256', parts.toSorted().join('\n'))
}
