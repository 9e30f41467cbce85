// One pass over one business associate agreement (45 CFR 164.504(e)): who relies on it, and until when.

import { agreementsNamed, standing } from '../core/agreement.ts'
import { canonical } from '../core/canonical.ts'
import { apiVersion } from '../core/identifiers.ts'
import type { BusinessAssociateAgreement } from '../crds/businessassociateagreement.generated.ts'
import { ApiError, type Client } from './cluster/client.ts'
import type { Events } from './cluster/events.ts'
import { kinds } from './cluster/kinds.ts'
import { coverageOf } from './coverage.ts'
import { keyOf } from './observe.ts'
import { nextTurn } from './orders-source.ts'
import { conditionOf } from './status.ts'
import type { World } from './world.ts'

type AgreementStatus = NonNullable<BusinessAssociateAgreement['status']>

export type AgreementReconciler = {
  world: Pick<World, 'agreements' | 'servers'>
  client: Pick<Client, 'applyStatus'>
  events: Events
  leading: () => boolean
  now: () => number
}

const says = {
  Active: 'The agreement is in force: servers that name it may reach its hosts.',
  NotYetEffective: 'The agreement is not in force yet: its hosts are closed until then.',
  Expired: 'The agreement is over: its hosts are closed. Sign a new one and set effective and expires.',
  NotAttested:
    'Nobody attested the account at the model’s vendor: its hosts are closed. Look at the account (docs/agreements.md) and set model.attested.',
  AttestationStale:
    'What was attested of the account at the model’s vendor is too old: its hosts are closed. Look again and set model.attested.at.',
} as const

const attestations = { NotAttested: 'Unproven', AttestationStale: 'Stale' } as const

/** Pure. At most 256 servers are listed, in order of their names. */
function agreementStatus(
  agreement: BusinessAssociateAgreement,
  servers: World['servers'],
  now: number,
): AgreementStatus {
  const { active, reason, daysLeft } = standing(agreement, now)
  const { metadata, spec, status } = agreement
  const finding = { status: active ? 'True' : 'False', reason, message: says[reason] } as const
  return {
    ...(metadata.generation === undefined ? {} : { observedGeneration: metadata.generation }),
    daysLeft,
    ...(spec.model === undefined
      ? {}
      : {
          attestation:
            reason in attestations ? attestations[reason as keyof typeof attestations] : 'Attested',
        }),
    hosts: coverageOf(agreement, servers.all()),
    servers: servers
      .all()
      .filter(({ spec }) => agreementsNamed(spec).has(metadata.name))
      .map(keyOf)
      .toSorted()
      .slice(0, 256),
    conditions: [conditionOf('Active', finding, metadata.generation, status?.conditions, now)],
  }
}

/** Resolves to the milliseconds until its status changes by the clock alone. */
export async function reconcileAgreement(
  name: string,
  deps: AgreementReconciler,
): Promise<number | undefined> {
  const { world, client, events, leading, now } = deps
  const agreement = world.agreements.get(undefined, name)
  if (agreement === undefined) return undefined
  const at = now()
  const status = agreementStatus(agreement, world.servers, at)
  const before = agreement.status?.conditions?.find(({ type }) => type === 'Active')
  const [after] = status.conditions ?? []
  if (agreement.status === undefined || canonical(status) !== canonical(agreement.status)) {
    if (!leading()) return undefined
    try {
      await client.applyStatus(kinds.agreement, {
        apiVersion,
        kind: 'BusinessAssociateAgreement',
        metadata: { name },
        status,
      })
    } catch (error) {
      // Deleted meanwhile: there is nobody left to tell.
      if (!(error instanceof ApiError) || error.status !== 404) throw error
    }
    if (after !== undefined && after.reason !== before?.reason)
      events.say({
        about: agreement,
        type: after.status === 'True' ? 'Normal' : 'Warning',
        reason: after.reason,
        action: 'WatchingAgreements',
        note: after.message,
      })
  }
  const turn = nextTurn([agreement], at)
  if (turn === undefined) return undefined
  // daysLeft goes down once a day, counted from the end.
  const untilNextDay = (Date.parse(agreement.spec.expires) - at) % 86_400_000
  return Math.min(turn, untilNextDay + 1)
}
