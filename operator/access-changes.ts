// What becomes of emergency access and of access that was ended, told to the trail: the objects go with their namespace, the records
// stay. Of a grant by whoever reconciles it, since it opens no call before; that something is gone, and revocations, which wait for
// nothing, by a look every few seconds. The leader alone.

import { createSecretKey } from 'node:crypto'
import { grantStanding, lapsesAt } from '../core/grant.ts'
import type { KubernetesObject, ObjectMeta } from '../core/kubernetes.ts'
import { type PatientKeys, patientToken } from '../core/patient-seal.ts'
import {
  type AccessOnRecord,
  type AccessRequest,
  type GrantChange,
  mostAccessChanges,
  type Orders,
  type RevocationChange,
} from '../core/wire.ts'
import type { AccessRevocation } from '../crds/accessrevocation.generated.ts'
import type { BreakGlassGrant } from '../crds/breakglassgrant.generated.ts'
import { onRecordOf, onRecordReason, timeOf, whatOf } from './access-orders.ts'
import type { Client } from './cluster/client.ts'
import { type Kind, kinds } from './cluster/kinds.ts'
import { type CollectorClient, statusOf } from './collector-client.ts'
import { type Finding, no, yes } from './conditions/finding.ts'
import { codeOf, idOf, type Log } from './log.ts'
import { type Repeating, repeating } from './repeating.ts'
import type { World } from './world.ts'

type Step = Pick<GrantChange, 'change' | 'happened' | 'by' | 'finding'>

/**
 * What became of a grant until `now`, in its order. `keys` are those of its server; where it has none, nobody can seal its patients,
 * and they are left out. Pure.
 */
export function changesOf(
  grant: BreakGlassGrant,
  keys: Orders['keys'] | undefined,
  now: number,
): GrantChange[] {
  const { metadata, spec } = grant
  const { namespace = '', name, uid = '' } = metadata
  const of = { namespace, server: spec.server, grant: { name, uid } }
  const opens = opensOf(grant, keys)
  return stepsOf(grant, now).map((step) => ({
    ...of,
    ...step,
    ...(step.change === 'requested' || step.change === 'approved' ? opens : {}),
  }))
}

function stepsOf(grant: BreakGlassGrant, now: number): Step[] {
  const { approval, end, review, requestedBy } = grant.spec
  const { state, until } = grantStanding(grant, now)
  const steps: Step[] = [
    { change: 'requested', happened: timeIn(grant.metadata.creationTimestamp), ...byOf(requestedBy) },
  ]
  const did = (change: Step['change'], one: { by: string; at: string }, more: Partial<Step> = {}): void =>
    void steps.push({ change, happened: timeIn(one.at), ...byOf(one.by), ...more })
  if (until === undefined) {
    // Nobody approved it: who ends it takes it back.
    if (end !== undefined) did('ended', end)
    else if (state === 'Lapsed') steps.push({ change: 'lapsed', happened: timeOf(lapsesAt(grant)) })
    return steps
  }
  if (approval !== undefined) did('approved', approval)
  if (state === 'Active') return steps
  // Who ends one that is over by the clock ends nothing.
  const early = end !== undefined && !(Date.parse(end.at) > until)
  if (early) did('ended', end, { happened: timeOf(until) })
  else steps.push({ change: 'expired', happened: timeOf(until) })
  if (review !== undefined) did('reviewed', review, { finding: review.finding })
  return steps
}

function opensOf(
  { metadata, spec }: BreakGlassGrant,
  keys: Orders['keys'] | undefined,
): Pick<GrantChange, 'minutes' | 'subject' | 'patients' | 'pods'> {
  const { minutes, subject, patients, pods } = spec
  const made = keys === undefined ? undefined : keysFrom(keys)
  return {
    minutes,
    ...(subject === undefined ? {} : { subject: { iss: subject.issuer, sub: subject.sub } }),
    ...(patients === undefined || made === undefined
      ? {}
      : {
          patients: patients.map((patient) =>
            patientToken(patient, made, `${metadata.namespace}/${spec.server}`),
          ),
        }),
    ...(pods === undefined
      ? {}
      : {
          pods: {
            user: pods.user,
            names: pods.names,
            ways: pods.ways,
            ...(pods.afterwards === 'KeepPod' ? { afterwards: 'KeepPod' } : {}),
          },
        }),
  }
}

function keysFrom({ patients, seal }: Orders['keys']): PatientKeys {
  const [key, sealing] = [patients, seal].map((text) => createSecretKey(Buffer.from(text, 'base64')))
  return { patients: key, seal: sealing } as PatientKeys
}

const timeIn = (time: string | undefined): string => timeOf(Date.parse(time ?? ''))
const byOf = (by: string | undefined): { by?: string } => (by === undefined ? {} : { by })

export type RecordsGrants = { collector: Pick<CollectorClient, 'tellAccess'>; log: Log }

/** Milliseconds for which a collector that did not take what it was told is left alone. */
const rest = 5_000

class LeftAlone extends Error {}

/**
 * The collector, asked once for many grants while it does not answer: behind each of them wait approvals, and sessions that are to end.
 * `now`: milliseconds of a clock that nobody sets.
 */
