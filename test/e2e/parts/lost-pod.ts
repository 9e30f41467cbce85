// A pod with Local acknowledgement is lost with its processes while nobody takes its records: they come from its volume.

import { expect } from 'vitest'
import { sweep } from '../../demo/calls.ts'
import { until } from '../../demo/kubectl.ts'
import { verifies } from '../../verifies.ts'
import { answeredAgain } from './load.ts'
import {
  diagnosesSince,
  killInPod,
  ofKind,
  openIntents,
  podsOf,
  programs,
  type Stage,
  verifiedTrail,
} from './stage.ts'

type Volume = {
  metadata: { name: string; annotations?: { [name: string]: string } }
  spec: { persistentVolumeReclaimPolicy: string }
}

const system = 'hipaa-mcp-system'
const recovery = 'app.kubernetes.io/name=hipaa-mcp-recovery'

async function trailVolumeOf(stage: Stage, podUid: string): Promise<Volume | undefined> {
  const { kubectl } = stage()
  const { items = [] } = (await kubectl.get<{ items: Volume[] }>('persistentvolumes')) ?? {}
  return items.find(({ metadata }) => metadata.annotations?.['hipaa-mcp.dev/trail']?.endsWith(`/${podUid}`))
}

/** The collector is not there at all, or is again. `silent`: seconds after which it takes a chain for ended. */
async function collectors(stage: Stage, replicas: 0 | 1, silent: string): Promise<void> {
  const { kubectl } = stage()
  const set = 'statefulset/hipaa-mcp-collector'
  const seconds = silent === '' ? 'HIPAA_MCP_SILENT_SECONDS-' : `HIPAA_MCP_SILENT_SECONDS=${silent}`
  await kubectl.run(['set', 'env', set, '-n', system, seconds])
  await kubectl.run(['scale', set, '-n', system, `--replicas=${replicas}`])
  if (replicas === 1) await kubectl.run(['rollout', 'status', set, '-n', system, '--timeout=120s'])
  else await kubectl.run(['wait', '--for=delete', 'pod/hipaa-mcp-collector-0', '-n', system, '--timeout=60s'])
}

/** The server's pods acknowledge on their own volumes when it begins. */
export function lostPod(stage: Stage): void {
  verifies(
    'audit:local-recovered',
    'a pod and its processes are lost while the collector is away: a Job ships what it left, and only then the volume goes',
    async () => {
      const { kubectl } = stage()
      const [pod] = await podsOf(stage(), 'clinic', 'app=ehr-mcp')
      const uid = pod?.uid ?? ''
      const since = Date.now()
      await collectors(stage, 0, '10')
      let answered = 0
      try {
        const ids = Array.from({ length: 60 }, (_, i) => stage().records[i % 20]?.patient.id ?? '')
        const load = await sweep(stage(), 'get_diagnosis', ids)
        answered = load.answered
        await killInPod(programs.sidecar, uid)
        // As Kubernetes does it for a node that is lost: people may not.
        const force = [
          '--as=system:serviceaccount:kube-system:pod-garbage-collector',
          '--force',
          '--grace-period=0',
          '--wait=false',
        ]
        await kubectl.run(['delete', 'pod', pod?.name ?? '', '-n', 'clinic', ...force])
        expect((await trailVolumeOf(stage, uid))?.spec.persistentVolumeReclaimPolicy).toBe('Retain')
      } finally {
        await collectors(stage, 1, '10')
      }
      const began = Date.now()
      await until('the volume was recovered and is gone', 120, async () =>
        (await trailVolumeOf(stage, uid)) === undefined ? true : undefined,
      )
      const took = Math.round((Date.now() - began) / 1000)

      const { records, says } = await verifiedTrail(stage(), 'local-recovered')
      const kept = diagnosesSince(records, since).answered
      const ended = ofKind(records, 'ended').filter(
        ({ how, origin }) => how === 'recovered' && origin.includes(uid),
      )
      console.log(`    ${answered} answered, ${kept.length} in the trail, recovered in ${took} s`)
      expect(says).toContain('VERIFIED')
      expect(answered).toBe(60)
      expect(kept).toHaveLength(answered)
      // What it says of the chain's end is the last that stands in it: nothing was left out behind.
      expect(ended).toHaveLength(1)
      expect(ended[0]?.size).toBeGreaterThan(2 * answered)
      expect(openIntents(records)).toEqual([])
      expect(await kubectl.get('jobs,pvc', '-n', system, '-l', recovery)).toBeUndefined()
      const events = await kubectl.run([
        'get',
        'events',
        '-n',
        'default',
        '-o',
        'jsonpath={.items[*].reason}',
      ])
      expect(events).toContain('TrailVolumeRecovered')
      await answeredAgain(stage)
      await collectors(stage, 1, '')
    },
    400_000,
  )
}
