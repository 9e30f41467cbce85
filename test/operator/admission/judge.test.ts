import { describe, expect, test } from 'vitest'
import { guardedLabel, serverAnnotation, storeLabel } from '../../../core/identifiers.ts'
import { judgeConnect, judgeStoreConnect } from '../../../operator/admission/connect.ts'
import { judgeInjection, judgePod, type Lookup } from '../../../operator/admission/judge.ts'
import type { Pod } from '../../../operator/admission/pod.ts'
import type { Operation, Verdict } from '../../../operator/admission/review.ts'
import { verifies } from '../../verifies.ts'
import { aServer } from '../world.ts'
import { aBystander, anApp, aPod, aRequest, surroundings } from './pods.ts'

const ehr = aServer({
  stores: [{ name: 'db', pods: { matchLabels: { app: 'ehr-db' } }, port: 5432 }],
})
const lab = aServer(
  { workload: { port: 1, path: '/mcp', selector: { matchLabels: { app: 'lab' } } } },
  { name: 'lab' },
)

/** No emergency lets anybody in. */
const nobody = { grants: async () => [], now: Date.now }

const lookup = (...pods: Pod[]): Lookup => ({
  servers: async () => [ehr, lab],
  pod: async (_, name) => pods.find((pod) => pod.metadata.name === name),
  podSecurity: async () => 'privileged',
})

const ephemeral = (spec: { [member: string]: unknown }, name = 'd') => [
  { name, ephemeral: { volumeClaimTemplate: { spec } } },
]

/** The few operations that patchOf writes. */
function patched(pod: Pod, patch: readonly Operation[] = []): Pod {
  const copy = structuredClone(pod) as unknown as { [part: string]: { [member: string]: unknown } }
  for (const operation of patch) {
    const [, part = '', member = ''] = operation.path.split('/')
    const holder = (copy[part] ??= {})
    if (operation.op === 'remove') delete holder[member]
    else holder[member] = operation.value
  }
  return copy as unknown as Pod
}

const inject = async (pod: Pod) => await judgeInjection(aRequest(pod), lookup(), surroundings)
const message = (verdict: Verdict) => (verdict.allowed ? '' : verdict.message)

async function admitted(pod: Pod): Promise<Pod> {
  const verdict = await inject(pod)
  if (!verdict.allowed) throw new Error(verdict.message)
  return patched(pod, verdict.patch)
}

const dropped = (drop: string[]) =>
  aBystander({ containers: [anApp({ securityContext: { runAsUser: 1000, capabilities: { drop } } })] })