export function leftAloneAfterFault(
  collector: RecordsGrants['collector'],
  now = () => performance.now(),
): RecordsGrants['collector'] {
  let until = 0
  return {
    tellAccess: async (told) => {
      if (now() < until) throw new LeftAlone('The collector did not answer a moment ago')
      try {
        await collector.tellAccess(told)
      } catch (error) {
        // What it cannot take of one grant says nothing of the others.
        if (statusOf(error) !== 400) until = now() + rest
        throw error
      }
    },
  }
}

/**
 * Puts on record what became of a grant until `now`, where it is not yet. `keys` as of `changesOf`. Resolves to what its condition says
 * then.
 */
export async function putOnRecord(
  grant: BreakGlassGrant,
  keys: Orders['keys'] | undefined,
  now: number,
  { collector, log }: RecordsGrants,
): Promise<Finding> {
  const newest = stepsOf(grant, now).at(-1)?.change ?? 'requested'
  const reason = onRecordReason(newest)
  const all = yes(reason, 'What became of it is on record, up to what is named here: hipaa-mcp activity.')
  if (onRecordOf(grant) === reason) return all
  // A server that came within the grant's time would open it, and no record would say to whom.
  if (newest === 'approved' && grant.spec.patients !== undefined && keys === undefined)
    return no(
      'NotRecorded',
      'Its server is not there, or has no keys yet, so nobody can seal the patients: it is recorded when the server is there or the grant is over.',
    )
  try {
    await collector.tellAccess({ grants: changesOf(grant, keys, now), revocations: [] })
    return all
  } catch (error) {
    const { namespace = '', name } = grant.metadata
    const what = { namespace: idOf(namespace), name: idOf(name), error: codeOf(error) }
    if (!(error instanceof LeftAlone)) log.warn('What became of a grant is not on record yet', what)
    return no(
      'NotRecorded',
      'The collector does not say that it is on record: look at its pod. A grant for patients opens nothing before its approval is.',
    )
  }
}

export type KeepAccessOptions = {
  world: Pick<World, 'grants' | 'revocations'>
  client: Pick<Client, 'get'>
  collector: Pick<CollectorClient, 'access' | 'tellAccess'>
  log: Log
  now?: () => number
  /** Milliseconds. */
  every?: number
}

/** Tells that grants are deleted, and that revocations were made and lifted: what the log says is compared with what is there. */
export function keepAccessOnRecord(options: KeepAccessOptions): Repeating {
  const { world, client, collector, log, now = Date.now, every = 5_000 } = options
  let away = false

  async function look(): Promise<void> {
    const { grants, revocations } = await goneOrNew(await collector.access())
    for (let from = 0; from < Math.max(grants.length, revocations.length); from += mostAccessChanges)
      await collector.tellAccess({
        grants: grants.slice(from, from + mostAccessChanges),
        revocations: revocations.slice(from, from + mostAccessChanges),
      })
  }

  async function goneOrNew(known: AccessOnRecord): Promise<AccessRequest> {
    const happened = new Date(now()).toISOString()
    const grants: GrantChange[] = []
    const revocations: RevocationChange[] = []
    for (const one of known.grants) {
      const { namespace, grant } = one
      if (await isGone(kinds.grant, grant, world.grants.get(namespace, grant.name), namespace))
        grants.push({ ...one, change: 'deleted', happened })
    }
    for (const revocation of known.revocations)
      if (
        await isGone(
          kinds.revocation,
          revocation,
          world.revocations.get(undefined, revocation.name),
          undefined,
        )
      )
        revocations.push({ change: 'lifted', happened, revocation })
    const there = new Set(known.revocations.map(({ uid }) => uid))
    for (const one of world.revocations.all())
      if (!there.has(one.metadata.uid ?? '')) revocations.push(madeOf(one))
    return { grants, revocations }
  }

  /** Asked live where the watch has it no more: what it has not brought yet is not gone. */
  async function isGone(
    kind: Kind,
    { name, uid }: { name: string; uid: string },
    seen: { metadata: ObjectMeta } | undefined,
    namespace: string | undefined,
  ): Promise<boolean> {
    if (seen?.metadata.uid === uid) return false
    const there = await client.get<KubernetesObject>(kind, namespace, name)
    return there?.metadata.uid !== uid
  }

  return repeating(async () => {
    try {
      await look()
      if (away) log.info('What became of grants and revocations is on record again')
      away = false
    } catch (error) {
      if (!away)
        log.warn('What became of grants and revocations is not on record yet', { error: codeOf(error) })
      away = true
    }
  }, every)
}

function madeOf({ metadata, spec }: AccessRevocation): RevocationChange {
  const revoked = whatOf(spec)
  // The API server takes digits and words without end behind a date: what stands here is a time, or nothing.
  const until = Date.parse(spec.expires ?? '')
  return {
    change: 'made',
    happened: timeIn(metadata.creationTimestamp),
    revocation: { name: metadata.name, uid: metadata.uid ?? '' },
    ...(revoked === undefined ? {} : { revoked }),
    cause: spec.cause,
    ...(Number.isNaN(until) ? {} : { until: timeOf(until) }),
    ...byOf(spec.revokedBy),
  }
}
