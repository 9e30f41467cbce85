// Ways to run a pod without its guard, tried on a real API server with the product's own webhooks and policies.

import { expect } from 'vitest'
import { until } from '../../demo/kubectl.ts'
import { verifies } from '../../verifies.ts'
import { podsOf, type Stage } from './stage.ts'

/** A pod of the clinic as its Deployment makes it, for edits. */
async function template(
  stage: Stage,
): Promise<{ spec: Record<string, unknown> & { containers: Record<string, unknown>[] } }> {
  const { kubectl } = stage()
  const deployment = await kubectl.get<{
    spec: { template: { spec: { containers: Record<string, unknown>[] } } }
  }>('deployment', 'ehr-mcp', '-n', 'clinic')
  if (deployment === undefined) throw new Error('The clinic has no Deployment ehr-mcp')
  return deployment.spec.template
}

const pod = (name: string, spec: object, annotations: object = { 'hipaa-mcp.dev/server': 'ehr' }) =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'clinic', annotations, labels: { app: 'ehr-mcp-test' } },
    spec,
  })

/** What `kubectl create` says to a pod; it is deleted where it was let in. */
async function create(stage: Stage, name: string, text: string): Promise<{ code: number; stderr: string }> {
  const { kubectl } = stage()
  const { code, stderr } = await kubectl.attempt(['create', '-f', '-'], text)
  if (code === 0) await kubectl.run(['delete', 'pod', name, '-n', 'clinic', '--grace-period=1'])
  return { code, stderr }
}

export function injection(stage: Stage): void {
  verifies(
    'injection:whole-spec',
    'a pod brings a container named like ours, but its own image',
    async () => {
      const { spec } = await template(stage)
      const image = (spec.containers[0] as { image: string }).image
      const impostor = {
        name: 'hipaa-mcp',
        image,
        restartPolicy: 'Always',
        args: ['test/sample/agent.ts', 'wait'],
      }

      const seen = await create(stage, 'impostor', pod('impostor', { ...spec, initContainers: [impostor] }))

      expect(seen.code, seen.stderr).not.toBe(0)
      expect(seen.stderr).toContain('hipaa-mcp')
    },
  )

  verifies('injection:unknown-server', 'a pod names a server that is not there', async () => {
    const { spec } = await template(stage)

    const seen = await create(stage, 'lost', pod('lost', spec, { 'hipaa-mcp.dev/server': 'nobody' }))

    expect(seen.code).not.toBe(0)
    expect(seen.stderr).toContain('nobody')
  })

  for (const [title, change] of [
    ['the host network', { hostNetwork: true }],
    ['the host’s processes', { hostPID: true }],
    ['shared processes', { shareProcessNamespace: true }],
    ['the sidecar’s user', { securityContext: { runAsUser: 64101, runAsGroup: 64101 } }],
  ] as const) {
    verifies('injection:uid', `a pod asks for ${title}`, async () => {
      const { spec } = await template(stage)
      const containers = spec.containers.map((container) => ({ ...container, securityContext: {} }))

      const seen = await create(
        stage,
        'greedy',
        pod('greedy', { ...spec, ...('securityContext' in change ? { containers } : {}), ...change }),
      )

      expect(seen.code, seen.stderr).not.toBe(0)
    })
  }

  verifies(
    'injection:update',
    'the sidecar’s image is patched in a running pod, and its guard label taken away',
    async () => {
      const [guarded] = await podsOf(stage(), 'clinic', 'app=ehr-mcp')
      const { kubectl } = stage()
      const name = guarded?.name ?? ''
      const live = await kubectl.get<{ spec: { initContainers: { name: string }[] } }>(
        'pod',
        name,
        '-n',
        'clinic',
      )
      const at = live?.spec.initContainers.findIndex((container) => container.name === 'hipaa-mcp') ?? -1
      expect(at).toBeGreaterThanOrEqual(0)

      const image = await kubectl.attempt([
        'patch',
        'pod',
        name,
        '-n',
        'clinic',
        '--type=json',
        '-p',
        JSON.stringify([
          {
            op: 'replace',
            path: `/spec/initContainers/${at}/image`,
            value: 'localhost/hipaa-mcp-samples:dev',
          },
        ]),
      ])
      const label = await kubectl.attempt(['label', 'pod', name, '-n', 'clinic', 'hipaa-mcp.dev/guarded-'])

      expect(image.code).not.toBe(0)
      expect(label.code).not.toBe(0)
    },
  )

  verifies(
    'injection:connect',
    'a person opens a shell, a tunnel and a debug container into a guarded pod',
    async () => {
      const [guarded] = await podsOf(stage(), 'clinic', 'app=ehr-mcp')
      const { kubectl } = stage()
      const name = guarded?.name ?? ''

      const shell = await kubectl.attempt(['exec', '-n', 'clinic', name, '-c', 'ehr', '--', 'node', '-v'])
      const forward = await kubectl.attempt(['port-forward', '-n', 'clinic', name, '0:8080'])
      const debug = await kubectl.attempt([
        'debug',
        '-n',
        'clinic',
        name,
        '--image=localhost/hipaa-mcp-samples:dev',
        '--profile=general',
        '--quiet',
        '--',
        'node',
        '-v',
      ])

      for (const seen of [shell, forward, debug]) {
        expect(seen.code).not.toBe(0)
        expect(seen.stderr).toContain('hipaa-mcp')
      }
    },
  )

  verifies('operator:self-heal', 'the server’s NetworkPolicy is deleted', async () => {
    const { kubectl } = stage()
    const names = async () =>
      (await kubectl.run(['get', 'networkpolicy', '-n', 'clinic', '-o', 'name']))
        .trim()
        .split('\n')
        .filter((name) => name !== '')
    const before = await names()
    expect(before.length).toBeGreaterThan(0)

    await kubectl.run(['delete', 'networkpolicy', '-n', 'clinic', '--all'])

    const after = await until('the policies are back', 30, async () => {
      const seen = await names()
      return seen.length === before.length ? seen : undefined
    })
    expect(after.toSorted()).toEqual(before.toSorted())
  })
}
