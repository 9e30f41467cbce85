import { describe, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { conforms } from '../../../operator/admission/conform.ts'
import { inject } from '../../../operator/admission/inject.ts'
import type { Container, Pod } from '../../../operator/admission/pod.ts'
import { verifies } from '../../verifies.ts'
import { aServer } from '../world.ts'
import { anApp, aPod, surroundings } from './pods.ts'

const withGate = aServer({
  network: { egress: [{ baa: 'openai', credential: { secretName: 'ehr-openai' } }] },
})
const folder = '/var/run/hipaa-mcp/trust'
const ours = { name: 'hipaa-mcp-trust', mountPath: folder, readOnly: true }

function injected(pod: Pod, server = withGate): Pod {
  const result = inject(pod, server, surroundings)
  if ('violations' in result) throw new Error(result.violations.join('\n'))
  return result.pod
}
const app = (pod: Pod) => pod.spec.containers[0] as Container
const valueOf = (container: Container, name: string) => container.env?.find((one) => one.name === name)?.value

describe('a pod whose server reaches a model’s vendor through the gate', () => {
  verifies('agreement:pod-ca', 'each of its containers has the folder read-only and is told of it', () => {
    const pod = injected(aPod({ initContainers: [anApp({ name: 'migrate' })] }))

    const init = (pod.spec.initContainers ?? []).find(({ name }) => name === 'migrate') as Container
    for (const container of [app(pod), init]) {
      expect(container.volumeMounts).toContainEqual(ours)
      expect(container.env).toEqual([
        { name: 'NODE_EXTRA_CA_CERTS', value: `${folder}/ca.pem` },
        { name: 'SSL_CERT_FILE', value: `${folder}/bundle.pem` },
        { name: 'REQUESTS_CA_BUNDLE', value: `${folder}/bundle.pem` },
        { name: 'JDK_JAVA_OPTIONS', value: `-Djavax.net.ssl.trustStore=${folder}/trust.jks` },
      ])
    }
    expect(pod.spec.volumes).toContainEqual({
      name: 'hipaa-mcp-trust',
      emptyDir: { medium: 'Memory', sizeLimit: '4Mi' },
    })
    const sidecar = pod.spec.initContainers?.find(({ name }) => name === 'hipaa-mcp')
    expect(sidecar?.volumeMounts).toContainEqual({ name: 'hipaa-mcp-trust', mountPath: folder })
  })

  verifies('agreement:pod-ca', 'what its author has set stays', () => {
    const env = [
      { name: 'SSL_CERT_FILE', value: '/etc/clinic/roots.pem' },
      { name: 'JDK_JAVA_OPTIONS', valueFrom: { configMapKeyRef: { name: 'java', key: 'options' } } },
    ]

    const container = app(injected(aPod({ containers: [anApp({ env })] })))

    expect(container.env?.slice(0, 2)).toEqual(env)
    expect(container.env?.map(({ name }) => name)).toEqual([
      'SSL_CERT_FILE',
      'JDK_JAVA_OPTIONS',
      'NODE_EXTRA_CA_CERTS',
      'REQUESTS_CA_BUNDLE',
    ])
  })

  test('it conforms, and injecting it again changes nothing', () => {
    const once = parse(stringify(injected(aPod()))) as Pod

    expect(conforms(once, withGate, surroundings)).toEqual([])
    expect(injected(once)).toEqual(once)
  })

  test('mounts that another webhook puts behind ours change nothing', () => {
    const once = injected(aPod())
    app(once).volumeMounts?.push({ name: 'sockets', mountPath: '/sockets' })

    expect(conforms(once, withGate, surroundings)).toEqual([])
  })

  const wrong: { [what: string]: (container: Container) => void } = {
    'mounts the folder to write': ({ volumeMounts }) => delete volumeMounts?.at(-1)?.['readOnly'],
    'mounts it elsewhere': ({ volumeMounts }) =>
      Object.assign(volumeMounts?.at(-1) ?? {}, { mountPath: '/etc/ssl' }),
    'mounts it not at all': ({ volumeMounts }) => void volumeMounts?.pop(),
    'is not told': ({ env }) => void env?.pop(),
  }
  for (const [what, change] of Object.entries(wrong))
    verifies('agreement:pod-ca', `a container that ${what} does not conform`, () => {
      const pod = structuredClone(injected(aPod()))
      change(app(pod))

      expect(conforms(pod, withGate, surroundings).join()).toMatch(/volumeMounts|env/)
    })
})

test('without a credential for a vendor there is neither folder nor variable', () => {
  const pod = injected(aPod(), aServer())

  expect(valueOf(app(pod), 'SSL_CERT_FILE')).toBeUndefined()
  expect(JSON.stringify(pod)).not.toContain('hipaa-mcp-trust')
})
