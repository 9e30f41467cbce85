import { expect } from 'vitest'
import type { KubernetesObject } from '../../../core/kubernetes.ts'
import type { CanaryResult, CanaryTask } from '../../../core/network.ts'
import { ApiError } from '../../../operator/cluster/client.ts'
import type { Kind } from '../../../operator/cluster/kinds.ts'
import { networkCanaries } from '../../../operator/evidence/network-canaries.ts'
import type { NetworkPolicy, Pod } from '../../../operator/objects.ts'
import { verifies } from '../../verifies.ts'
import { quiet } from '../cluster/scripted-api.ts'
import { aGuardedPod, aServer, aStorePod, aWorld, type Things } from '../world.ts'

const at = (pod: Pod, podIP: string): Pod => ({ ...pod, status: { ...pod.status, podIP } })
const bystanders = {
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name: 'hipaa-mcp-bystanders', namespace: 'clinic' },
  spec: { podSelector: {} },
} as NetworkPolicy
const clinic: Things = {
  servers: [
    aServer({ stores: [{ name: 'database', pods: { matchLabels: { app: 'ehr-db' } }, port: 5432 }] }),
  ],
  pods: [at(aGuardedPod('ehr-1'), '10.1.0.5'), at(aStorePod('db'), '10.1.0.6')],
  networkPolicies: [bystanders],
}

type Made = KubernetesObject & { spec: { containers: { args: string[] }[] } }
type Seen = { uid: string; status: object }

/** An API server whose pods end at once with what `saw` says of their task. */
function cluster(
  saw: (task: CanaryTask, source: string, pod: Made) => CanaryResult | Seen | Error | undefined,
) {
  const made: Made[] = []
  const deleted: (string | undefined)[] = []
  const client = {
    create: async <T extends object>(_: Kind, object: T) => {
      const pod = object as unknown as Made
      made.push(pod)
      const result = saw(taskOf(pod), sourceOf(pod), pod)
      if (result instanceof Error) throw result
      return { ...object, metadata: { ...pod.metadata, uid: `uid-${pod.metadata.name}` } }
    },
    get: async (_: Kind, __: string | undefined, name: string) => {
      if (name === 'hipaa-mcp-webhook')
        return {
          spec: { clusterIP: '10.0.0.2', clusterIPs: ['10.0.0.2', 'fd00::2'], ports: [{ port: 443 }] },
        }
      const pod = made.find(({ metadata }) => metadata.name === name)
      const result = pod && saw(taskOf(pod), sourceOf(pod), pod)
      if (pod === undefined || result === undefined || result instanceof Error) return undefined
      if ('uid' in result) return { metadata: { ...pod.metadata, uid: result.uid }, status: result.status }
      return { metadata: { ...pod.metadata, uid: `uid-${name}` }, status: ended(JSON.stringify(result)) }
    },
    delete: async (_: Kind, __: string | undefined, ___: string, uid?: string) => void deleted.push(uid),
  }
  return { made, deleted, client: client as unknown as Parameters<typeof networkCanaries>[0]['client'] }
}
const ended = (message: string, exitCode = 0) => ({
  phase: 'Succeeded',
  containerStatuses: [{ state: { terminated: { exitCode, message } } }],
})
const taskOf = (pod: Made) => JSON.parse(pod.spec.containers[0]?.args[1] ?? '') as CanaryTask
const sourceOf = ({ metadata }: Made) => metadata.labels?.['hipaa-mcp.dev/canary'] ?? ''

const refused = ({ control }: CanaryTask): CanaryResult => ({ control: control !== undefined, open: [] })

function canaries(saw: Parameters<typeof cluster>[0], things: Things = clinic) {
  const told: string[] = []
  let clock = 1_000_000
  const { made, deleted, client } = cluster(saw)
  const { world } = aWorld(things)
  const running = networkCanaries({
    world,
    client,
    image: 'localhost/hipaa-mcp:dev',
    ask: { seconds: 900, outside: '192.0.2.7:80' },
    onChange: (namespace) => told.push(namespace),
    log: quiet,
    now: () => clock,
    pollMs: 0,
  })
  return { running, made, deleted, told, world, later: (seconds: number) => (clock += seconds * 1000) }
}

verifies(
  'transit:network-proved',
  'a second address of a pod is tried too: it counts where it connects, and proves nothing where it does not',
  async () => {
    const pod = at(aGuardedPod('ehr-1'), '10.1.0.5')
    const both = { ...pod, status: { ...pod.status, podIPs: [{ ip: '10.1.0.5' }, { ip: 'fd00::5' }] } }
    const outcomesWhere = async (open: string[]) => {
      const { running, made } = canaries(
        (task) => ({
          control: task.control !== undefined,
          open: task.forbidden.flatMap((address, place) => (open.includes(address) ? [place] : [])),
        }),
        { ...clinic, pods: [both] },
      )
      await running.look()
      expect(taskOf(made[0] as Made).forbidden).toEqual(['10.1.0.5:15080', '[fd00::5]:15080'])
      return running.of('clinic')?.outcomes.filter(({ from }) => from === 'Stranger')
    }
    const row = { from: 'Stranger', to: 'GuardedPod', pod: 'uid-ehr-1' }

    expect(await outcomesWhere([])).toEqual([{ ...row, open: false }])
    expect(await outcomesWhere(['[fd00::5]:15080'])).toEqual([
      { ...row, open: false },
      { ...row, open: true },
    ])
  },
)

