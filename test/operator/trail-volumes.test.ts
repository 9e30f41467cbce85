import { expect, test } from 'vitest'
import type { ChainSummary } from '../../core/wire.ts'
import type { PersistentVolume } from '../../operator/objects.ts'
import { trailAnnotation, volumeChanges } from '../../operator/trail-volumes.ts'
import { aChain, aGuardedPod, aPod, aTrailClaim, aWorld, trailSpec } from './world.ts'

const claim = aTrailClaim()
const volume = (policy: string, trail?: string): PersistentVolume => ({
  apiVersion: 'v1',
  kind: 'PersistentVolume',
  metadata: { name: 'pv-1', annotations: trail === undefined ? {} : { [trailAnnotation]: trail } },
  spec: { persistentVolumeReclaimPolicy: policy, claimRef: { uid: 'uid-claim' } },
})

const changes = (pod: ReturnType<typeof aPod>, claims = [claim]) =>
  volumeChanges(aWorld({ pods: [pod], claims, volumes: [volume('Delete')] }).world, [])

test('the bound volume of a guarded pod’s trail is retained, and only that', () => {
  expect(changes(aGuardedPod('ehr-1', trailSpec))).toEqual([
    { name: 'pv-1', policy: 'Retain', trail: 'clinic/ehr/uid-ehr-1' },
  ])
  expect(changes(aPod('ehr-1', {}, trailSpec))).toEqual([])
  expect(changes(aGuardedPod('ehr-1'))).toEqual([])
  expect(changes(aGuardedPod('ehr-1', trailSpec), [])).toEqual([])
})

const closed = aChain('uid-ehr-1', { state: 'closed', size: 10, witnessed: 10 })
const cases: { when: string; chains: ChainSummary[] | undefined; living?: boolean; lets: boolean }[] = [
  { when: 'closed and witnessed to its end', chains: [closed], lets: true },
  { when: 'the pod still runs', chains: [closed], living: true, lets: false },
  { when: 'not witnessed to its end', chains: [{ ...closed, witnessed: 9 }], lets: false },
  { when: 'silent', chains: [{ ...closed, state: 'silent' }], lets: false },
  { when: 'live', chains: [{ ...closed, state: 'live' }], lets: false },
  { when: 'corrupt', chains: [{ ...closed, state: 'corrupt' }], lets: false },
  { when: 'no chain is known', chains: [], lets: false },
  { when: 'the collector does not answer', chains: undefined, lets: false },
  {
    when: 'an earlier process was succeeded',
    chains: [
      { ...closed, state: 'succeeded' },
      { ...closed, restart: 2 },
    ],
    lets: true,
  },
  {
    when: 'an earlier process was killed before it signed its last records, and succeeded',
    chains: [
      { ...closed, state: 'succeeded', witnessed: 7 },
      { ...closed, restart: 2 },
    ],
    lets: true,
  },
  {
    when: 'only an earlier process closed',
    chains: [closed, { ...closed, restart: 2, state: 'silent' }],
    lets: false,
  },
  { when: 'the chain of another pod is closed', chains: [{ ...closed, podUid: 'uid-other' }], lets: false },
]
for (const { when, chains, living = false, lets } of cases)
  test(`a retained volume is let go only when all of its records are collected: ${when}`, () => {
    const { world } = aWorld({
      pods: living ? [aGuardedPod('ehr-1', trailSpec)] : [],
      claims: living ? [claim] : [],
      volumes: [volume('Retain', 'clinic/ehr/uid-ehr-1')],
    })

    expect(volumeChanges(world, chains).map(({ policy }) => policy)).toEqual(lets ? ['Delete'] : [])
  })

test('a volume that somebody else retains is left alone', () => {
  expect(volumeChanges(aWorld({ volumes: [volume('Retain')] }).world, [closed])).toEqual([])
})
