import { describe, expect, test } from 'vitest'
import { dnsPort, mostLoopback, sidecarPorts } from '../../../core/identifiers.ts'
import type { HipaaMcpServer } from '../../../crds/hipaamcpserver.generated.ts'
import { conforms } from '../../../operator/admission/conform.ts'
import { inject } from '../../../operator/admission/inject.ts'
import { unreachedPorts } from '../../../operator/admission/loopback.ts'
import type { Container, Pod } from '../../../operator/admission/pod.ts'
import { verifies } from '../../verifies.ts'
import { aServer } from '../world.ts'
import { anApp, aPod, surroundings } from './pods.ts'

const plain = aServer()
const { workload } = plain.spec
const server = aServer({ workload: { ...workload, container: 'app', loopback: [6379, 11_434] } })
const cache: Container = {
  name: 'cache',
  ports: [{ containerPort: 6379 }],
  securityContext: { runAsUser: 999 },
}

function injected(pod: Pod, of = server): Pod {
  const result = inject(pod, of, surroundings)
  if ('violations' in result) throw new Error(result.violations.join('\n'))
  return result.pod
}

const portsTold = (pod: Pod) =>
  (pod.spec.initContainers ?? []).flatMap(({ name, env = [] }) =>
    env.filter(({ name: variable }) => variable === 'HIPAA_MCP_LOOPBACK').map(({ value }) => [name, value]),
  )
const unreached = (pod: Pod, of = plain) => unreachedPorts(pod.spec, of)
const declare = (unreachedOnes: string, list: string) =>
  `ports ${unreachedOnes} of container cache are reached by nobody: where the server uses them by localhost, write workload: {loopback: [${list}]} in its HipaaMcpServer`
const withPorts = (container: Container, ...list: number[]): Container => ({
  ...container,
  ports: list.map((containerPort) => ({ containerPort })),
})

function found(of: HipaaMcpServer, ...containers: Container[]): string[] {
  const result = inject(aPod({ containers }), of, surroundings)
  return 'violations' in result ? result.violations : []
}

verifies('transit:loopback', 'the guard learns the ports, and no other container of ours does', () => {
  expect(portsTold(injected(aPod()))).toEqual([['hipaa-mcp-guard', '6379,11434']])
  expect(portsTold(injected(aPod(), plain))).toEqual([])
})

verifies('transit:loopback', 'a pod made before the ports were declared does not conform, nor after', () => {
  expect(conforms(injected(aPod()), server, surroundings)).toEqual([])
  expect(conforms(injected(aPod(), plain), server, surroundings).join()).toContain('hipaa-mcp-guard')
  expect(conforms(injected(aPod()), plain, surroundings).join()).toContain('hipaa-mcp-guard')
})

describe('a server that runs as root', () => {
  const asRoot = aPod({ containers: [anApp({ securityContext: { runAsUser: 0 } }), cache] })

  test('is told that root reaches no helper', () => {
    const result = inject(asRoot, server, surroundings)
    expect('violations' in result && result.violations).toEqual([
      'spec.containers[app].securityContext.runAsUser: root reaches no port of workload.loopback: write another user',
    ])
  })

  test('is let in where it has none, and beside a helper that only listens', () => {
    expect('pod' in inject(asRoot, plain, surroundings)).toBe(true)
    const helper = { ...cache, securityContext: { runAsUser: 0 } }
    expect('pod' in inject(aPod({ containers: [anApp(), helper] }), server, surroundings)).toBe(true)
  })
})

