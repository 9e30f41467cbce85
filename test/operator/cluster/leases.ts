// One Lease as the API server keeps it, with its precondition on the resourceVersion; and switches for what can go wrong.

import type { KubernetesObject } from '../../../core/kubernetes.ts'
import { ApiError, type Client } from '../../../operator/cluster/client.ts'

export type Leases = Pick<Client, 'get' | 'create' | 'replace'> & {
  lease: KubernetesObject | undefined
  /** While true, nothing answers. */
  away: boolean
  /** While true, writes are kept but not answered. */
  lost: boolean
}

export function leases(): Leases {
  let version = 0
  const write = (object: KubernetesObject): KubernetesObject => {
    version += 1
    made.lease = { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } }
    if (made.lost) throw new ApiError(0, 'Timeout', 'planted')
    return made.lease
  }
  const answers = (): void => {
    if (made.away) throw new ApiError(0, 'Unreachable', 'planted')
  }
  const made: Leases = {
    lease: undefined,
    away: false,
    lost: false,
    get: async <T>() => {
      answers()
      return structuredClone(made.lease) as T | undefined
    },
    create: async (_, object) => {
      answers()
      if (made.lease !== undefined) throw new ApiError(409, 'AlreadyExists', 'planted')
      return write(object as unknown as KubernetesObject) as unknown as typeof object
    },
    replace: async (_, object) => {
      answers()
      if (object.metadata.resourceVersion !== made.lease?.metadata.resourceVersion)
        throw new ApiError(409, 'Conflict', 'planted')
      return write(object as unknown as KubernetesObject) as unknown as typeof object
    },
  }
  return made
}
