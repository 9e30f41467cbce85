import { describe, expect, test } from 'vitest'
import { conforms } from '../../../operator/admission/conform.ts'
import { inject } from '../../../operator/admission/inject.ts'
import { unreachedPorts } from '../../../operator/admission/loopback.ts'
import type { Container, Pod } from '../../../operator/admission/pod.ts'
import { verifies } from '../../verifies.ts'
import { aServer } from '../world.ts'
import { anApp, aPod, surroundings } from './pods.ts'

const plain = aServer()
const { workload } = plain.spec
const server = aServer({ workload: { ...workload, loopback: [6379, 11_434] } })
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

describe('ports that nothing reaches', () => {
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
      expect.stringContaining('port 8081 of container app is reached by no other pod'),
    ])
  })
})
