// A canary pod: our image, a program that connects and hangs up, and no right, key or volume besides. It is admitted like
// every other bystander, and the ValidatingAdmissionPolicy hipaa-mcp-canaries lets the operator make no other pod.

import { canaryLabel, uids } from '../../core/identifiers.ts'
import type { KubernetesObject } from '../../core/kubernetes.ts'
import type { AttemptSource, CanaryTask } from '../../core/network.ts'

export type Canary = {
  name: string
  namespace: string
  source: Exclude<AttemptSource, 'GuardedPod'>
  image: string
  task: CanaryTask
}

/** Seconds after which the kubelet ends it whatever it does. */
export const canarySeconds = 120

export const canaryName = (suffix: string): string => `hipaa-mcp-canary-${suffix}`

export function canaryPod({ name, namespace, source, image, task }: Canary): KubernetesObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace,
      labels: {
        'app.kubernetes.io/name': 'hipaa-mcp-canary',
        [canaryLabel]: source.toLowerCase(),
      },
    },
    spec: {
      restartPolicy: 'Never',
      activeDeadlineSeconds: canarySeconds,
      terminationGracePeriodSeconds: 1,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      securityContext: {
        runAsNonRoot: true,
        runAsUser: uids.own,
        runAsGroup: uids.own,
        seccompProfile: { type: 'RuntimeDefault' },
      },
      containers: [
        {
          name: 'canary',
          image,
          args: ['sidecar/canary.ts', JSON.stringify(task)],
          resources: {
            requests: { cpu: '10m', memory: '64Mi' },
            limits: { cpu: '500m', memory: '128Mi' },
          },
          securityContext: {
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ['ALL'] },
          },
        },
      ],
    },
  }
}