describe('every pod of an enrolled namespace is guarded, a store, or a bystander', () => {
  test('by annotation and by selector it is guarded, and both webhooks agree', async () => {
    for (const pod of [aPod(), aBystander({}, { labels: { app: 'lab' } })]) {
      const final = await admitted(pod)
      expect(final.metadata.labels?.[guardedLabel]).toMatch(/^(ehr|lab)$/)
      expect(await judgePod(aRequest(final), lookup(), surroundings, nobody)).toEqual({ allowed: true })
    }
  })

  test('a bystander passes untouched, but for its raw sockets and its way into the node’s log', async () => {
    expect(await admitted(aBystander())).toEqual(dropped(['AUDIT_WRITE', 'NET_RAW']))
    for (const already of [dropped(['ALL']), dropped(['CHOWN', 'NET_RAW', 'AUDIT_WRITE'])])
      expect(await admitted(already)).toEqual(already)
  })

  test('a store and an init container lose both too', async () => {
    const pod = aBystander({ initContainers: [{ name: 'first' }] }, { labels: { app: 'ehr-db' } })
    const { spec } = await admitted(pod)
    for (const container of [...(spec.initContainers ?? []), ...spec.containers])
      expect(container.securityContext?.capabilities?.drop, container.name).toEqual([
        'AUDIT_WRITE',
        'NET_RAW',
      ])
  })

  test('no container of an unguarded pod has a name of ours', async () => {
    for (const [list, name] of [
      ['containers', 'hipaa-mcp'],
      ['initContainers', 'hipaa-mcp-guard'],
    ] as const) {
      const pod = aBystander({ [list]: [{ name, image: 'registry.test/other:1' }] })
      expect(message(await inject(pod))).toContain(`spec.${list}[${name}].name`)
      expect(message(await judgePod(aRequest(pod), lookup(), surroundings, nobody))).toContain(
        'choose another name',
      )
    }
  })

  test('no claim of another pod is named like the trail of a sidecar', async () => {
    for (const [pod, volume] of [
      ['ehr-1-hipaa-mcp', 'trail'],
      ['ehr-1-hipaa', 'mcp-trail'],
      ['ehr-1', 'hipaa-mcp-trail'],
    ] as const) {
      const bystander = aBystander({ volumes: ephemeral({}, volume) }, { name: pod })
      expect(message(await inject(bystander))).toContain(`spec.volumes[${volume}].ephemeral`)
      expect(message(await judgePod(aRequest(bystander), lookup(), surroundings, nobody))).toContain(
        'another name',
      )
    }
    const guarded = aPod({ volumes: ephemeral({}, 'trail') }, { name: 'ehr-1-hipaa-mcp' })
    expect(message(await inject(guarded))).toContain('spec.volumes[trail].ephemeral')
    expect(await inject(aPod({ volumes: ephemeral({}, 'trail') }))).toMatchObject({ allowed: true })
  })

  test('a bystander mounts no claim and no copy of one, a store and a new empty volume do', async () => {
    const claim = [{ name: 'd', persistentVolumeClaim: { claimName: 'data-ehr-db-0' } }]
    const copies = [
      claim,
      ephemeral({ dataSource: { kind: 'PersistentVolumeClaim', name: 'data-ehr-db-0' } }),
      ephemeral({ dataSourceRef: { kind: 'VolumeSnapshot', name: 'data' } }),
      ephemeral({ volumeName: 'pvc-1' }),
    ]
    for (const volumes of copies) {
      const pod = aBystander({ volumes })
      expect(message(await inject(pod))).toContain('spec.volumes[d].')
      expect(message(await judgePod(aRequest(pod), lookup(), surroundings, nobody))).toContain(
        'spec.volumes[d].',
      )
    }
    expect(await inject(aBystander({ volumes: ephemeral({}) }))).toMatchObject({ allowed: true })
    expect(await inject(aBystander({ volumes: claim }, { labels: { app: 'ehr-db' } }))).toMatchObject({
      allowed: true,
    })
  })

  test('a bystander that would own the node is refused', async () => {
    const pod = aBystander({ hostPID: true, containers: [anApp({ securityContext: { privileged: true } })] })
    const text = message(await inject(pod))
    expect(text).toContain('spec.hostPID')
    expect(text).toContain('spec.containers[app].securityContext.privileged')
  })
})

verifies('injection:unknown-server', 'the annotation names none, or nothing', async () => {
  for (const name of ['ehrr', '']) {
    const text = message(await inject(aPod({}, { annotations: { [serverAnnotation]: name } })))
    expect(text).toContain(`there is no HipaaMcpServer ${JSON.stringify(name)} in this namespace`)
  }
})

test('two servers that claim one pod refuse it by both names', async () => {
  const text = message(await inject(aPod({}, { labels: { app: 'lab' } })))
  expect(text).toContain('ehr and lab claim this pod')
})

test('a pod that is guarded and a store at once is refused', async () => {
  expect(message(await inject(aPod({}, { labels: { app: 'ehr-db' } })))).toContain('ehr and ehr.db')
})

verifies('injection:store-label', 'the store’s pods are stamped, and nobody else stamps', async () => {
  const store = aBystander({}, { labels: { app: 'ehr-db' } })
  expect((await admitted(store)).metadata.labels?.[storeLabel]).toBe('ehr.db')
  for (const label of [storeLabel, guardedLabel])
    expect(message(await inject(aBystander({}, { labels: { [label]: 'ehr.db' } })))).toContain(
      `metadata.labels[${label}]: is set by admission alone`,
    )
})