describe('which container is the server is never guessed', () => {
  const unnamed = aServer({ workload: { ...workload, loopback: [6379] } })

  for (const [what, helper, app] of [
    ['a helper that is root comes first', 0, 1000],
    ['the server is root and comes second', 999, 0],
  ] as const)
    verifies('transit:loopback', `${what}: refused until it is named, and then judged`, () => {
      const pair = [
        { ...cache, securityContext: { runAsUser: helper } },
        anApp({ securityContext: { runAsUser: app } }),
      ]

      expect(found(unnamed, ...pair)).toEqual([
        'spec.containers: the pod has several and workload.container of HipaaMcpServer ehr names none of them: write there which one is the server (cache, app)',
      ])
      expect(found(server, ...pair)).toEqual(
        app === 0 ? [expect.stringContaining('spec.containers[app].securityContext.runAsUser')] : [],
      )
    })

  test('of one container only another name is a fault', () => {
    const other = aServer({ workload: { ...workload, container: 'other', loopback: [6379] } })

    expect(found(unnamed, anApp())).toEqual([])
    expect(found(other, anApp())).toEqual([expect.stringMatching(/^spec\.containers: workload\.container /)])
  })

  test('a stdio server hears it once', () => {
    const stdio = aServer({ workload: { ...workload, transport: 'Stdio', loopback: [6379] } })

    expect(found(stdio, cache, anApp()).filter((line) => line.startsWith('spec.containers:'))).toHaveLength(1)
  })

  test('the one that is named is what `kubectl logs` shows, also where it is not the first', () => {
    const { annotations } = injected(aPod({ containers: [cache, anApp()] })).metadata

    expect(annotations?.['kubectl.kubernetes.io/default-container']).toBe('app')
  })
})

describe('ports that nothing reaches', () => {
  test('are one line for a container, with all of its ports and those that are declared', () => {
    const pod = aPod({ containers: [anApp(), withPorts(cache, 6379, 6380, 6381, 6380)] })
    expect(unreached(pod)).toEqual([declare('6379, 6380, 6381', '6379, 6380, 6381')])
    expect(unreached(pod, server)).toEqual([declare('6380, 6381', '6379, 11434, 6380, 6381')])
  })

  test('are never those that the HipaaMcpServer refuses on loopback, or that leave otherwise', () => {
    const of = aServer({
      workload: { ...workload, metrics: { port: 9100, names: ['x'] } },
      tls: { discovery: { port: 8444 } },
    })
    const all = [workload.port, 9100, 8444, dnsPort, ...sidecarPorts]

    expect(unreached(aPod({ containers: [anApp(), withPorts(cache, ...all)] }), of)).toEqual([])
    expect(unreached(aPod({ containers: [withPorts(anApp(), ...all)] }), of)).toEqual([])
  })

  test('are told with the bound where they are more than a policy may declare', () => {
    const many = Array.from({ length: mostLoopback }, (_, index) => 7_000 + index)
    const [within, beyond] = [many, [...many, 7_777]].map((list) =>
      unreached(aPod({ containers: [anApp(), withPorts(cache, ...list)] })).join(),
    )

    expect(within).not.toContain('at most')
    expect(beyond).toContain(`${mostLoopback} of them at most`)
  })

  test('are those of another container that are not declared, with what to write', () => {
    const pod = aPod({ containers: [anApp(), cache] })
    expect(unreached(pod)).toEqual([
      'port 6379 of container cache is reached by nobody: where the server uses it by localhost, write workload: {loopback: [6379]} in its HipaaMcpServer',
    ])
    expect(unreached(pod, server)).toEqual([])
    expect(unreached(injected(pod), server)).toEqual([])
  })

  test('are those of a container that starts before the server and stays', () => {
    const early = { ...cache, restartPolicy: 'Always' }
    expect(unreached(aPod({ containers: [anApp()], initContainers: [early] }))).toHaveLength(1)
    const { restartPolicy: _, ...once } = early
    expect(unreached(aPod({ containers: [anApp()], initContainers: [once] }))).toEqual([])
  })

  test('are more ports of the server itself, and none by UDP', () => {
    const pod = aPod({
      containers: [
        anApp({
          ports: [
            { containerPort: workload.port },
            { containerPort: 8081 },
            { containerPort: 9999, protocol: 'UDP' },
          ],
        }),
      ],
    })
    expect(unreached(pod)).toEqual([
      'port 8081 of container app is reached by no other pod: probes of it are asked by the sidecar, metrics leave by workload.metrics, and anything else is a server of its own (docs/ports.md)',
    ])
  })
})
