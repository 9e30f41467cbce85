// Builders of pods as the API server shows them to a webhook: defaults filled in, the app's token mounted.

import { serverAnnotation } from '../../../core/identifiers.ts'
import type { Container, Pod, PodSpec } from '../../../operator/admission/pod.ts'
import type { Request } from '../../../operator/admission/review.ts'
import { endpoints, type Surroundings } from '../../../operator/admission/surroundings.ts'

export const surroundings: Surroundings = {
  image: 'registry.example/hipaa-mcp@sha256:aaaa',
  images: ['registry.example/hipaa-mcp@sha256:aaaa'],
  ca: '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n',
  ...endpoints,
  dns: '10.96.0.10',
  domain: 'cluster.local',
}

const token = { name: 'kube-api-access-x7k2p', mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' }

export function anApp(more: Partial<Container> = {}): Container {
  return {
    name: 'app',
    image: 'registry.example/ehr:1',
    ports: [{ containerPort: 8080, name: 'http', protocol: 'TCP' }],
    securityContext: { runAsUser: 1000 },
    livenessProbe: {
      httpGet: { path: '/healthz', port: 'http', scheme: 'HTTP' },
      periodSeconds: 10,
      timeoutSeconds: 3,
    },
    readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 5 },
    volumeMounts: [token],
    ...more,
  }
}

export function aPod(spec: Partial<PodSpec> = {}, metadata: Pod['metadata'] = {}): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      generateName: 'ehr-5c4d-',
      namespace: 'clinic',
      labels: { app: 'ehr' },
      annotations: { [serverAnnotation]: 'ehr' },
      ...metadata,
    },
    spec: {
      containers: [anApp()],
      volumes: [{ name: token.name, projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } }],
      dnsPolicy: 'ClusterFirst',
      serviceAccountName: 'default',
      terminationGracePeriodSeconds: 30,
      ...spec,
    },
  }
}

/** Of an ephemeral container as kubectl debug --profile=restricted makes it, with a user. */
export const restricted = {
  runAsUser: 1000,
  runAsNonRoot: true,
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  seccompProfile: { type: 'RuntimeDefault' },
}

/** A pod that says nothing of hipaa-mcp. */
export function aBystander(spec: Partial<PodSpec> = {}, metadata: Pod['metadata'] = {}): Pod {
  return aPod(spec, { annotations: {}, labels: { app: 'other' }, ...metadata })
}

export function aRequest(object: Pod, more: Partial<Request> = {}): Request {
  return {
    uid: 'request-1',
    operation: 'CREATE',
    namespace: 'clinic',
    resource: { group: '', version: 'v1', resource: 'pods' },
    object,
    ...more,
  }
}
