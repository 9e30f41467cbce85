// What this replica's own watches hold of a namespace. It may lag: whoever decides by it says what that can do (judge.ts).

import { type PodSecurity, podSecurityOf } from '../../core/pod-security.ts'
import type { HipaaMcpServer } from '../../crds/hipaamcpserver.generated.ts'
import type { ListWatch } from '../cluster/list-watch.ts'
import type { Namespace } from '../objects.ts'

/** What a new pod is judged by, besides itself. */
export type Known = {
  /** All servers of its namespace. */
  servers: readonly HipaaMcpServer[]
  podSecurity: PodSecurity
}

/** Of a namespace; undefined where a watch may have missed something, and for a namespace that is not there. */
export type Copy = (namespace: string) => Known | undefined

export type Followed = {
  servers: Pick<ListWatch<HipaaMcpServer>, 'follows' | 'in'>
  namespaces: Pick<ListWatch<Namespace>, 'follows' | 'get'>
}

export function copyOf({ servers, namespaces }: Followed): Copy {
  return (name) => {
    if (!servers.follows() || !namespaces.follows()) return undefined
    const namespace = namespaces.get(undefined, name)
    if (namespace === undefined) return undefined
    return { servers: servers.in(name), podSecurity: podSecurityOf(namespace.metadata.labels) }
  }
}