test('a name that is no label value is refused, not cut', async () => {
  const long = aServer({}, { name: 'e'.repeat(64) })
  const names: Lookup = { ...lookup(), servers: async () => [long] }
  const pod = aPod({}, { annotations: { [serverAnnotation]: long.metadata.name } })
  expect(message(await judgeInjection(aRequest(pod), names, surroundings))).toContain('shorter name')
})

describe('the final pod', () => {
  test('that another webhook robbed of its sidecar is refused', async () => {
    const final = await admitted(aPod())
    const robbed = { ...final, spec: { ...final.spec, initContainers: [] } }
    expect(message(await judgePod(aRequest(robbed), lookup(), surroundings, nobody))).toContain(
      'the sidecar is missing',
    )
  })

  test('with restartPolicy lost on its way through an older webhook is refused', async () => {
    const final = structuredClone(await admitted(aPod()))
    delete final.spec.initContainers?.[1]?.restartPolicy
    expect(message(await judgePod(aRequest(final), lookup(), surroundings, nobody))).toContain(
      'spec.initContainers[hipaa-mcp].restartPolicy',
    )
  })
})

verifies('injection:update', 'the image of the sidecar is exchanged', async () => {
  const oldObject = await admitted(aPod())
  const object = structuredClone(oldObject)
  const sidecar = object.spec.initContainers?.[1]
  if (sidecar !== undefined) sidecar.image = 'evil:1'
  const verdict = await judgePod(
    aRequest(object, { operation: 'UPDATE', oldObject }),
    lookup(),
    surroundings,
    nobody,
  )
  expect(message(verdict)).toContain('spec.initContainers[hipaa-mcp].image')
})

test('a finalizer of a pod that ran before its namespace was enrolled is no matter of ours', async () => {
  const oldObject = aPod({ hostNetwork: true })
  const object = { ...oldObject, metadata: { ...oldObject.metadata, finalizers: ['example.com/f'] } }
  const request = aRequest(object, { operation: 'UPDATE', oldObject })
  expect(await judgePod(request, lookup(), surroundings, nobody)).toEqual({ allowed: true })
})

verifies('injection:connect', 'exec, attach, port-forward, proxy and ephemeral containers', async () => {
  const guarded = await admitted(
    aPod({}, { name: 'ehr-1', labels: {}, annotations: { [serverAnnotation]: 'ehr' } }),
  )
  const bystander = aBystander({}, { name: 'other-1' })
  const unlabelled = { ...guarded, metadata: { name: 'ehr-2' } }
  const pods = lookup(guarded, bystander, unlabelled)
  const connect = async (name: string, subResource: string) =>
    await judgeConnect(
      aRequest(bystander, { operation: 'CONNECT', name, subResource, object: { kind: 'PodExecOptions' } }),
      pods,
      nobody,
    )
  for (const subResource of ['exec', 'attach', 'portforward', 'proxy']) {
    expect(message(await connect('ehr-1', subResource))).toContain('the guarded pod clinic/ehr-1')
    expect(message(await connect('ehr-2', subResource))).toContain('the guarded pod clinic/ehr-2')
    expect(message(await connect('gone', subResource))).toContain('there is no pod clinic/gone')
    expect(await connect('other-1', subResource)).toEqual({ allowed: true })
  }
  const store = aBystander({}, { name: 'ehr-db-0', labels: { [storeLabel]: 'ehr.db' } })
  const asked = aRequest(store, { operation: 'CONNECT', name: 'ehr-db-0', subResource: 'exec' })
  expect(await judgeConnect(asked, lookup(store), nobody)).toEqual({ allowed: true })
  expect(message(await judgeStoreConnect(asked, lookup(store)))).toContain('the store clinic/ehr-db-0')
  expect(await judgeStoreConnect({ ...asked, name: 'other-1' }, pods)).toEqual({ allowed: true })
  const debugged = { ...guarded, spec: { ...guarded.spec, ephemeralContainers: [anApp({ name: 'debug' })] } }
  const request = aRequest(debugged, {
    operation: 'UPDATE',
    oldObject: guarded,
    subResource: 'ephemeralcontainers',
  })
  expect(message(await judgePod(request, pods, surroundings, nobody))).toContain('spec.ephemeralContainers')
})
