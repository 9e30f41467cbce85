// Acknowledgement on the pod's own encrypted volume: the sidecar is killed, the pod goes, and nothing is lost.

import { expect } from 'vitest'
import { until } from '../../demo/kubectl.ts'
import { ready } from '../../demo/scene.ts'
import { verifies } from '../../verifies.ts'
import { answeredAgain, underLoad } from './load.ts'
import { diagnosesSince, killInPod, ofKind, podsOf, programs, type Stage, verifiedTrail } from './stage.ts'

type Volume = {
  spec: { persistentVolumeReclaimPolicy: string; claimRef?: { namespace: string; name: string } }
}

/** The trail mode of the server is changed, and its pods are made anew: a running pod never changes it. */
export async function acknowledge(stage: Stage, trail: object | null): Promise<void> {
  const { kubectl } = stage()
  await kubectl.run([
    'patch',
    'hipaamcpserver',
    'ehr',
    '-n',
    'clinic',
    '--type=merge',
    '-p',
    JSON.stringify({ spec: { trail } }),
  ])
  await kubectl.run(['rollout', 'restart', 'deployment/ehr-mcp', '-n', 'clinic'])
  await kubectl.run(['rollout', 'status', 'deployment/ehr-mcp', '-n', 'clinic', '--timeout=180s'])
  await ready(stage())
  await answeredAgain(stage)
}

export function local(stage: Stage): void {
  verifies(
    'audit:acknowledged-is-kept',
    'with Local, the sidecar is killed under load and its volume is recovered',
    async () => {
      await acknowledge(stage, {
        acknowledge: 'Local',
        volume: { storageClassName: 'encrypted', size: '256Mi' },
      })
      const [pod] = await podsOf(stage(), 'clinic', 'app=ehr-mcp')
      const since = Date.now()

      const { answered } = await underLoad(
        stage,
        300,
        async () => await killInPod(programs.sidecar, pod?.uid ?? ''),
      )
      await answeredAgain(stage)

      // The new process ships what the killed one left on the volume before it serves.
      const { records } = await verifiedTrail(stage(), 'local-killed')
      const kept = diagnosesSince(records, since).answered
      console.log(`    ${answered} answered, ${kept.length} in the trail`)
      expect(ofKind(records, 'chain-started').some(({ acknowledge }) => acknowledge === 'Local')).toBe(true)
      expect(kept.length).toBeGreaterThanOrEqual(answered)
    },
    300_000,
  )

  verifies(
    'audit:acknowledged-is-kept',
    'a Local volume stays when its pod is told to go',
    async () => {
      const during = await trails(stage)

      await acknowledge(stage, null)

      expect(during.some(({ spec }) => spec.persistentVolumeReclaimPolicy === 'Retain')).toBe(true)
    },
    300_000,
  )
}

const trails = async (stage: Stage): Promise<Volume[]> =>
  ((await stage().kubectl.get<{ items: Volume[] }>('persistentvolumes'))?.items ?? []).filter(
    ({ spec }) => spec.claimRef?.namespace === 'clinic' && spec.claimRef.name.endsWith('-hipaa-mcp-trail'),
  )

/** The volume, once the pod has ended: half a minute later, in which other parts are tried. */
export function afterLocal(stage: Stage): void {
  verifies(
    'audit:acknowledged-is-kept',
    'the volume of a pod that is gone is given back when its chain was collected',
    async () => {
      await until('the volume is given back', 180, async () =>
        (await trails(stage)).length === 0 ? true : undefined,
      )
    },
    300_000,
  )
}
