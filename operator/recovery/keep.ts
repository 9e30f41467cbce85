// Keeps the trail volumes of `Local` and `Both`: retained while their pod runs, recovered when it is gone and left records
// that the collector has not got, and let go only then. Each look takes at most one step with each volume.

import { systemNamespace } from '../../core/identifiers.ts'
import type { Surroundings } from '../admission/surroundings.ts'
import { ApiError, type Client } from '../cluster/client.ts'
import type { Events, Say } from '../cluster/events.ts'
import { fieldManager, kinds } from '../cluster/kinds.ts'
import type { Job, PersistentVolume } from '../objects.ts'
import {
  isKept,
  keptAnnotation,
  recoveryAnnotation,
  trailAnnotation,
  type VolumeChange,
  volumeChanges,
} from '../trail-volumes.ts'
import type { Outside, World } from '../world.ts'
import { type Left, leftVolumes, type Recovery, recoveryOf, stepOf, wantsJob } from './judge.ts'
import { recoveredAnnotation, recoveryClaim, recoveryJob, recoveryName } from './objects.ts'

export type VolumeKeeper = {
  world: World
  outside: Pick<Outside, 'trail'>
  client: Pick<Client, 'get' | 'create' | 'patch' | 'delete'>
  events: Events
  leading: () => boolean
  now: () => number
  recovery: RecoverySettings
}

export type RecoverySettings = Pick<Surroundings, 'image' | 'channel' | 'collector' | 'ca'> & {
  /** What becomes of a volume when everything on it is with the collector. */
  recovered: 'Delete' | 'Retain'
}

/** How soon to look again while a recovery runs, milliseconds: no watch brings the end of a Job. */
const lookAgain = 5_000

/** Resolves to the milliseconds after which to look again. Rejects with the first failure, after all volumes were tried. */
export async function keepTrailVolumes(keeper: VolumeKeeper): Promise<number | undefined> {
  const { world, outside, leading } = keeper
  const chains = outside.trail()?.chains
  const failures: unknown[] = []
  for (const change of volumeChanges(world, chains)) {
    if (!leading()) return undefined
    await setPolicy(keeper, change).catch((error: unknown) => failures.push(error))
  }
  const left = leftVolumes(world, chains)
  for (const one of left) {
    if (!leading()) return undefined
    await advance(keeper, one).catch((error: unknown) => failures.push(error))
  }
  if (failures.length > 0) throw failures[0]
  return left.some(({ volume, claim }) => recoveryOf(volume) === 'Running' || claim !== undefined)
    ? lookAgain
    : undefined
}

/** Policy and annotation in one write: a retained volume always says whose records are on it. */
async function setPolicy(
  { client, world, events }: VolumeKeeper,
  { name, policy, trail, kept, recovered }: VolumeChange,
): Promise<void> {
  const annotations = {
    [trailAnnotation]: trail,
    [`${trailAnnotation}-by`]: fieldManager,
    ...(kept === true ? { [keptAnnotation]: 'true' } : {}),
    ...(recovered === true ? { [recoveryAnnotation]: 'Recovered' satisfies Recovery } : {}),
  }
  const metadata = { annotations }
  const body = { metadata, spec: { persistentVolumeReclaimPolicy: policy } }
  try {
    await client.patch(kinds.volume, undefined, name, body, 'merge')
  } catch (error) {
    const volume = world.volumes.get(undefined, name)
    if (policy === 'Retain' && volume !== undefined && error instanceof ApiError)
      events.say(said(volume, 'NotRetained'))
    throw error
  }
}

async function advance(keeper: VolumeKeeper, left: Left): Promise<void> {
  const { client, events, now, recovery } = keeper
  const { volume, podUid, claim } = left
  const { name } = volume.metadata
  const own = recoveryName(podUid)
  const job = wantsJob(left) ? await client.get<Job>(kinds.job, systemNamespace, own) : undefined
  const mark = async (state: Recovery, more: { [name: string]: string } = {}): Promise<void> => {
    const annotations = { [recoveryAnnotation]: state, ...more }
    await client.patch(kinds.volume, undefined, name, { metadata: { annotations } }, 'merge')
  }
  switch (stepOf(left, job)) {
    case 'wait':
      return
    case 'claim':
      await made(async () => await client.create(kinds.claim, recoveryClaim(podUid, volume)))
      return
    case 'bind':
      // Only if it still names the claim that we saw: whoever bound it meanwhile has it.
      await client.patch(kinds.volume, undefined, name, bound(volume, own), 'json')
      return
    case 'start':
      await made(async () => await client.create(kinds.job, recoveryJob(podUid, recovery)))
      await mark('Running')
      events.say(said(volume, 'Running'))
      return
    case 'fail':
      await mark('Failed')
      events.say(said(volume, 'Failed'))
      return
    case 'mark':
      // If we die before it, the Job's end is seen again; nothing was taken away yet.
      await mark('Recovered', { [recoveredAnnotation]: new Date(now()).toISOString() })
      events.say(said(volume, 'Recovered'))
      return
    case 'let-go': {
      await client.delete(kinds.job, systemNamespace, own, job?.metadata.uid, {
        propagationPolicy: 'Background',
      })
      const spec = { persistentVolumeReclaimPolicy: isKept(volume) ? 'Retain' : recovery.recovered }
      await client.patch(kinds.volume, undefined, name, { spec }, 'merge')
      await client.delete(kinds.claim, systemNamespace, own, claim?.metadata.uid)
    }
  }
}

/** JSON Patch: the volume is for our claim now. */
function bound({ metadata, spec }: PersistentVolume, claim: string): object[] {
  const claimRef = {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    namespace: systemNamespace,
    name: claim,
  }
  return [
    { op: 'test', path: '/metadata/uid', value: metadata.uid },
    { op: 'test', path: '/spec/claimRef/uid', value: spec.claimRef?.uid },
    { op: 'replace', path: '/spec/claimRef', value: claimRef },
  ]
}

/** What is there already was made by a look that we forgot. */
async function made(create: () => Promise<unknown>): Promise<void> {
  try {
    await create()
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 409) throw error
  }
}

const notes = {
  NotRetained: {
    type: 'Warning',
    reason: 'TrailVolumeNotRetained',
    action: 'Retaining',
    note: 'The reclaim policy of a pod’s trail volume could not be set to Retain, and its sidecar takes no call before that: may the operator patch PersistentVolumes, and does no other policy forbid it?',
  },
  Running: {
    type: 'Normal',
    reason: 'TrailVolumeRecovering',
    action: 'Recovering',
    note: 'A pod is gone and left records that the collector may not have: a Job in hipaa-mcp-system reads the volume and ships them.',
  },
  Failed: {
    type: 'Warning',
    reason: 'TrailVolumeNotRecovered',
    action: 'Recovering',
    note: 'The recovery Job gave up: its log says why, and docs/stores.md what to do. The volume is kept. Delete the Job to have another try.',
  },
  Recovered: {
    type: 'Normal',
    reason: 'TrailVolumeRecovered',
    action: 'Recovering',
    note: 'All that a pod left on its trail volume is with the collector, and its calls without a result are on record as unknown.',
  },
} as const satisfies { [what: string]: Omit<Say, 'about'> }

function said(about: PersistentVolume, what: keyof typeof notes): Say {
  return { about, ...notes[what] }
}
