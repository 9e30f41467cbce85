// Pods that are not what admission makes, on a real node: those that nobody of ours made are evicted one at a time, within
// budgets for disruptions; those of before a change are replaced by their own workloads.

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

  verifies(
    'injection:upgrade',
    'on a node: when admission makes pods otherwise, every workload replaces its own, one first, and nothing is evicted',
    async () => {
      const { kubectl } = stage()
      const before = (await told(kubectl)).filter((one) => one.endsWith('NotConformingEvicted')).length
      const watched = watchPods(kubectl)
      const named = ['deployment/web', 'deployment/rogue', 'statefulset/records', 'daemonset/scan']
      const asked = async () => {
        const found = await kubectl.get<{ items: Deployment[] }>(...named, '-n', wards)
        return (found?.items ?? []).map(({ metadata, spec }) => ({
          app: metadata.name,
          at:
            Date.parse(spec.template.metadata.annotations?.['hipaa-mcp.dev/restarted-at'] ?? '') || undefined,
        }))
      }
      const old = new Set(watched.samples.at(-1)?.pods.map(({ uid }) => uid))
      await kubectl.run([
        'patch',
        'hipaamcpserver',
        'ehr',
        '-n',
        wards,
        '--type=merge',
        '-p',
        '{"spec":{"tls":{"discovery":{"port":8444}}}}',
      ])
      const began = Date.now()

      await until(
        'every pod was replaced',
        400,
        async () => {
          const pods = watched.samples.at(-1)?.pods ?? []
          const all = pods.every(
            ({ uid, ready, created }) => !old.has(uid) && ready && created >= began - 1_000,
          )
          return pods.length === 8 && all ? true : undefined
        },
        async () => `${JSON.stringify(await asked())} ${(await told(kubectl)).join('; ')}`,
      )
      const samples = await watched.stop()

      const order = (await asked()).toSorted((a, b) => (a.at ?? 0) - (b.at ?? 0))
      expect(order.every(({ at }) => at !== undefined)).toBe(true)
      const [canary, next] = order
      const proved = samples.find((sample) =>
        ofApp(sample, canary?.app ?? '').some(({ ready, created }) => ready && created >= (canary?.at ?? 0)),
      )
      console.log(
        `    ${order.map(({ app, at = 0 }) => `${app} +${((at - began) / 1000).toFixed(0)} s`).join(', ')}; the first pod was ready at +${(((proved?.at ?? 0) - began) / 1000).toFixed(0)} s`,
      )
      // Moments are whole seconds, and the next is asked for after the look that saw the first pod ready.
      expect(next?.at).toBeGreaterThanOrEqual((proved?.at ?? Number.POSITIVE_INFINITY) - 2_000)
      const events = await told(kubectl)
      expect(events.filter((one) => one.endsWith('NotConformingEvicted'))).toHaveLength(before)
      for (const { app } of order)
        expect(
          events.some((one) => one.endsWith(`/${app} ReplacingPods`)),
          app,
        ).toBe(true)
      // A StatefulSet takes one at a time by itself, and so it is.
      const records = samples.map((sample) =>
        ofApp(sample, 'records').filter(({ ready, ending }) => ready && !ending),
      )
      expect(Math.min(...records.map((pods) => pods.length))).toBeGreaterThanOrEqual(1)
    },
    600_000,
  )
}
