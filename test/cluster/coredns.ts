// The cluster's DNS server, as a Deployment behind the Service that the kubelet tells every pod of.

import type { Api } from './api.ts'
import { until } from './api.ts'
import { coreDnsVersion } from './components.ts'
import type { Slot } from './slot.ts'

export const coreDnsImage = `localhost/coredns:${coreDnsVersion}`

const namespace = 'kube-system'
const labels = { 'k8s-app': 'kube-dns' }
const name = 'coredns'

// Names outside the cluster get NXDOMAIN: the test node has no way out, and a resolver that waits for one would hide it.
// Hosts *.partner.test stand for the outside world: HOST.NAMESPACE.partner.test is that Service, under a name that no
// cluster suffix gives away.
const corefile = `.:53 {
    errors
    health :8080
    ready :8181
    rewrite stop {
        name regex (.*)\\.partner\\.test\\. {1}.svc.cluster.local. answer auto
    }
    kubernetes cluster.local in-addr.arpa ip6.arpa {
        pods insecure
        ttl 5
    }
    template ANY ANY . {
        rcode NXDOMAIN
    }
    cache 5
    reload 2s
}
`

/** Applies CoreDNS; `coreDnsReady` waits for it. */
export async function applyCoreDns(slot: Slot, api: Api): Promise<void> {
  const rbac = '/apis/rbac.authorization.k8s.io/v1'
  const core = `/api/v1/namespaces/${namespace}`
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'system:coredns' }
  const subjects = [{ kind: 'ServiceAccount', name, namespace }]
  const rules = [
    { apiGroups: [''], resources: ['endpoints', 'services', 'pods', 'namespaces'], verbs: ['list', 'watch'] },
    { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['list', 'watch'] },
  ]
  const ports = [
    { name: 'dns', port: 53, protocol: 'UDP' },
    { name: 'dns-tcp', port: 53, protocol: 'TCP' },
  ]
  const objects: [path: string, object: object][] = [
    [`${core}/serviceaccounts/${name}`, { apiVersion: 'v1', kind: 'ServiceAccount' }],
    [
      `${rbac}/clusterroles/system:coredns`,
      { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', rules },
    ],
    [
      `${rbac}/clusterrolebindings/system:coredns`,
      { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRoleBinding', roleRef, subjects },
    ],
    [`${core}/configmaps/${name}`, { apiVersion: 'v1', kind: 'ConfigMap', data: { Corefile: corefile } }],
    [
      `${core}/services/kube-dns`,
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { labels },
        spec: {
          clusterIP: slot.dnsIP,
          clusterIPs: slot.addresses.map(({ dnsIP }) => dnsIP),
          ipFamilyPolicy: 'PreferDualStack',
          selector: labels,
          ports,
        },
      },
    ],
    [`/apis/apps/v1/namespaces/${namespace}/deployments/${name}`, deployment()],
  ]
  for (const [path, object] of objects) await api.apply(path, object)
}

/** Waits until CoreDNS answers its readiness probe and stands behind its Service. */
export async function coreDnsReady(api: Api): Promise<void> {
  type Deployment = { status?: { availableReplicas?: number } }
  const path = `/apis/apps/v1/namespaces/${namespace}/deployments/${name}`
  await until(
    'CoreDNS is available',
    60,
    async () => ((await api.call<Deployment>('GET', path)).status?.availableReplicas ?? 0) > 0,
    async () => JSON.stringify(await api.call('GET', `/api/v1/namespaces/${namespace}/events`)).slice(-1_500),
  )
}

function deployment(): object {
  const container = {
    name,
    image: coreDnsImage,
    imagePullPolicy: 'IfNotPresent',
    args: ['-conf', '/etc/coredns/Corefile'],
    ports: [
      { containerPort: 53, name: 'dns', protocol: 'UDP' },
      { containerPort: 53, name: 'dns-tcp', protocol: 'TCP' },
    ],
    volumeMounts: [{ name: 'config', mountPath: '/etc/coredns', readOnly: true }],
    readinessProbe: { httpGet: { path: '/ready', port: 8181 }, periodSeconds: 1 },
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { add: ['NET_BIND_SERVICE'], drop: ['ALL'] },
      readOnlyRootFilesystem: true,
    },
  }
  const template = {
    metadata: { labels },
    spec: {
      serviceAccountName: name,
      dnsPolicy: 'Default',
      priorityClassName: 'system-cluster-critical',
      containers: [container],
      volumes: [{ name: 'config', configMap: { name } }],
    },
  }
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { labels },
    spec: { replicas: 1, selector: { matchLabels: labels }, template },
  }
}
