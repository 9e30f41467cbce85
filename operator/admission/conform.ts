// Whether a pod is a guarded pod as we make them, wherever that is asked: at its creation and every change, when it wants
// a certificate, and while it runs.

import { guardedLabel, ownNames } from '../../core/identifiers.ts'
import type { HipaaMcpServer } from '../../crds/hipaamcpserver.generated.ts'
import { unequal } from './differences.ts'
import { inject } from './inject.ts'
import type { Pod } from './pod.ts'
import type { Surroundings } from './surroundings.ts'

/**
 * Every way in which the pod differs from one that we injected for this server, each with its field; none: it conforms.
 * `surroundings.images` says which images our containers may have.
 */
export function conforms(pod: Pod, server: HipaaMcpServer, surroundings: Surroundings): string[] {
  if (pod.metadata.labels?.[guardedLabel] !== server.metadata.name)
    return [`metadata.labels[${guardedLabel}]: is not ${server.metadata.name}: make a new pod`]
  if (!(pod.spec.initContainers ?? []).some(({ name }) => ownNames.has(name)))
    return ['spec.initContainers: the sidecar is missing: make a new pod']
  const wanted = inject(pod, server, surroundings)
  if ('violations' in wanted) return wanted.violations
  return unequal(pod.spec, wanted.pod.spec, 'spec').map(
    (path) => `${path}: is not what admission puts there: make a new pod`,
  )
}
