import { expect, test } from 'vitest'
import { serverAnnotation } from '../../../core/identifiers.ts'
import type { KubernetesObject } from '../../../core/kubernetes.ts'
import { reconcileAgreement } from '../../../operator/agreements.ts'
import { ApiError } from '../../../operator/cluster/client.ts'
import type { Say } from '../../../operator/cluster/events.ts'
import { type Reconciler, reconcile } from '../../../operator/reconcile.ts'
import { evictor } from '../../../operator/rollout/evict.ts'
import type { Status } from '../../../operator/status.ts'
import { verifies } from '../../verifies.ts'
import { quiet } from '../cluster/scripted-api.ts'
import {
  aGuardedPod,
  anAgreement,
  aPod,
  aServer,
  aSignal,
  aWorkload,
  aWorld,
  now,
  type Things,
} from '../world.ts'

/** A scene whose writes are kept; `fails` says which object cannot be written. */
function scene(things: Things = {}, fails: (object: KubernetesObject) => boolean = () => false) {
  const written: string[] = []
  const statuses: Status[] = []
  const said: Say[] = []
  const write = (verb: string, object: unknown) => {
    const one = object as KubernetesObject
    if (fails(one)) throw new ApiError(500, 'InternalError', 'planted')
    written.push(`${verb} ${one.kind}/${one.metadata.name}`)
  }
  const { world, outside } = aWorld(things)
  const deps: Reconciler & { leads: boolean } = {
    world,
    outside,
    leads: true,
    client: {
      apply: async (_, object) => {
        write('apply', object)
        return object
      },
      create: async (_, object) => {
        write('create', object)
        return object
      },
      delete: async (_, __, name) => void written.push(`delete ${name}`),
      patch: async (_, __, name) => {
        written.push(`patch ${name}`)
        return {} as never
      },
      get: async () => undefined,
      applyStatus: async (_, object) => {
        write('status', object)
        statuses.push((object as unknown as { status: Status }).status)
        return object
      },
    },
    events: { say: (event) => void said.push(event) },
    evictor: evictor({
      client: {
        delete: async () => expect.fail('no pod is deleted'),
        post: async (path) => {
          written.push(`evict ${path.split('/').at(-2)}`)
          return {} as never
        },
      },
      log: quiet,
      now: () => now,
    }),
    leading: () => deps.leads,
    generation: () => 41,
    now: () => now,
  }
  return { deps, written, statuses, said }
}
const ready = (status: Status | undefined) => {
  const found = status?.conditions?.find(({ type }) => type === 'Ready')
  return `${found?.status} ${found?.reason}`
}

test('keys come first, policies before the roll, status last', async () => {
  const { deps, written } = scene({ keys: false, workloads: [aWorkload()] })
  const again = scene({ workloads: [aWorkload()] })

  await reconcile('clinic/ehr', deps)
  await reconcile('clinic/ehr', again.deps)

  expect(written).toEqual([
    'create Secret/keys.clinic.ehr',
    'apply NetworkPolicy/hipaa-mcp-server.ehr',
    'status HipaaMcpServer/ehr',
  ])
  expect(again.written.slice(-2)).toEqual(['apply Deployment/ehr-mcp', 'status HipaaMcpServer/ehr'])
})

verifies(
  'operator:status',
  'status is written even when something could not be applied, and says so',
  async () => {
    const { deps, written, statuses } = scene(
      { workloads: [aWorkload()] },
      ({ kind }) => kind === 'NetworkPolicy',
    )

    await expect(reconcile('clinic/ehr', deps)).rejects.toThrow('planted')

    // No pod was rolled into a namespace without its policy.
    expect(written).toEqual(['status HipaaMcpServer/ehr'])
    expect(ready(statuses[0])).toBe('False ApplyFailed')
  },
)

const selector = { matchLabels: { app: 'ehr' } }
const fromBefore = aPod('old', {
  labels: { app: 'ehr' },
  ownerReferences: [
    { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'ehr-mcp-1', uid: 'u', controller: true },
  ],
})
const toRoll: Things = {
  servers: [aServer({ workload: { port: 8080, path: '/mcp', selector } })],
  workloads: [aWorkload({}, { spec: { selector, template: {}, replicas: 1 } })],
  pods: [fromBefore, aPod('bare', { labels: { app: 'ehr' } })],
}

verifies(
  'injection:rollout',
  'the policies stand before the first pod goes, and Events say what becomes of each',
  async () => {
    const { deps, written, said } = scene(toRoll)

    const again = await reconcile('clinic/ehr', deps)

    expect(written).toEqual([
      'apply NetworkPolicy/hipaa-mcp-server.ehr',
      'status HipaaMcpServer/ehr',
      'evict old',
    ])
    expect(
      said
        .filter(({ action }) => action === 'Replacing')
        .map(({ about, reason }) => `${about.metadata.name} ${reason}`),
    ).toEqual(['bare BarePodNotReplaced', 'old ReplacedUnguarded', 'ehr ReplacedUnguarded'])
    expect(again).toBe(5_000)
  },
)

