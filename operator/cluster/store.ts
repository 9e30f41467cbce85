// What a list-watch knows, indexed by namespace and name.

import type { ObjectMeta } from '../../core/kubernetes.ts'

export type Named = { metadata: ObjectMeta }

/** Read side: the whole reconciler sees the cluster through this. Cluster-scoped objects have no namespace. */
export interface Store<T extends Named> {
  get(namespace: string | undefined, name: string): T | undefined
  in(namespace: string): readonly T[]
  all(): readonly T[]
}

export class MutableStore<T extends Named> implements Store<T> {
  readonly #byNamespace = new Map<string, Map<string, T>>()

  get(namespace: string | undefined, name: string): T | undefined {
    return this.#byNamespace.get(namespace ?? '')?.get(name)
  }
  in(namespace: string): readonly T[] {
    return [...(this.#byNamespace.get(namespace)?.values() ?? [])]
  }
  all(): readonly T[] {
    return [...this.#byNamespace.values()].flatMap((objects) => [...objects.values()])
  }
  /** Returns what stood there before. */
  set(object: T): T | undefined {
    const namespace = object.metadata.namespace ?? ''
    const objects = this.#byNamespace.get(namespace) ?? new Map<string, T>()
    this.#byNamespace.set(namespace, objects)
    const before = objects.get(object.metadata.name)
    objects.set(object.metadata.name, object)
    return before
  }
  remove({ metadata }: Named): T | undefined {
    const objects = this.#byNamespace.get(metadata.namespace ?? '')
    const before = objects?.get(metadata.name)
    objects?.delete(metadata.name)
    if (objects?.size === 0) this.#byNamespace.delete(metadata.namespace ?? '')
    return before
  }
}
