// Webhooks of others, as they behave: each goes over pods in its own way, and knows nothing of us. Over HTTPS, asked by the
// API server itself.

import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Container, Pod } from '../../operator/admission/pod.ts'
import { patchOf, requestIn, reviewOf } from '../../operator/admission/review.ts'
import { authority } from '../sample/certificates.ts'

type Change = (pod: Pod) => void
const all = ({ spec }: Pod): Container[] => [...(spec.initContainers ?? []), ...spec.containers]
const before = (pod: Pod, ...added: Container[]): void => {
  const names = new Set(added.map(({ name }) => name))
  const others = (pod.spec.initContainers ?? []).filter(({ name }) => !names.has(name))
  pod.spec.initContainers = [...added, ...others]
}
const confined = {
  runAsUser: 1337,
  runAsGroup: 1337,
  capabilities: { drop: ['ALL'] },
  allowPrivilegeEscalation: false,
}
const proxy: Container = {
  name: 'istio-proxy',
  image: 'proxyv2:1',
  restartPolicy: 'Always',
  args: ['proxy', 'sidecar'],
  ports: [{ containerPort: 15_090, name: 'http-envoy-prom', protocol: 'TCP' }],
  securityContext: confined,
}

export const behaviours = {
  /** Istio with its CNI plugin: a check and a native sidecar, before everything that is there. */
  'istio-cni': (pod) =>
    before(
      pod,
      { name: 'istio-validation', image: 'proxyv2:1', args: ['istio-iptables'], securityContext: confined },
      proxy,
    ),
  /** Istio without: its init container sets a packet filter of its own. */
  'istio-init': (pod) =>
    before(
      pod,
      {
        name: 'istio-init',
        image: 'proxyv2:1',
        securityContext: { runAsUser: 0, capabilities: { add: ['NET_ADMIN', 'NET_RAW'], drop: ['ALL'] } },
      },
      proxy,
    ),
  /** Linkerd without its CNI plugin. */
  linkerd: (pod) =>
    before(
      pod,
      {
        name: 'linkerd-init',
        image: 'proxy-init:1',
        securityContext: { runAsUser: 65_534, capabilities: { add: ['NET_ADMIN', 'NET_RAW'] } },
      },
      { ...proxy, name: 'linkerd-proxy', securityContext: { ...confined, runAsUser: 2102 } },
    ),
  /** amazon-eks-pod-identity-webhook: variables, a volume and its mount, in every container. */
  irsa: (pod) => {
    const token = {
      serviceAccountToken: { path: 'token', audience: 'sts.amazonaws.com', expirationSeconds: 86_400 },
    }
    const others = (pod.spec.volumes ?? []).filter(({ name }) => name !== 'aws-iam-token')
    pod.spec.volumes = [...others, { name: 'aws-iam-token', projected: { sources: [token] } }]
    for (const container of all(pod)) {
      const values = {
        AWS_ROLE_ARN: 'arn:aws:iam::1:role/ehr',
        AWS_WEB_IDENTITY_TOKEN_FILE: '/var/run/token',
      }
      const env = (container.env ?? []).filter(({ name }) => !(name in values))
      const mounts = (container.volumeMounts ?? []).filter(({ name }) => name !== 'aws-iam-token')
      container.env = [...env, ...Object.entries(values).map(([name, value]) => ({ name, value }))]
      container.volumeMounts = [
        ...mounts,
        { name: 'aws-iam-token', mountPath: '/var/run/secrets/eks', readOnly: true },
      ]
    }
  },
  /** Sorts what it finds. */
  sorts: ({ spec }) => {
    spec.initContainers = (spec.initContainers ?? []).toSorted((a, b) => (a.name < b.name ? -1 : 1))
  },
  /** Built on a library that knows no native sidecars: what it does not know is gone when it writes the pod again. */
  drops: ({ spec }) => {
    for (const container of spec.initContainers ?? []) delete container.restartPolicy
    spec.containers = spec.containers.map((container) => ({
      ...container,
      env: [...(container.env ?? []), { name: 'TRACED', value: 'yes' }],
    }))
  },
  /** An injector gone wrong, or worse: variables for every program, ours among them. */
  meddles: (pod) => {
    for (const container of all(pod))
      container.env = [...(container.env ?? []), { name: 'NODE_OPTIONS', value: '--inspect' }]
  },
} as const satisfies { [name: string]: Change }
export type Behaviour = keyof typeof behaviours

export type OtherWebhooks = {
  /** The object that has the API server ask for pods of namespaces labelled `beside: <name>`. */
  configuration(name: Behaviour, address: string, reinvocationPolicy: 'Never' | 'IfNeeded'): object
  /** How often each was asked. */
  asked: Map<string, number>
  end(): void
}

/** Listens on every address; `hosts`: those by which the API server calls. */
export async function otherWebhooks(hosts: readonly string[]): Promise<OtherWebhooks> {
  const ca = await authority('others')
  const { key, cert } = await ca.issue('others', hosts)
  const asked = new Map<string, number>()
  const server = createServer({ key, cert }, (request, response) => {
    const name = (request.url ?? '').slice(1).split('?')[0] as Behaviour
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      asked.set(name, (asked.get(name) ?? 0) + 1)
      const { uid, object } = requestIn(Buffer.concat(chunks).toString('utf8'))
      const changed = structuredClone(object as Pod)
      behaviours[name](changed)
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(JSON.stringify(reviewOf(uid, { allowed: true, patch: patchOf(object as Pod, changed) })))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, resolve))
  const { port } = server.address() as AddressInfo
  return {
    asked,
    configuration: (name, address, reinvocationPolicy) => ({
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'MutatingWebhookConfiguration',
      // After us, as most names are: the API server asks in the order of names.
      metadata: { name: `other-${name}` },
      webhooks: [
        {
          name: `${name}.other.example`,
          admissionReviewVersions: ['v1'],
          sideEffects: 'None',
          reinvocationPolicy,
          namespaceSelector: { matchLabels: { beside: name } },
          rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }],
          clientConfig: {
            url: `https://${address}:${port}/${name}`,
            caBundle: Buffer.from(ca.cert).toString('base64'),
          },
        },
      ],
    }),
    end: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}
