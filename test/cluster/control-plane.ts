// etcd, API server, controller manager and scheduler, each a process of its own in the node's network namespace.

import { join } from 'node:path'
import { type Api, until } from './api.ts'
import { kubeconfigOf, pkiOf } from './certificates.ts'
import type { Components } from './components.ts'
import { lastWords, startDaemon } from './processes.ts'
import type { Slot } from './slot.ts'

/** The ranges of all families, as the flags of Kubernetes want them. */
const all = (slot: Slot, range: 'podRange' | 'serviceRange'): string =>
  slot.addresses.map((each) => each[range]).join(',')

const etcd = 'http://127.0.0.1:2379'

/** What the documentation tells people to write. */
export const auditPolicy = join(import.meta.dirname, '..', '..', 'config', 'audit', 'policy.yaml')
/** A JSON object a line (audit.k8s.io/v1 Event); older ones beside it, as `audit-TIME.log`. */
export const auditLogOf = (state: string): string => join(state, 'log', 'audit.log')

const flags = (table: Record<string, string | number | boolean>): string[] =>
  Object.entries(table).map(([name, value]) => `--${name}=${value}`)

/** Starts etcd and the API server, and waits until the API server says that it is ready. */
export async function startApiServer(slot: Slot, built: Components, api: Api): Promise<void> {
  const { state } = slot
  const pki = (file: string): string => join(pkiOf(state), file)
  const etcdFlags = flags({
    'data-dir': join(state, 'etcd'),
    'listen-client-urls': etcd,
    'advertise-client-urls': etcd,
    'listen-peer-urls': 'http://127.0.0.1:2380',
    // The cluster does not outlive a power cut anyhow.
    'unsafe-no-fsync': true,
    'log-level': 'warn',
  })
  const apiFlags = flags({
    'etcd-servers': etcd,
    'advertise-address': slot.nodeIP,
    'bind-address': slot.addresses.some(({ family }) => family === 'IPv6') ? '::' : '0.0.0.0',
    'tls-cert-file': pki('apiserver.crt'),
    'tls-private-key-file': pki('apiserver.key'),
    'client-ca-file': pki('ca.crt'),
    'service-account-key-file': pki('service-account.pub'),
    'service-account-signing-key-file': pki('service-account.key'),
    'service-account-issuer': 'https://kubernetes.default.svc.cluster.local',
    'authorization-mode': 'Node,RBAC',
    'enable-admission-plugins': 'NodeRestriction',
    // Pods that ask for NET_ADMIN need no privilege, but tests of the admission policy ask for it to see it refused.
    'allow-privileged': true,
    'service-cluster-ip-range': all(slot, 'serviceRange'),
    'cert-dir': join(state, 'apiserver'),
    'kubelet-client-certificate': pki('apiserver-kubelet-client.crt'),
    'kubelet-client-key': pki('apiserver-kubelet-client.key'),
    'kubelet-certificate-authority': pki('ca.crt'),
    'kubelet-preferred-address-types': 'InternalIP',
    'requestheader-client-ca-file': pki('front-proxy-ca.crt'),
    'requestheader-allowed-names': 'front-proxy-client',
    'requestheader-username-headers': 'X-Remote-User',
    'requestheader-group-headers': 'X-Remote-Group',
    'requestheader-extra-headers-prefix': 'X-Remote-Extra-',
    'proxy-client-cert-file': pki('front-proxy-client.crt'),
    'proxy-client-key-file': pki('front-proxy-client.key'),
    'audit-policy-file': auditPolicy,
    'audit-log-path': auditLogOf(state),
    'audit-log-maxsize': 100,
    'audit-log-maxbackup': 2,
  })
  await startDaemon(slot, { name: 'etcd', command: [built.path('etcd'), ...etcdFlags] })
  await startDaemon(slot, { name: 'kube-apiserver', command: [built.path('kube-apiserver'), ...apiFlags] })
  await until(
    'the API server is ready',
    60,
    async () => (await api.call('GET', '/readyz')) === 'ok',
    async () => await lastWords(state, 'kube-apiserver'),
  )
}

/** Starts the controller manager, with all its default controllers, and the scheduler. */
export async function startControllers(slot: Slot, built: Components): Promise<void> {
  const { state } = slot
  const pki = (file: string): string => join(pkiOf(state), file)
  const controllers = flags({
    kubeconfig: kubeconfigOf(state, 'kube-controller-manager'),
    'service-cluster-ip-range': all(slot, 'serviceRange'),
    'service-account-private-key-file': pki('service-account.key'),
    'root-ca-file': pki('ca.crt'),
    'cluster-signing-cert-file': pki('ca.crt'),
    'cluster-signing-key-file': pki('ca.key'),
    'use-service-account-credentials': true,
    'leader-elect': false,
    'allocate-node-cidrs': true,
    'cluster-cidr': all(slot, 'podRange'),
    'cert-dir': join(state, 'controller-manager'),
    'pvclaimbinder-sync-period': '5s',
    'kube-api-qps': 100,
    'kube-api-burst': 200,
  })
  const scheduler = flags({
    kubeconfig: kubeconfigOf(state, 'kube-scheduler'),
    'leader-elect': false,
    'cert-dir': join(state, 'scheduler'),
  })
  await startDaemon(slot, {
    name: 'kube-controller-manager',
    command: [built.path('kube-controller-manager'), ...controllers],
  })
  await startDaemon(slot, { name: 'kube-scheduler', command: [built.path('kube-scheduler'), ...scheduler] })
}
