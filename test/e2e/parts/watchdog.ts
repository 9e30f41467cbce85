// Pods that came in while admission was taken away, on a real node: they are named, and evicted one at a time within budgets
// for disruptions.

import { join } from 'node:path'
import { expect } from 'vitest'
import { until } from '../../demo/kubectl.ts'
import { out } from '../../demo/scene.ts'
import { verifies } from '../../verifies.ts'
import type { Stage } from './stage.ts'
import { everyPod, ofApp, type Sample, told, wards, watchPods, workloads } from './wards.ts'

type Deployment = {
  kind: string
  metadata: { name: string; annotations?: Record<string, string> }
  spec: { template: { metadata: { labels?: object; annotations?: Record<string, string> } } }
}

/** What stands before a pod at the API server. Its budgets and the operator's own bounds stay. */
const admission = [
  'mutatingwebhookconfiguration/hipaa-mcp',
  'validatingwebhookconfiguration/hipaa-mcp',
  'validatingadmissionpolicybinding/hipaa-mcp-pods',
  'validatingadmissionpolicybinding/hipaa-mcp-labels',
]

export function watchdog(stage: Stage): void {
  verifies(
    'injection:watchdog',
    'on a node: what came in while admission was taken away is held by a budget, then evicted one at a time',
    async () => {
      const { kubectl, images } = stage()
      const [web] = workloads(images.samples) as [Deployment]
      const rogue = {
        ...web,
        metadata: { name: 'rogue', namespace: wards },
        spec: {
          ...web.spec,
          replicas: 2,
          selector: { matchLabels: { app: 'rogue' } },
          template: {
            ...web.spec.template,
            metadata: {
              labels: { app: 'rogue', 'hipaa-mcp.dev/guarded': 'ehr' },
              annotations: { 'hipaa-mcp.dev/server': 'ehr' },
            },
          },
        },
      }
      const budget = {
        apiVersion: 'policy/v1',
        kind: 'PodDisruptionBudget',
        metadata: { name: 'rogue', namespace: wards },
        spec: { maxUnavailable: 0, selector: { matchLabels: { app: 'rogue' } } },
      }
      await kubectl.run(['delete', ...admission])
      const watched = watchPods(kubectl)
      try {
        await kubectl.apply([budget, rogue].map((object) => JSON.stringify(object)).join('\n---\n'))
        await until('two pods run that nobody guarded', 60, async () =>
          everyPod(watched.samples, 'rogue').length >= 2 ? true : undefined,
        )
      } finally {
        await kubectl.run(['apply', '--server-side', '--force-conflicts', '-f', join(out, 'install.yaml')])
      }
      const reasons = async (reason: string) =>
        (await told(kubectl)).filter((one) => one.startsWith('Pod/rogue-') && one.endsWith(` ${reason}`))
      await until('it is said, and the budget holds both', 120, async () =>
        (await reasons('DisruptionBudgetHolds')).length >= 2 ? true : undefined,
      )
      // Before a budget's controller has counted, it allows one: that one may have gone, and come again as it was.
      const [first, second] = ofApp(watched.samples.at(-1) as Sample, 'rogue').filter(({ ending }) => !ending)
      const named = await reasons('PodNotConforming')
      const evicted = (await reasons('NotConformingEvicted')).length

      await kubectl.run([
        'patch',
        'pdb',
        'rogue',
        '-n',
        wards,
        '--type=merge',
        '-p',
        '{"spec":{"maxUnavailable":2}}',
      ])
      await until(
        'both are gone, and guarded pods stand in their place',
        300,
        async () => {
          const now = ofApp(watched.samples.at(-1) as Sample, 'rogue')
          const sound = now.filter(({ uid, ready }) => uid !== first?.uid && uid !== second?.uid && ready)
          return now.length === 2 && sound.length === 2 ? true : undefined
        },
        async () => (await told(kubectl)).join('; '),
      )
      const samples = await watched.stop()

      for (const pod of [first, second]) expect(named).toContain(`Pod/${pod?.name} PodNotConforming`)
      expect((await reasons('NotConformingEvicted')).length).toBe(evicted + 2)
      const ends = [first, second].map(
        (pod) =>
          samples.find(({ pods }) => pods.some(({ uid, ending }) => uid === pod?.uid && ending))?.at ?? 0,
      )
      const [one = 0, other = 0] = ends.toSorted((a, b) => a - b)
      console.log(`    the second was evicted ${((other - one) / 1000).toFixed(1)} s after the first`)
      expect(other - one).toBeGreaterThanOrEqual(9_000)
      for (const { uid } of everyPod(samples, 'rogue').slice(-2)) {
        const pod = await kubectl.run(['get', 'pods', '-n', wards, '-l', 'app=rogue', '-o', 'json'])
        expect(pod).toContain(uid)
        expect(pod).toContain('hipaa-mcp-guard')
      }
    },
    600_000,
  )
}
