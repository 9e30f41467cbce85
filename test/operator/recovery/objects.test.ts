import { expect, test } from 'vitest'
import { baselineViolations, bystanderViolations } from '../../../operator/admission/baseline.ts'
import type { Pod, PodSpec } from '../../../operator/admission/pod.ts'
import { recoveryJob } from '../../../operator/recovery/objects.ts'
import { verifies } from '../../verifies.ts'
import { surroundings } from '../admission/pods.ts'

const { spec } = recoveryJob('uid-1', surroundings)
const template = spec['template'] as { metadata: Pod['metadata']; spec: PodSpec }
const pod: Pod = { metadata: template.metadata, spec: template.spec }

verifies(
  'audit:local-recovered',
  'the Job’s pod is confined, and has no right but its token of our audience',
  () => {
    const [container] = pod.spec.containers
    expect(pod.spec).toMatchObject({
      serviceAccountName: 'hipaa-mcp-recovery',
      automountServiceAccountToken: false,
      securityContext: { runAsNonRoot: true, runAsUser: 64101 },
    })
    expect(container).toMatchObject({
      image: surroundings.image,
      securityContext: {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      },
      resources: { limits: { memory: '512Mi' } },
    })
    expect(container?.volumeMounts?.every(({ readOnly }) => readOnly === true)).toBe(true)
  },
)

test('by our own rules for pods it may have what makes it one of ours, and nothing else', () => {
  expect([...baselineViolations(pod, new Set()), ...bystanderViolations(pod)]).toEqual([
    expect.stringContaining("spec.volumes[token].projected: the audience hipaa-mcp is the sidecar's"),
    expect.stringContaining('spec.volumes[trail].persistentVolumeClaim: a pod that is no server'),
  ])
})