verifies(
  'transit:network-proved',
  'a stranger tries pods and stores, a bystander those and the way out',
  async () => {
    const { running, made, deleted, told } = canaries(refused)
    await running.look()

    const tasks = Object.fromEntries(
      made.map((pod) => [`${sourceOf(pod)} in ${pod.metadata.namespace}`, taskOf(pod)]),
    )
    expect(tasks).toEqual({
      'stranger in hipaa-mcp-system': {
        control: '10.0.0.2:443',
        forbidden: ['10.1.0.5:15080', '10.1.0.6:5432'],
      },
      'bystander in clinic': {
        forbidden: [
          '10.1.0.5:15080',
          '10.1.0.6:5432',
          '10.0.0.2:443',
          '169.254.169.254:80',
          '192.0.2.7:80',
          '[fd00::2]:443',
          '[fd00:ec2::254]:80',
        ],
      },
    })
    expect(running.of('clinic')).toMatchObject({ reached: true })
    expect(running.of('clinic')?.outcomes.filter(({ open }) => open)).toEqual([])
    expect(deleted).toEqual(made.map(({ metadata }) => `uid-${metadata.name}`))
    expect(told).toEqual(['clinic'])
  },
)

verifies('transit:network-proved', 'what a canary reached is known with the pod whose it is', async () => {
  const { running } = canaries((task, source) => ({
    ...refused(task),
    open: source === 'stranger' ? [0] : [2],
  }))
  await running.look()

  expect(running.of('clinic')?.outcomes.filter(({ open }) => open)).toEqual([
    { from: 'Stranger', to: 'GuardedPod', pod: 'uid-ehr-1', open: true },
    { from: 'Bystander', to: 'Webhook', open: true },
  ])
})

const lost: [string, Parameters<typeof cluster>[0], string][] = [
  ['was deleted', () => undefined, 'CanaryDeleted'],
  [
    'was replaced by another pod of its name',
    () => ({ uid: 'uid-forged', status: ended('{"control":true,"open":[]}') }),
    'CanaryDeleted',
  ],
  [
    'failed',
    (_, __, { metadata }) => ({ uid: `uid-${metadata.name}`, status: ended('', 1) }),
    'CanaryFailed',
  ],
  [
    'wrote something else',
    (_, __, { metadata }) => ({ uid: `uid-${metadata.name}`, status: ended('{"control":true,"open":[99]}') }),
    'CanaryFailed',
  ],
  ['may not be made', () => new ApiError(403, 'Forbidden', 'quota'), 'Forbidden'],
]
for (const [when, saw, trouble] of lost)
  verifies('transit:network-proof-honest', `a canary that ${when} proves nothing`, async () => {
    const { running, told } = canaries(saw)
    await running.look()

    expect(running.of('clinic')).toMatchObject({ reached: false, outcomes: [], trouble })
    expect(told).toEqual(['clinic'])
  })

verifies(
  'transit:network-proved',
  'it is tried again by the clock, and soon after policies change',
  async () => {
    const { running, made, later, world } = canaries(refused)
    await running.look()
    await running.look()
    expect(made).toHaveLength(2)

    later(1_000)
    await running.look()
    expect(made).toHaveLength(4)
    ;(world.networkPolicies as unknown as { set(policy: NetworkPolicy): void }).set({
      ...bystanders,
      metadata: { name: 'other', namespace: 'clinic' },
    })
    await running.look()
    expect(made).toHaveLength(4)
    later(11)
    await running.look()
    expect(made).toHaveLength(6)
  },
)

verifies(
  'transit:network-proved',
  'nothing is sent into a namespace that is not enrolled, nor a bystander before its policy stands',
  async () => {
    const outside = canaries(refused, { ...clinic, enrolled: false })
    await outside.running.look()
    const early = canaries(refused, { ...clinic, networkPolicies: [] })
    await early.running.look()

    expect(outside.made).toEqual([])
    expect(early.made.map(sourceOf)).toEqual(['stranger'])
  },
)

const nothingProved: [string, Parameters<typeof cluster>[0]][] = [
  ['one got through', (task) => ({ ...refused(task), open: [0] })],
  ['the stranger reached nobody', () => ({ control: false, open: [] })],
  ['a canary was lost', () => undefined],
]
for (const [when, saw] of nothingProved)
  verifies(
    'transit:network-proved',
    `where ${when} it is looked at each minute until it is shut`,
    async () => {
      let mended = false
      const { running, made, later } = canaries((task, source, pod) =>
        mended ? refused(task) : saw(task, source, pod),
      )
      await running.look()
      later(61)
      await running.look()
      expect(made).toHaveLength(4)

      mended = true
      later(61)
      await running.look()
      expect(made).toHaveLength(6)
      expect(running.of('clinic')).toMatchObject({ reached: true })
      expect(running.of('clinic')?.outcomes.filter(({ open }) => open)).toEqual([])
      later(61)
      await running.look()
      expect(made).toHaveLength(6)
    },
  )

verifies('transit:network-proved', 'a way out by IPv6 alone is a gap', async () => {
  for (const [address, to] of [
    ['[fd00::2]:443', 'Webhook'],
    ['[fd00:ec2::254]:80', 'Metadata'],
  ] as const) {
    const { running } = canaries((task) => ({
      control: task.control !== undefined,
      open: task.forbidden.flatMap((one, place) => (one === address ? [place] : [])),
    }))
    await running.look()
    expect(running.of('clinic')?.outcomes.filter(({ open }) => open)).toEqual([
      { from: 'Bystander', to, open: true },
    ])
  }
})