verifies(
  'injection:rollout',
  'no pod goes by a replica that lost the lease, nor before what the pods need is there',
  async () => {
    const lost = scene(toRoll)
    const waiting = scene({ ...toRoll, withoutKeySet: true })
    const unwritten = scene(toRoll, ({ kind }) => kind === 'NetworkPolicy')
    lost.deps.leads = false

    await expect(reconcile('clinic/ehr', lost.deps)).rejects.toThrow('no longer leads')
    await reconcile('clinic/ehr', waiting.deps)
    await expect(reconcile('clinic/ehr', unwritten.deps)).rejects.toThrow('planted')

    for (const { written } of [lost, waiting, unwritten])
      expect(written.filter((one) => one.startsWith('evict'))).toEqual([])
  },
)

verifies('operator:leader', 'a replica that lost the lease writes nothing', async () => {
  const { deps, written } = scene()
  deps.leads = false

  await expect(reconcile('clinic/ehr', deps)).rejects.toThrow('no longer leads')

  expect(written).toEqual([])
})

test('a pass over a world that is as it should be writes nothing', async () => {
  const first = scene({ pods: [aGuardedPod('ehr-1')] })
  await reconcile('clinic/ehr', first.deps)
  const applied: KubernetesObject[] = []
  const twice = scene({ pods: [aGuardedPod('ehr-1')] })
  twice.deps.client.apply = async (_, object) => {
    applied.push(object as unknown as KubernetesObject)
    return object
  }
  await reconcile('clinic/ehr', twice.deps)

  const settled = scene({
    pods: [aGuardedPod('ehr-1')],
    servers: [{ ...aServer(), ...(first.statuses[0] === undefined ? {} : { status: first.statuses[0] }) }],
    networkPolicies: applied as never,
  })
  settled.deps.world = { ...settled.deps.world, keys: first.deps.world.keys }
  await reconcile('clinic/ehr', settled.deps)
  const status = settled.statuses[0]
  const final = scene({
    pods: [aGuardedPod('ehr-1')],
    servers: [{ ...aServer(), ...(status === undefined ? {} : { status }) }],
    networkPolicies: applied as never,
  })
  await reconcile('clinic/ehr', final.deps)

  expect(final.written).toEqual([])
})

test('an issuer of cert-manager that is missing is named, and looked for again soon', async () => {
  const { deps, statuses } = scene({
    servers: [aServer({ tls: { issuerRef: { name: 'clinic-ca', kind: 'ClusterIssuer' } } })],
  })

  expect(await reconcile('clinic/ehr', deps)).toBe(15_000)
  expect(ready(statuses[0])).toBe('False IssuerNotFound')
})

test('a class of trail volumes that is missing is named, in each mode that has a volume', async () => {
  for (const acknowledge of ['Local', 'Both', 'Stream'] as const) {
    const volume = { storageClassName: 'encrypted', size: '1Gi' }
    const { deps, statuses } = scene({ servers: [aServer({ trail: { acknowledge, volume } })] })

    await reconcile('clinic/ehr', deps)
    const missing = ready(statuses[0]) === 'False TrailClassNotFound'
    expect([acknowledge, missing]).toEqual([acknowledge, acknowledge !== 'Stream'])
  }
})

test('a workload that names a server which does not exist gets an Event and is not rolled', async () => {
  const { deps, written, said } = scene({ servers: [], workloads: [aWorkload()] })

  await reconcile('clinic/ehr', deps)

  expect(written).toEqual([])
  expect(said.map(({ about, reason }) => `${about.kind} ${reason}`)).toEqual(['Deployment ServerNotFound'])
})

test('a workload in a namespace that is not enrolled gets an Event and a condition, and is not rolled', async () => {
  const { deps, written, said, statuses } = scene({ enrolled: false, workloads: [aWorkload()] })

  await reconcile('clinic/ehr', deps)

  expect(written.some((one) => one.includes('Deployment'))).toBe(false)
  expect(said.map(({ about, reason }) => `${about.kind} ${reason}`)).toEqual([
    'HipaaMcpServer NamespaceNotEnrolled',
    'Deployment NamespaceNotEnrolled',
  ])
  expect(ready(statuses[0])).toBe('False NamespaceNotEnrolled')
})

/** A pass behind what status said before, and what it says on the server then. */
async function turn(things: Things): Promise<string[]> {
  const before = scene(things)
  await reconcile('clinic/ehr', before.deps)
  const [status] = before.statuses
  const { deps, said } = scene({
    ...things,
    servers: (things.servers ?? [aServer()]).map((one) => ({ ...one, status: status as never })),
    workloads: [{ ...annotatedWorkload, status: { refused: true } }],
  })
  await reconcile('clinic/ehr', deps)
  return said
    .filter(({ about }) => about.kind === 'HipaaMcpServer')
    .map(({ type, reason }) => `${type} ${reason}`)
}
const annotatedWorkload = aWorkload(undefined, {
  spec: { selector, template: { metadata: { annotations: { [serverAnnotation]: 'ehr' } } }, replicas: 1 },
  copied: 'ehr',
})

