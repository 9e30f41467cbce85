import { describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { containers } from '../../../core/identifiers.ts'
import { conforms } from '../../../operator/admission/conform.ts'
import { inject } from '../../../operator/admission/inject.ts'
import type { Container, Pod } from '../../../operator/admission/pod.ts'
import { verifies } from '../../verifies.ts'
import { aServer } from '../world.ts'
import { anApp, aPod, surroundings } from './pods.ts'

const stdio = aServer({ workload: { port: 8080, path: '/mcp', transport: 'Stdio' } })
const command = ['/usr/bin/ehr', '--patients=$(SHARD)']

/** A stdio server as its author writes it: no port, no probe. */
function aStdioApp(more: Partial<Container> = {}): Container {
  const { livenessProbe: _, readinessProbe: __, ports: ___, ...app } = anApp()
  return { ...app, command, args: ['--quiet'], ...more }
}
const aStdioPod = (...apps: Container[]): Pod =>
  aPod({ containers: apps.length === 0 ? [aStdioApp()] : apps })

function injected(pod: Pod, server = stdio): Pod {
  const result = inject(pod, server, surroundings)
  if ('violations' in result) throw new Error(result.violations.join('\n'))
  return result.pod
}
function violations(pod: Pod, server = stdio): string[] {
  const result = inject(pod, server, surroundings)
  return 'violations' in result ? result.violations : []
}
const conforming = (pod: Pod, server = stdio) => conforms(pod, server, surroundings)
const app = (pod: Pod, at = 0) => pod.spec.containers[at] as Container

/** The injected pod with a change to its server's container, or to another part. */
function changed(change: (pod: Pod) => void): Pod {
  const pod = structuredClone(injected(aStdioPod()))
  change(pod)
  return pod
}

describe('a pod of a stdio server', () => {
  test('is the pod of the golden file', async () => {
    await expect(stringify(injected(aStdioPod()))).toMatchFileSnapshot('golden/stdio.yaml')
  })

  verifies('injection:stdio', 'its command runs below the wrapper, its arguments are untouched', () => {
    const wrapped = app(injected(aStdioPod()))

    expect(wrapped.command?.slice(0, 3)).toEqual([
      '/hipaa-mcp/bin/ld.so',
      '--inhibit-cache',
      '--library-path',
    ])
    expect(wrapped.command?.slice(-3)).toEqual(['--', ...command])
    expect(wrapped['args']).toEqual(['--quiet'])
    expect(wrapped.volumeMounts?.slice(-2)).toEqual([
      { name: 'hipaa-mcp-wrapper', mountPath: '/hipaa-mcp/bin', readOnly: true },
      { name: 'hipaa-mcp-stdio', mountPath: '/hipaa-mcp/run', readOnly: true },
    ])
  })

  verifies('injection:stdio', 'it conforms, and injecting it again changes nothing', () => {
    const once = injected(aStdioPod())

    expect(conforming(once)).toEqual([])
    expect(injected(once)).toEqual(once)
  })

  test('of several containers the one that is named is the server', () => {
    const named = aServer({ workload: { port: 8080, path: '/mcp', transport: 'Stdio', container: 'app' } })
    const helper = anApp({ name: 'helper' })
    const pod = injected(aStdioPod(helper, aStdioApp()), named)

    expect(app(pod, 0).command).toBeUndefined()
    expect(app(pod, 1).command?.at(-1)).toBe(command.at(-1))
    expect(conforming(pod, named)).toEqual([])
    expect(violations(aStdioPod(helper, aStdioApp())).join()).toContain('workload.container')
    expect(
      violations(
        aStdioPod(aStdioApp()),
        aServer({ workload: { port: 8080, path: '/mcp', transport: 'Stdio', container: 'other' } }),
      ).join(),
    ).toContain('names none of them')
  })

  for (const [what, open] of [
    ['no command', { command: [] }],
    ['no command but arguments', { command: [], args: ['serve'] }],
  ] as const)
    verifies(
      'injection:stdio',
      `a container with ${what} is refused, for its image begins what is not seen`,
      () => {
        expect(violations(aStdioPod(aStdioApp({ ...open, command: [...open.command] })))).toEqual([
          expect.stringMatching(/^spec\.containers\[app\]\.command: .*write the command/),
        ])
      },
    )

  test('a probe over the network is refused: a stdio server answers on no port', () => {
    const found = violations(aStdioPod(aStdioApp({ readinessProbe: { tcpSocket: { port: 8080 } } })))

    expect(found).toEqual([expect.stringContaining('spec.containers[app].readinessProbe')])
    expect(violations(aStdioPod(aStdioApp({ readinessProbe: { exec: { command: ['true'] } } })))).toEqual([])
  })

  for (const [what, change] of [
    ['runs its command without the wrapper', (pod: Pod) => (app(pod).command = [...command])],
    ['runs another wrapper', (pod: Pod) => ((app(pod).command as string[])[7] = '/tmp/wrapper.mjs')],
    [
      'sends its messages to another socket',
      (pod: Pod) => ((app(pod).command as string[])[8] = '/tmp/server.sock'),
    ],
    ['has another loader', (pod: Pod) => ((app(pod).command as string[])[0] = '/lib/ld.so')],
    ['may write the wrapper', (pod: Pod) => void delete app(pod).volumeMounts?.at(-2)?.['readOnly']],
    ['may write beside the socket', (pod: Pod) => void delete app(pod).volumeMounts?.at(-1)?.['readOnly']],
    ['does not mount the socket', (pod: Pod) => void app(pod).volumeMounts?.pop()],
    [
      'mounts the wrapper elsewhere',
      (pod: Pod) => void Object.assign(app(pod).volumeMounts?.at(-2) ?? {}, { mountPath: '/x' }),
    ],
    [
      'fills the wrapper’s volume itself',
      (pod: Pod) =>
        (pod.spec.volumes = pod.spec.volumes?.map((volume) =>
          volume.name === 'hipaa-mcp-wrapper' ? { name: volume.name, configMap: { name: 'mine' } } : volume,
        ) as NonNullable<Pod['spec']['volumes']>),
    ],
    [
      'brings its own installer',
      (pod: Pod) => {
        const own = pod.spec.initContainers?.find(({ name }) => name === containers.wrapper)
        if (own !== undefined) own.command = ['cp', '/mine', '/hipaa-mcp/bin']
      },
    ],
    [
      'lets an init container write the wrapper',
      (pod: Pod) =>
        void pod.spec.initContainers?.push({
          name: 'mine',
          securityContext: { runAsUser: 1000 },
          volumeMounts: [{ name: 'hipaa-mcp-wrapper', mountPath: '/hipaa-mcp/bin' }],
        }),
    ],
    [
      'lets another container at the socket, as the server may',
      (pod: Pod) =>
        void pod.spec.containers.push({
          name: 'mine',
          securityContext: { runAsUser: 1000 },
          volumeMounts: [{ name: 'hipaa-mcp-stdio', mountPath: '/hipaa-mcp/run', readOnly: true }],
        }),
    ],
  ] as const)
    verifies('injection:stdio', `a pod that ${what} is refused`, () => {
      expect(conforming(changed(change)).length).toBeGreaterThan(0)
    })

  verifies('injection:stdio', 'a server that listens gets no wrapper, and may not mount what is ours', () => {
    const http = aServer()
    const pod = aPod({
      containers: [
        anApp({ volumeMounts: [{ name: 'hipaa-mcp-stdio', mountPath: '/hipaa-mcp/run', readOnly: true }] }),
      ],
    })

    expect(violations(pod, http).join()).toContain('volumeMounts[hipaa-mcp-stdio]')
    expect(conforming(injected(aStdioPod()), http).length).toBeGreaterThan(0)
    expect(app(injected(aPod(), http)).command).toBeUndefined()
  })

  test('that a command is wrapped already, as in a copy of a running pod, is no obstacle', () => {
    const copy = aStdioPod(app(injected(aStdioPod())))
    copy.spec.volumes = injected(aStdioPod()).spec.volumes ?? []

    expect(injected(copy).spec).toEqual(injected(aStdioPod()).spec)
  })
})
