import { describe, expect, test } from 'vitest'
import { containers, uids } from '../../../core/identifiers.ts'
import { type PodSecurity, podSecurityOf } from '../../../core/pod-security.ts'
import type { HipaaMcpServer } from '../../../crds/hipaamcpserver.generated.ts'
import { conforms } from '../../../operator/admission/conform.ts'
import { judgeInjection, judgeNew, judgePod, type Lookup } from '../../../operator/admission/judge.ts'
import type { Container, Pod } from '../../../operator/admission/pod.ts'
import { verifies } from '../../verifies.ts'
import { aServer } from '../world.ts'
import { aPod, aRequest, surroundings } from './pods.ts'

const label = 'pod-security.kubernetes.io/enforce'
const nobody = { grants: async () => [], now: () => 0 }
const lookup = (podSecurity: PodSecurity, server: HipaaMcpServer = aServer()): Lookup => ({
  servers: async () => [server],
  pod: async () => undefined,
  podSecurity: async () => podSecurity,
})

/** As admission lets it in where the namespace is of this level, or why not. */
function letIn(level: PodSecurity, server: HipaaMcpServer = aServer(), pod: Pod = aPod()): Pod {
  const judged = judgeNew(pod, [server], { ...surroundings, podSecurity: level })
  if ('violations' in judged) throw new Error(judged.violations.join('; '))
  return judged.pod
}
const guardOf = ({ spec }: Pod): Container =>
  spec.initContainers?.find(({ name }) => name === containers.guard) as Container
const patch = async (level: PodSecurity) =>
  JSON.stringify(await judgeInjection(aRequest(aPod()), lookup(level), surroundings))
const validated = async (pod: Pod, level: PodSecurity) =>
  await judgePod(aRequest(pod), lookup(level), surroundings, nobody)

test('what a namespace’s labels ask', () => {
  expect(podSecurityOf()).toBe('privileged')
  for (const level of ['privileged', 'baseline', 'restricted'] as const)
    expect(podSecurityOf({ [label]: level })).toBe(level)
  expect(podSecurityOf({ [label]: 'Baseline' })).toBe('restricted')
})

verifies('injection:cni', 'the guard proves alone and has no right where NET_ADMIN is forbidden', () => {
  for (const level of ['baseline', 'restricted'] as const) {
    const guard = guardOf(letIn(level))
    expect(guard.command?.slice(-2)).toEqual(['/opt/hipaa-mcp/sidecar/guard.ts', 'check'])
    expect(guard.securityContext).toMatchObject({
      runAsUser: uids.guard,
      runAsNonRoot: true,
      capabilities: { drop: ['ALL'] },
    })
    expect(guard.securityContext?.capabilities).not.toHaveProperty('add')
  }
  const guard = guardOf(letIn('privileged'))
  expect(guard.command?.slice(-2)).toEqual(['set', 'check'])
  expect(guard.securityContext?.capabilities?.add).toContain('NET_ADMIN')
})

describe('who sets the filter', () => {
  verifies('injection:cni', 'is what the namespace says, and no field of a pod', async () => {
    const [byPlugin, byGuard] = [letIn('baseline'), letIn('privileged')]
    expect(await validated(byPlugin, 'baseline')).toEqual({ allowed: true })
    expect(await validated(byGuard, 'privileged')).toEqual({ allowed: true })
    expect(await patch('privileged')).toContain('NET_ADMIN')
    expect(await patch('baseline')).not.toContain('NET_ADMIN')
    // Its author wrote into it what the other kind of namespace gets.
    for (const [pod, level] of [
      [byPlugin, 'privileged'],
      [byGuard, 'baseline'],
    ] as const) {
      expect(await validated(pod, level)).toMatchObject({ allowed: false })
      expect(() => letIn(level, aServer(), pod)).toThrow(`spec.initContainers[${containers.guard}]`)
    }
  })

  verifies('injection:cni', 'a pod that runs keeps what it was made for when its namespace changes', () => {
    for (const level of ['baseline', 'privileged'] as const)
      expect(conforms(letIn(level), aServer(), surroundings)).toEqual([])
    // A guard that neither sets nor proves is neither of the two.
    const robbed = letIn('baseline')
    guardOf(robbed).command = ['node', '/opt/hipaa-mcp/sidecar/guard.ts']
    expect(conforms(robbed, aServer(), surroundings)).not.toEqual([])
  })
})

/** What Pod Security `restricted` asks of a container (Pod Security Standards). */
function restrictedViolations({ name, securityContext: context = {} }: Container): string[] {
  const { add = [], drop = [] } = context.capabilities ?? {}
  return [
    ...(context.allowPrivilegeEscalation === false ? [] : [`${name}: allowPrivilegeEscalation`]),
    ...(context['runAsNonRoot'] === true && context.runAsUser !== 0 ? [] : [`${name}: runAsNonRoot`]),
    ...(drop.includes('ALL') && add.every((one) => one === 'NET_BIND_SERVICE')
      ? []
      : [`${name}: capabilities`]),
    ...(context.seccompProfile?.type === 'RuntimeDefault' ? [] : [`${name}: seccompProfile`]),
  ]
}
const own = (pod: Pod): Container[] =>
  (pod.spec.initContainers ?? []).filter(({ name }) => name.startsWith('hipaa-mcp'))

verifies('injection:cni', 'every container of ours is as restricted asks, whatever the server is', () => {
  const gate = { host: 'api.anthropic.com', agreement: 'claude' }
  for (const spec of [
    {},
    { workload: { port: 8080, path: '/mcp', transport: 'Stdio' as const, container: 'app' } },
    { network: { egress: [{ ...gate, credential: { name: 'claude', key: 'key' } }] } },
  ]) {
    const pod = aPod()
    pod.spec.containers[0] = { ...(pod.spec.containers[0] as Container), command: ['ehr'] }
    for (const name of ['livenessProbe', 'readinessProbe'] as const) delete pod.spec.containers[0][name]
    const made = letIn('restricted', aServer(spec as object), pod)
    expect(own(made).flatMap(restrictedViolations), JSON.stringify(spec)).toEqual([])
  }
  expect(own(letIn('privileged')).flatMap(restrictedViolations)).toContain('hipaa-mcp-guard: capabilities')
})

verifies(
  'injection:cni',
  'a trail on the pod’s own volume is refused where it cannot be, with what to write',
  () => {
    for (const acknowledge of ['Local', 'Both'] as const) {
      const server = aServer({
        trail: { acknowledge, volume: { storageClassName: 'fast', size: '1Gi' } },
      })
      expect(() => letIn('restricted', server)).toThrow(
        `${acknowledge} of HipaaMcpServer ehr gives a fresh volume`,
      )
      expect(() => letIn('restricted', server)).toThrow('write Stream there')
      expect(own(letIn('baseline', server)).map(({ name }) => name)).toContain('hipaa-mcp-trail')
    }
  },
)
