// Pods that run before their namespace is enrolled are replaced once, on a real node: the first alone, the others one at a
// time, within budgets for disruptions; and undo puts a workload back.

import { expect } from 'vitest'
import { until } from '../../demo/kubectl.ts'
import { rolledOut } from '../../demo/rollout.ts'
import { conditionOf, type ServerStatus, serverStatus } from '../../demo/scene.ts'
import { spawnedHipaaMcp } from '../../demo/steps/trail.ts'
import { verifies } from '../../verifies.ts'
import type { Stage } from './stage.ts'
import { authorsStrategy, everyPod, ofApp, told, wards, watchPods } from './wards.ts'

const server = { namespace: wards, name: 'ehr' }
type Deployment = {
  metadata: { annotations?: Record<string, string> }
  spec: {
    strategy: object
    template: { metadata: { annotations?: Record<string, string> } }
    jobTemplate?: { spec: { template: { metadata: { annotations?: Record<string, string> } } } }
  }
}

const workload = async (stage: Stage, kind: string, name: string) =>
  await stage().kubectl.get<Deployment>(kind, name, '-n', wards)

export function rollout(stage: Stage): void {
  const guarded = async (): Promise<ServerStatus | undefined> => await serverStatus(stage(), server)
  const guardedWhere = async (reason: string, seconds: number) =>
    await until(
      `Guarded says ${reason}`,
      seconds,
      async () => (conditionOf(await guarded(), 'Guarded')?.reason === reason ? true : undefined),
      async () =>
        `${JSON.stringify(conditionOf(await guarded(), 'Guarded'))} ${(await told(stage().kubectl)).join('; ')}`,
    )

  verifies(
    'injection:rollout',
    'on a node: Deployment, StatefulSet and DaemonSet once each, and what nothing makes anew is named',
    async () => {
      const { kubectl } = stage()
      const before = (await kubectl.run(['get', 'pods', '-n', wards, '-o', 'name'])).trim().split('\n')
      const watched = watchPods(kubectl)
      await kubectl.run(['label', 'namespace', wards, 'hipaa-mcp.dev/enforce=true'])

      // The budget allows nothing yet: it is said, and holds.
      await until('the budget is said to hold', 300, async () =>
        (await told(kubectl)).some((one) => /^Pod\/records-\d DisruptionBudgetHolds$/.test(one))
          ? true
          : undefined,
      )
      const held = watched.samples
        .flatMap((sample) => ofApp(sample, 'records'))
        .filter(({ ending, guarded: is }) => ending || is)
      await kubectl.run([
        'patch',
        'pdb',
        'records',
        '-n',
        wards,
        '--type=merge',
        '-p',
        '{"spec":{"maxUnavailable":1}}',
      ])
      await guardedWhere('UnguardedPods', 400)
      // Nothing goes a second time.
      await new Promise((resolve) => setTimeout(resolve, 15_000))
      const samples = await watched.stop()

      expect(before).toHaveLength(8)
      expect(held).toEqual([])
      for (const [app, pods] of [
        ['web', 3],
        ['records', 2],
        ['scan', 1],
      ] as const) {
        const all = everyPod(samples, app)
        expect(
          all.map(({ guarded: is }) => is),
          app,
        ).toEqual([...Array(pods).fill(false), ...Array(pods).fill(true)])
      }
      const web = samples.map((sample) => ofApp(sample, 'web').filter(({ ending }) => !ending))
      // Its author lets three more come and two go at once; here one comes, and none goes before it is ready.
      expect(Math.max(...web.map((pods) => pods.length))).toBe(4)
      expect(Math.min(...web.map((pods) => pods.filter(({ ready }) => ready).length))).toBeGreaterThanOrEqual(
        3,
      )
      expect(
        Math.max(...web.map((pods) => pods.filter(({ guarded: is, ready }) => is && !ready).length)),
      ).toBe(1)
      const records = samples.map((sample) =>
        ofApp(sample, 'records').filter(({ ready, ending }) => ready && !ending),
      )
      expect(Math.min(...records.map((pods) => pods.length))).toBeGreaterThanOrEqual(1)
      const [first, second] = everyPod(samples, 'records').filter(({ guarded: is }) => is)
      expect((second?.created ?? 0) - (first?.created ?? 0)).toBeGreaterThanOrEqual(9_000)
      // No eviction before the first guarded pod of the server was ready.
      const canary = samples.find(({ pods }) => pods.some(({ guarded: is, ready }) => is && ready))
      expect(first?.created).toBeGreaterThanOrEqual((canary?.at ?? Number.POSITIVE_INFINITY) - 1_000)

      const deployment = await workload(stage, 'deployment', 'web')
      expect(deployment?.spec.strategy).toEqual(authorsStrategy)
      expect(deployment?.metadata.annotations).not.toHaveProperty('hipaa-mcp.dev/strategy')
      const cron = await workload(stage, 'cronjob', 'nightly')
      expect(cron?.spec.jobTemplate?.spec.template.metadata.annotations).toEqual({
        'hipaa-mcp.dev/server': 'ehr',
      })
      const events = await told(kubectl)
      expect(events).toContain('Pod/bare BarePodNotReplaced')
      expect(events.some((one) => /^Pod\/import-\w+ JobNotReplaced$/.test(one))).toBe(true)
      expect(everyPod(samples, 'bare')).toHaveLength(1)
      expect(everyPod(samples, 'import')).toHaveLength(1)
      const [start = 0, end = 0] = [samples[0]?.at, samples.at(-1)?.at]
      console.log(
        `    ${samples.length} looks in ${((end - start) / 1000).toFixed(0)} s; ${conditionOf(await guarded(), 'Guarded')?.message}`,
      )
    },
    900_000,
  )

  verifies(
    'injection:rollout',
    'on a node: when what nothing makes anew is gone, every pod is guarded',
    async () => {
      await stage().kubectl.run(['delete', 'pod/bare', 'job/import', '-n', wards])
      await guardedWhere('EveryPodGuarded', 60)
    },
    120_000,
  )
}

export function undone(stage: Stage): void {
  verifies(
    'injection:undo',
    'on a node: a Deployment comes back as its author wrote it, its pods without a sidecar',
    async () => {
      const { kubectl } = stage()
      const { code, text } = await spawnedHipaaMcp(
        ['undo', 'deployment/web', '-n', wards, '--yes', '--reason', 'the test is over'],
        kubectl.kubeconfig,
      )
      expect(code, text).toBe(0)
      await rolledOut(kubectl, wards, 'deployment/web', 180)
      const watched = watchPods(kubectl)
      await until('its guarded pods are gone', 60, async () => {
        const pods = watched.samples.at(-1)?.pods.filter(({ app }) => app === 'web') ?? []
        return pods.length === 3 && pods.every(({ guarded: is, ready }) => !is && ready) ? true : undefined
      })
      await watched.stop()

      const deployment = await workload(stage, 'deployment', 'web')
      expect(deployment?.metadata.annotations ?? {}).not.toHaveProperty('hipaa-mcp.dev/server')
      expect(deployment?.spec.template.metadata.annotations ?? {}).not.toHaveProperty('hipaa-mcp.dev/server')
      expect(deployment?.spec.strategy).toEqual(authorsStrategy)
      expect((await told(kubectl)).some((one) => one.startsWith('Deployment/web '))).toBe(true)
    },
    300_000,
  )
}
