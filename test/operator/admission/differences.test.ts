import { expect, test } from 'vitest'
import { conforms } from '../../../operator/admission/conform.ts'
import { inject } from '../../../operator/admission/inject.ts'
import type { Container, Pod } from '../../../operator/admission/pod.ts'
import { verifies } from '../../verifies.ts'
import { aServer } from '../world.ts'
import { aPod, surroundings } from './pods.ts'

const server = aServer()
const once = (inject(aPod(), server, surroundings) as { pod: Pod }).pod

/** The guarded pod after another webhook went over every container. */
function after(change: (container: Container) => void): Pod {
  const pod = structuredClone(once)
  for (const container of [...(pod.spec.initContainers ?? []), ...pod.spec.containers]) change(container)
  return pod
}
const variable = (name: string) => (container: Container) =>
  void (container.env = [...(container.env ?? []), { name, value: 'x' }])
const mount = (name: string) => (container: Container) =>
  void (container.volumeMounts = [...(container.volumeMounts ?? []), { name, mountPath: `/var/run/${name}` }])
const irsa = (container: Container): void => {
  for (const name of ['AWS_ROLE_ARN', 'AWS_WEB_IDENTITY_TOKEN_FILE', 'AWS_REGION']) variable(name)(container)
  mount('aws-iam-token')(container)
}

const takenBack: [what: string, change: (container: Container) => void][] = [
  ['IAM roles for service accounts', irsa],
  [
    'EKS Pod Identity',
    (container) => {
      variable('AWS_CONTAINER_CREDENTIALS_FULL_URI')(container)
      mount('eks-pod-identity-token')(container)
    },
  ],
  [
    'Azure Workload Identity',
    (container) => {
      variable('AZURE_FEDERATED_TOKEN_FILE')(container)
      mount('azure-identity-token')(container)
    },
  ],
  ['a dropped restartPolicy', (container) => void delete container.restartPolicy],
]
for (const [what, change] of takenBack)
  verifies(
    'injection:beside',
    `${what}: taken back from our containers when asked again, left in the app’s, and refused when it stays`,
    () => {
      const pod = after(change)
      const again = inject(pod, server, surroundings)

      if ('violations' in again) throw new Error(again.violations.join('\n'))
      expect(again.pod.spec.initContainers).toEqual(once.spec.initContainers)
      expect(again.pod.spec.containers[0]?.env).toEqual(pod.spec.containers[0]?.env)
      expect(conforms(again.pod, server, surroundings)).toEqual([])
      expect(conforms(pod, server, surroundings).join()).toContain('spec.initContainers[hipaa-mcp')
    },
  )

const refused: [what: string, change: (container: Container) => void][] = [
  ['a variable that nobody knows', variable('NODE_OPTIONS')],
  ['one that only looks like a known one', variable('AWS_ROLE_ARN_X')],
  ['a mount that nobody knows', mount('secrets')],
  ['another restartPolicy', (container) => void (container.restartPolicy = 'Never')],
  ['another image', (container) => void (container.image = 'evil:1')],
  [
    'another user',
    (container) => void (container.securityContext = { ...container.securityContext, runAsUser: 7 }),
  ],
]
for (const [what, change] of refused)
  verifies(
    'injection:whole-spec',
    `also when asked again: ${what} in our containers is refused, named`,
    () => {
      const again = inject(after(change), server, surroundings)

      expect('violations' in again ? again.violations.join() : '').toContain('spec.initContainers[hipaa-mcp')
    },
  )

test('amounts that a LimitRange or a resize sets stay as they are', () => {
  const pod = after((container) => {
    container['resources'] = { requests: { cpu: '1m' }, limits: { cpu: '7' } }
    container['resizePolicy'] = [{ resourceName: 'cpu', restartPolicy: 'NotRequired' }]
  })

  expect(conforms(pod, server, surroundings)).toEqual([])
  expect((inject(pod, server, surroundings) as { pod: Pod }).pod.spec.initContainers).toEqual(
    pod.spec.initContainers,
  )
})
