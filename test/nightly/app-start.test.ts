// A real kubelet starts the app of a guarded pod when the filter is proved and the sidecar ready, and not before: here nothing can
// be recorded for longer than it waits.

import { afterAll, beforeAll, expect } from 'vitest'
import { enforceLabel, systemNamespace } from '../../core/identifiers.ts'
import { type Kubectl, until } from '../demo/kubectl.ts'
import { install } from '../demo/scene.ts'
import { world } from '../demo/world.ts'
import { aServer } from '../operator/world.ts'
import { verifies } from '../verifies.ts'

const namespace = 'app-start'
const collector = ['statefulset/hipaa-mcp-collector', '-n', systemNamespace] as const

type State = {
  waiting?: { reason: string; message?: string }
  running?: object
  terminated?: { exitCode: number }
}
type Status = { name: string; state: State; lastState: State; restartCount: number }
type Seen = {
  status?: {
    initContainerStatuses?: Status[]
    containerStatuses?: Status[]
    conditions?: { type: string; status: string }[]
  }
}

let kubectl: Kubectl
beforeAll(async () => {
  const place = await world()
  kubectl = place.kubectl
  await install(place)
  const { metadata: _, ...server } = aServer({ profile: 'Development' })
  const items = [
    {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: namespace, labels: { [enforceLabel]: 'true' } },
    },
    { ...server, metadata: { namespace, name: 'ehr' } },
  ]
  for (const item of items) await kubectl.apply(JSON.stringify(item))
}, 600_000)
afterAll(async () => {
  await kubectl.run(['scale', ...collector, '--replicas=1'])
  await kubectl.run(['delete', 'namespace', namespace, '--wait=false'])
}, 120_000)

const pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { namespace, name: 'ehr', annotations: { 'hipaa-mcp.dev/server': 'ehr' } },
  spec: {
    terminationGracePeriodSeconds: 1,
    containers: [
      {
        name: 'ehr',
        image: 'localhost/hipaa-mcp-samples:dev',
        command: ['/usr/bin/node', '-e', 'setInterval(() => undefined, 60_000)'],
        securityContext: { runAsUser: 1000 },
      },
    ],
  },
}

async function seen(): Promise<{
  guard: Status | undefined
  sidecar: Status | undefined
  app: Status | undefined
  ready: boolean
}> {
  const { status = {} } = (await kubectl.get<Seen>('pod', 'ehr', '-n', namespace)) ?? {}
  const all = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])]
  const of = (name: string) => all.find((one) => one.name === name)
  const ready = status.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') === true
  return { guard: of('hipaa-mcp-guard'), sidecar: of('hipaa-mcp'), app: of('ehr'), ready }
}

verifies(
  'audit:no-record-no-service',
  'a real kubelet does not start the app while nothing can be recorded, and starts it when it can',
  async () => {
    await kubectl.run(['scale', ...collector, '--replicas=0'])
    await kubectl.run([
      'wait',
      '--for=delete',
      'pod/hipaa-mcp-collector-0',
      '-n',
      systemNamespace,
      '--timeout=120s',
    ])
    await kubectl.apply(JSON.stringify(pod))

    const refused = await until('the kubelet gives the sidecar up, or starts the app', 240, async () => {
      const now = await seen()
      const { state, restartCount = 0 } = now.sidecar ?? {}
      const givenUp =
        restartCount > 0 || /^(PostStartHookError|CrashLoopBackOff)$/.test(state?.waiting?.reason ?? '')
      return givenUp || now.app?.state.running !== undefined ? now : undefined
    })
    expect(refused).toMatchObject({
      guard: { state: { terminated: { exitCode: 0 } } },
      app: { state: { waiting: { reason: 'PodInitializing' } }, restartCount: 0 },
      ready: false,
    })

    await kubectl.run(['scale', ...collector, '--replicas=1'])
    const started = await until('the pod is ready', 300, async () => {
      const now = await seen()
      return now.ready ? now : undefined
    })
    expect(started.app?.state.running).toBeDefined()
  },
  600_000,
)
