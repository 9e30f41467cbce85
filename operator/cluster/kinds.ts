// Every kind that the operator speaks of, and where the API server keeps it.

import { apiVersion } from '../../core/identifiers.ts'

/** The owner of every field that we apply. One name, so that a field which we stop applying goes away. */
export const fieldManager = 'hipaa-mcp-operator'

export type Kind = { apiVersion: string; kind: string; plural: string; namespaced: boolean }

const namespaced = (version: string, kind: string, plural: string): Kind => ({
  apiVersion: version,
  kind,
  plural,
  namespaced: true,
})
const clustered = (version: string, kind: string, plural: string): Kind => ({
  apiVersion: version,
  kind,
  plural,
  namespaced: false,
})

export const kinds = {
  server: namespaced(apiVersion, 'HipaaMcpServer', 'hipaamcpservers'),
  agreement: clustered(apiVersion, 'BusinessAssociateAgreement', 'businessassociateagreements'),
  grant: namespaced(apiVersion, 'BreakGlassGrant', 'breakglassgrants'),
  revocation: clustered(apiVersion, 'AccessRevocation', 'accessrevocations'),

  namespace: clustered('v1', 'Namespace', 'namespaces'),
  pod: namespaced('v1', 'Pod', 'pods'),
  service: namespaced('v1', 'Service', 'services'),
  secret: namespaced('v1', 'Secret', 'secrets'),
  configMap: namespaced('v1', 'ConfigMap', 'configmaps'),
  claim: namespaced('v1', 'PersistentVolumeClaim', 'persistentvolumeclaims'),
  volume: clustered('v1', 'PersistentVolume', 'persistentvolumes'),
  storageClass: clustered('storage.k8s.io/v1', 'StorageClass', 'storageclasses'),

  deployment: namespaced('apps/v1', 'Deployment', 'deployments'),
  statefulSet: namespaced('apps/v1', 'StatefulSet', 'statefulsets'),
  daemonSet: namespaced('apps/v1', 'DaemonSet', 'daemonsets'),
  cronJob: namespaced('batch/v1', 'CronJob', 'cronjobs'),
  job: namespaced('batch/v1', 'Job', 'jobs'),
  replicaSet: namespaced('apps/v1', 'ReplicaSet', 'replicasets'),

  networkPolicy: namespaced('networking.k8s.io/v1', 'NetworkPolicy', 'networkpolicies'),
  lease: namespaced('coordination.k8s.io/v1', 'Lease', 'leases'),
  event: namespaced('events.k8s.io/v1', 'Event', 'events'),

  mutatingWebhook: clustered(
    'admissionregistration.k8s.io/v1',
    'MutatingWebhookConfiguration',
    'mutatingwebhookconfigurations',
  ),
  validatingWebhook: clustered(
    'admissionregistration.k8s.io/v1',
    'ValidatingWebhookConfiguration',
    'validatingwebhookconfigurations',
  ),
  tokenReview: clustered('authentication.k8s.io/v1', 'TokenReview', 'tokenreviews'),
  subjectAccessReview: clustered('authorization.k8s.io/v1', 'SubjectAccessReview', 'subjectaccessreviews'),
  certificateSigningRequest: clustered(
    'certificates.k8s.io/v1',
    'CertificateSigningRequest',
    'certificatesigningrequests',
  ),

  certificateRequest: namespaced('cert-manager.io/v1', 'CertificateRequest', 'certificaterequests'),
  issuer: namespaced('cert-manager.io/v1', 'Issuer', 'issuers'),
  clusterIssuer: clustered('cert-manager.io/v1', 'ClusterIssuer', 'clusterissuers'),
} as const satisfies Record<string, Kind>

/** API path of a kind's collection, or of one object in it. Without a namespace: the collection of all namespaces. */
export function pathOf(kind: Kind, namespace?: string, name?: string, subresource?: string): string {
  const root = kind.apiVersion.includes('/') ? `/apis/${kind.apiVersion}` : `/api/${kind.apiVersion}`
  const scope =
    kind.namespaced && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : ''
  const object = name === undefined ? '' : `/${encodeURIComponent(name)}`
  return `${root}${scope}/${kind.plural}${object}${subresource === undefined ? '' : `/${subresource}`}`
}
