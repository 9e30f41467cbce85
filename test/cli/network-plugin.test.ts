import { expect, test } from 'vitest'
import { pluginCheck, pluginStanding } from '../../cli/network-plugin.ts'
import { judgeWorkload } from '../../cli/preflight/judge.ts'
import { notesOf } from '../../cli/preflight/namespace.ts'
import { enforceLabel } from '../../core/identifiers.ts'
import { aServer } from '../operator/world.ts'
import { verifies } from '../verifies.ts'

const label = 'pod-security.kubernetes.io/enforce'
const set = (desiredNumberScheduled: number, numberReady: number) => ({
  found: { status: { desiredNumberScheduled, numberReady } },
})
const namespace = (name: string, level?: string) => ({
  metadata: { name, labels: level === undefined ? {} : { [label]: level } },
})

verifies(
  'injection:preflight',
  'whether the network plugin is on every node, where a namespace needs it',
  () => {
    const two = [namespace('clinic', 'restricted'), namespace('lab', 'baseline'), namespace('open')]
    expect(
      pluginCheck({ absent: true }, [namespace('open'), namespace('free', 'privileged')]),
    ).toBeUndefined()
    for (const [read, state, says] of [
      [{ absent: true }, 'wrong', 'kubectl apply -k config/cni'],
      [{ denied: 403 }, 'unknown', 'you may not see'],
      [set(3, 2), 'wrong', 'ready on 2 of 3 nodes'],
      [set(0, 0), 'wrong', 'ready on 0 of 0 nodes'],
      [set(3, 3), 'ok', 'ready on 3 of 3 nodes'],
    ] as const) {
      const check = pluginCheck(read, two)
      expect(check?.state).toBe(state)
      expect(check?.says).toContain(says)
      expect(check?.says).toContain('in clinic, lab,')
    }
  },
)

test('a namespace that forbids NET_ADMIN hinders only where the plugin is known to be missing', () => {
  const labels = { [label]: 'restricted' }
  const hinders = (standing: ReturnType<typeof pluginStanding> | undefined) =>
    notesOf('clinic', { ...labels, [enforceLabel]: 'true' }, standing).map((note) => note.hinders)
  expect(hinders(pluginStanding({ absent: true }))).toEqual([true])
  expect(hinders(pluginStanding({ denied: 403 }))).toEqual([false])
  expect(hinders(pluginStanding(set(1, 1)))).toEqual([false])
  expect(hinders(undefined)).toEqual([])
})

test('what a restricted namespace cannot have is said before', () => {
  const local = aServer({
    trail: { acknowledge: 'Local', volume: { storageClassName: 'fast', size: '1Gi' } },
  })
  const workload = {
    kind: 'Pod',
    metadata: { name: 'ehr', namespace: 'clinic', annotations: { 'hipaa-mcp.dev/server': 'ehr' } },
    spec: { containers: [{ name: 'app', image: 'ehr:1', securityContext: { runAsUser: 1000 } }] },
  }
  expect(judgeWorkload(workload, [local], false, 'restricted').violations.join()).toContain('write Stream')
  expect(judgeWorkload(workload, [local], false, 'baseline').violations).toEqual([])
})
