// What a recovery is made of, in our own namespace: a claim for the volume that the pod left, and a Job that reads it. The
// Job's pod has no right in the cluster, changes nothing on the volume, and reaches the channel and the collector alone.

import { accounts, group, paths, systemNamespace, tokenAudience, uids } from '../../core/identifiers.ts'
import { recoveryExits } from '../../core/recovery.ts'
import type { Surroundings } from '../admission/surroundings.ts'
import type { Claim, Job, PersistentVolume } from '../objects.ts'

/** Name of the claim and of the Job of one pod. */
export const recoveryName = (podUid: string): string => `recover-${podUid}`

/** On the pods of recovery Jobs: NetworkPolicies select on it. */
const labels = { 'app.kubernetes.io/name': accounts.recovery, 'app.kubernetes.io/part-of': 'hipaa-mcp' }

/** For that very volume: it names it, as the volume then names the claim. */
export function recoveryClaim(podUid: string, { metadata, spec }: PersistentVolume): Claim {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: recoveryName(podUid), namespace: systemNamespace, labels },
    spec: {
      volumeName: metadata.name,
      // The empty class is one too: left out, the cluster's default would be asked for.
      storageClassName: spec.storageClassName ?? '',
      accessModes: spec.accessModes ?? ['ReadWriteOnce'],
      volumeMode: spec.volumeMode ?? 'Filesystem',
      resources: { requests: { storage: spec.capacity?.storage ?? '1Mi' } },
    },
  }
}

export function recoveryJob(
  podUid: string,
  { image, channel, collector, ca }: Pick<Surroundings, 'image' | 'channel' | 'collector' | 'ca'>,
): Job {
  const name = recoveryName(podUid)
  const tokenFolder = paths.token.slice(0, paths.token.lastIndexOf('/'))
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name, namespace: systemNamespace, labels },
    spec: {
      completions: 1,
      parallelism: 1,
      backoffLimit: 6,
      // What no other try would change ends it at once.
      podFailurePolicy: {
        rules: [
          {
            action: 'FailJob',
            onExitCodes: {
              containerName: 'recover',
              operator: 'In',
              values: [recoveryExits.damaged, recoveryExits.refused],
            },
          },
          { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
        ],
      },
      template: {
        metadata: { labels, annotations: { 'kubectl.kubernetes.io/default-container': 'recover' } },
        spec: {
          restartPolicy: 'Never',
          serviceAccountName: accounts.recovery,
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          // The sidecar's own user: segments are readable to it alone.
          securityContext: {
            runAsNonRoot: true,
            runAsUser: uids.sidecar,
            runAsGroup: uids.sidecar,
            seccompProfile: { type: 'RuntimeDefault' },
          },
          containers: [
            {
              name: 'recover',
              image,
              command: ['node', '/opt/hipaa-mcp/sidecar/recover.ts'],
              env: [
                { name: 'HIPAA_MCP_CHANNEL', value: channel },
                { name: 'HIPAA_MCP_COLLECTOR', value: collector },
                { name: 'HIPAA_MCP_CA', value: ca },
              ],
              securityContext: {
                allowPrivilegeEscalation: false,
                readOnlyRootFilesystem: true,
                capabilities: { drop: ['ALL'] },
              },
              resources: {
                requests: { cpu: '50m', memory: '128Mi' },
                limits: { cpu: '1', memory: '512Mi' },
              },
              volumeMounts: [
                { name: 'trail', mountPath: paths.trail, readOnly: true },
                { name: 'token', mountPath: tokenFolder, readOnly: true },
              ],
            },
          ],
          volumes: [
            { name: 'trail', persistentVolumeClaim: { claimName: name } },
            {
              name: 'token',
              projected: {
                sources: [
                  {
                    serviceAccountToken: { path: 'token', audience: tokenAudience, expirationSeconds: 3600 },
                  },
                ],
              },
            },
          ],
        },
      },
    },
  }
}

/** Whether a Job is over, and how. */
export function endOf({ status }: Job): 'done' | 'failed' | undefined {
  const is = (type: string): boolean =>
    status?.conditions?.some((one) => one.type === type && one.status === 'True') === true
  if (is('Complete')) return 'done'
  return is('Failed') ? 'failed' : undefined
}

/** When it was recovered, on the volume. */
export const recoveredAnnotation = `${group}/recovered-at`