test('a rollout that stops is said on the server when it stops, and said once', async () => {
  const rolling: Things = { workloads: [annotatedWorkload], pods: [fromBefore] }
  const { deps, said } = scene(rolling)
  await reconcile('clinic/ehr', deps)

  expect(said.map(({ about, type, reason }) => `${about.kind} ${type} ${reason}`)).toContain(
    'HipaaMcpServer Normal CanaryStarts',
  )
  expect(await turn(rolling)).toEqual(['Warning ReplacementMissing'])
  expect(
    await turn({ ...rolling, workloads: [{ ...annotatedWorkload, status: { refused: true } }] }),
  ).toEqual([])
})

test('an agreement that is over is said on the server that relies on it', async () => {
  const servers = [aServer({ network: { egress: [{ baa: 'vendor' }] } })]
  const { deps, said } = scene({ servers, agreements: [] })

  await reconcile('clinic/ehr', deps)

  const [note] = said
    .filter(({ reason }) => reason === 'AgreementMissing')
    .map(({ type, note }) => `${type} ${note}`)
  expect(note).toMatch(/^Warning The server names the agreement vendor, which does not exist/)
})

verifies('breach:signal', 'an Event on the server that names nobody', async () => {
  const { deps, said } = scene({ signals: [aSignal()] })

  await reconcile('clinic/ehr', deps)

  expect(said.filter(({ reason }) => reason === 'BreachSignal')).toHaveLength(1)
  expect(JSON.stringify(said)).not.toContain('p-1')
})

verifies(
  'agreement:coverage',
  'each host says how many servers reach it, and who checks the rules',
  async () => {
    const egress = [{ baa: 'vendor', host: 'api.openai.com' }]
    const servers = [
      aServer({ network: { egress: [{ baa: 'vendor' }] } }),
      aServer({ network: { egress } }, { name: 'other' }),
      aServer({ network: { egress: [{ baa: 'another' }] } }, { name: 'third' }),
    ]
    const pass = async (model?: { vendor: 'OpenAI'; attested?: { at: string } }) => {
      const hosts = ['api.openai.com', 'files.vendor.example']
      const { deps, statuses } = scene({
        servers,
        agreements: [anAgreement('vendor', { hosts, ...(model === undefined ? {} : { model }) })],
      })
      await reconcileAgreement('vendor', deps)
      const { hosts: seen, attestation } = statuses[0] as unknown as { hosts: object[]; attestation?: string }
      return [attestation, ...seen]
    }
    const api = { host: 'api.openai.com', servers: 2 }
    const files = { host: 'files.vendor.example', servers: 1 }

    expect(await pass()).toEqual([undefined, { ...api, rules: 'Unproved' }, files])
    const checked = [api, files].map((one) => ({ ...one, rules: 'EveryCall' }))
    expect(await pass({ vendor: 'OpenAI' })).toEqual(['Unproven', ...checked])
    expect(await pass({ vendor: 'OpenAI', attested: { at: '2026-10-30T00:00:00Z' } })).toEqual([
      'Attested',
      ...checked,
    ])
    expect(await pass({ vendor: 'OpenAI', attested: { at: '2026-01-30T00:00:00Z' } })).toEqual([
      'Stale',
      ...checked,
    ])
  },
)

verifies('agreement:status', 'active, over or not begun, with days left and who relies on it', async () => {
  const servers = [aServer({ network: { egress: [{ baa: 'vendor' }] } })]
  const pass = async (spec: Parameters<typeof anAgreement>[1]) => {
    const { deps, statuses } = scene({ servers, agreements: [anAgreement('vendor', spec)] })
    const next = await reconcileAgreement('vendor', deps)
    const status = statuses[0] as unknown as {
      daysLeft: number
      servers: string[]
      conditions: { reason: string }[]
    }
    return [status.conditions[0]?.reason, status.daysLeft, status.servers, next]
  }

  expect(await pass({ expires: '2026-11-03T13:00:00Z' })).toEqual(['Active', 2, ['clinic/ehr'], 3_600_001])
  expect(await pass({ expires: '2026-11-01T12:00:05Z' })).toEqual(['Active', 0, ['clinic/ehr'], 5_000])
  expect(await pass({ expires: '2026-11-01T12:00:00Z' })).toEqual(['Expired', 0, ['clinic/ehr'], undefined])
  expect(await pass({ effective: '2026-11-01T12:00:07Z', expires: '2026-12-01T12:00:00Z' })).toEqual([
    'NotYetEffective',
    30,
    ['clinic/ehr'],
    1,
  ])
})
