// One pass over one server: observe → judge → desire → apply → report. Everything is computed anew each time; nothing is
// inferred from a condition that we set earlier.

import { canonical } from '../core/canonical.ts'
import { apiVersion, serverAnnotation } from '../core/identifiers.ts'
import { announcements, withoutServer } from './announcements.ts'
import { type Applier, apply, NotLeading } from './apply.ts'
import { ApiError, type Client } from './cluster/client.ts'
import type { Events } from './cluster/events.ts'
import { kinds } from './cluster/kinds.ts'
import type { Finding } from './conditions/finding.ts'
import { fleetOf } from './conditions/fleet.ts'
import { desired } from './desired/all.ts'
import { workloadsOf } from './makers.ts'
import { observe, type Seen } from './observe.ts'
import { turnOf } from './orders-source.ts'
import { judge } from './readiness.ts'
import type { Evictor } from './rollout/evict.ts'
import { rolloutOf } from './rollout/plan.ts'
import { isUnderWay, lookAgain as lookAtRollout, remainders, step } from './rollout/step.ts'
import { type Report, type Status, statusOf } from './status.ts'
import type { Outside, World } from './world.ts'

export type Reconciler = {
  world: World
  outside: Outside
  client: Applier & Pick<Client, 'applyStatus' | 'get'>
  events: Events
  evictor: Evictor
  /** Asked before every write. */
  leading: () => boolean
  /** Newest etcd revision seen among what orders are made of. */
  generation: () => number
  now: () => number
}

/** How soon to look again for something that no watch brings, milliseconds. */
const lookAgain = 15_000

/** Resolves to the milliseconds after which to look again by itself, or undefined. Rejects when something failed. */
export async function reconcile(key: string, deps: Reconciler): Promise<number | undefined> {
  const { world, outside, client, events, leading, now } = deps
  const [namespace = '', name = ''] = key.split('/')
  const certificateIssuer = await issuerOf(deps, namespace, name)
  const seen = observe(world, outside, namespace, name, certificateIssuer)
  if (seen === undefined) {
    const naming = workloadsOf(world, namespace).filter(
      ({ metadata }) => metadata.annotations?.[serverAnnotation] === name,
    )
    for (const say of withoutServer(naming)) events.say(say)
    return undefined
  }
  // Everything in it goes with it, and nothing can be made there any more.
  if (world.namespaces.get(undefined, namespace)?.metadata.deletionTimestamp !== undefined) return undefined
  const violations = judge(seen)
  let failed: Finding | undefined
  try {
    await apply(client, desired(seen, violations, now()), leading)
  } catch (error) {
    failed = failureOf(error)
    throw error
  } finally {
    // Whatever happened: what status says must not be older than what is.
    if (leading()) {
      const status = await report(client, {
        seen,
        violations,
        ...(failed === undefined ? {} : { failed }),
        generation: deps.generation(),
        now: now(),
      })
      for (const say of announcements(seen, status)) events.say(say)
    }
  }
  const rollout = rolloutOf(seen, fleetOf(seen), now())
  if (leading()) {
    const says = [...remainders(rollout), ...(await step(seen, rollout, deps.evictor))]
    for (const say of says) events.say(say)
  }
  const soon = [
    turnOf(seen, now()),
    certificateIssuer === 'missing' ? lookAgain : undefined,
    isUnderWay(rollout) ? lookAtRollout : undefined,
  ].filter((milliseconds) => milliseconds !== undefined)
  return soon.length === 0 ? undefined : Math.min(...soon)
}

/** cert-manager may not be installed at all, so its issuers are asked for, not watched. */
async function issuerOf(
  { world, client }: Reconciler,
  namespace: string,
  name: string,
): Promise<Seen['certificateIssuer']> {
  const reference = world.servers.get(namespace, name)?.spec.tls?.issuerRef
  if (reference === undefined) return 'own'
  // Only cert-manager's own kinds are known here; whether another one exists shows when it is asked to sign.
  if ((reference.group ?? 'cert-manager.io') !== 'cert-manager.io') return 'unknown'
  const kind = reference.kind === 'Issuer' ? kinds.issuer : kinds.clusterIssuer
  try {
    const found = await client.get(kind, kind.namespaced ? namespace : undefined, reference.name)
    return found === undefined ? 'missing' : 'found'
  } catch {
    // Not known is no reason to say that it is missing; signing will say what is wrong.
    return 'unknown'
  }
}

async function report(client: Pick<Client, 'applyStatus'>, what: Report): Promise<Status> {
  const { server } = what.seen
  const status = statusOf(what)
  if (server.status !== undefined && canonical(status) === canonical(server.status)) return status
  const { name, namespace = '' } = server.metadata
  try {
    await client.applyStatus(kinds.server, {
      apiVersion,
      kind: 'HipaaMcpServer',
      metadata: { name, namespace },
      status,
    })
  } catch (error) {
    // Deleted meanwhile: there is nobody left to tell.
    if (!(error instanceof ApiError) || error.status !== 404) throw error
  }
  return status
}

function failureOf(error: unknown): Finding | undefined {
  if (error instanceof NotLeading) return undefined
  return {
    status: 'False',
    reason: 'ApplyFailed',
    message:
      'An object of this server could not be written; it is tried again. The operator’s log says which and why.',
  }
}
