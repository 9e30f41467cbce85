// The API server as far as these tests need it: objects by path, conflicts on create, TokenReviews by token.

import type { ObjectMeta } from '../../../core/kubernetes.ts'
import { ApiError, type Client } from '../../../operator/cluster/client.ts'
import { type Kind, pathOf } from '../../../operator/cluster/kinds.ts'

type Stored = { metadata: Partial<ObjectMeta>; [member: string]: unknown }

export type Objects = Pick<
  Client,
  'get' | 'list' | 'create' | 'replace' | 'delete' | 'post' | 'patch' | 'applyStatus'
> & {
  put(kind: Kind, object: Stored): void
  /** What a TokenReview of this token says. */
  tokens: Map<string, object>
  patches: { path: string; body: unknown }[]
}

export function objects(): Objects {
  const stored = new Map<string, Stored>()
  const tokens = new Map<string, object>()
  const patches: Objects['patches'] = []
  const pathFor = (kind: Kind, { metadata }: Pick<Stored, 'metadata'>) =>
    pathOf(kind, metadata.namespace, metadata.name)
  return {
    tokens,
    patches,
    put: (kind, object) => void stored.set(pathFor(kind, object), object),
    get: async <T>(kind: Kind, namespace: string | undefined, name: string) =>
      structuredClone(stored.get(pathOf(kind, namespace, name))) as T | undefined,
    list: (async (kind: Kind, query?: { namespace?: string }) => {
      const root = pathOf(kind, query?.namespace).replace(/[^/]+$/, '')
      const items = [...stored]
        .filter(
          ([path]) => path.startsWith(root) && path.split('/').at(-2) === pathOf(kind).split('/').at(-1),
        )
        .map(([, object]) => object)
      return { items: structuredClone(items), metadata: { resourceVersion: '1' } }
    }) as Client['list'],
    create: async (kind, object) => {
      if (stored.has(pathFor(kind, object))) throw new ApiError(409, 'AlreadyExists', 'there is one')
      stored.set(pathFor(kind, object), structuredClone({ ...object }))
      return object
    },
    replace: async (kind, object) => {
      stored.set(pathFor(kind, object), structuredClone({ ...object }))
      return object
    },
    applyStatus: async (kind, object) => {
      patches.push({ path: pathFor(kind, object), body: object })
      return object
    },
    patch: async <T>(kind: Kind, namespace: string | undefined, name: string, body: unknown) => {
      patches.push({ path: pathOf(kind, namespace, name), body })
      return {} as T
    },
    delete: async (kind, namespace, name) => void stored.delete(pathOf(kind, namespace, name)),
    post: async <T>(_: string, body: unknown) => {
      const { token } = (body as { spec: { token: string } }).spec
      return { status: tokens.get(token) ?? { authenticated: false } } as T
    },
  }
}
