// Which keys are in use, as far as the registry log knows: another one is a rotation, and a record of its own. What is told again
// and has not changed is none, so that whoever knows of a key says so as often as they like.

import { isObject } from '../core/is-object.ts'
import type { KeyChanged } from '../core/record-registry.ts'
import { membersHold } from '../core/record-shape.ts'
import { type KeyInUse, mostKeys } from '../core/wire.ts'
import { objectIn } from './json-body.ts'
import type { Route } from './receive.ts'
import { Refusal } from './refusals.ts'
import type { Registry, RegistryEntry } from './registry.ts'

const limit = 1024 * 1024

export class KeysInUse {
  readonly #ids = new Map<string, string>()

  take(record: KeyInUse): void {
    this.#ids.set(nameOf(record), record.id)
  }

  /** What the log does not say yet of these. */
  changes(keys: readonly KeyInUse[]): RegistryEntry[] {
    const said = new Map<string, RegistryEntry>()
    for (const key of keys) {
      const before = this.#ids.get(nameOf(key))
      if (before === key.id) continue
      const entry = { kind: 'key-changed', ...key, ...(before === undefined ? {} : { before }) } as const
      said.set(nameOf(key), entry)
    }
    return [...said.values()]
  }
}

function nameOf({ key, namespace, server }: Pick<KeyChanged, 'key' | 'namespace' | 'server'>): string {
  return JSON.stringify([key, namespace, server])
}

/** Puts on record which keys are in use, where that is another than the log says. */
export async function keysUsed(
  registry: Pick<Registry, 'update' | 'keysInUse'>,
  keys: readonly KeyInUse[],
): Promise<void> {
  if (registry.keysInUse.changes(keys).length > 0)
    await registry.update(() => registry.keysInUse.changes(keys))
}

export function keyRoutes(registry: Pick<Registry, 'update' | 'keysInUse'>): {
  [methodAndPath: string]: Route
} {
  return {
    'POST /v1/keys': {
      roles: ['operator'],
      run: async ({ body }) => {
        await keysUsed(registry, parsed(await body(limit)))
        return { type: 'application/json', body: '{}' }
      },
    },
  }
}

function parsed(body: Buffer): KeyInUse[] {
  const { keys } = objectIn(body)
  const well =
    Array.isArray(keys) &&
    keys.length <= mostKeys &&
    keys.every((one) => isObject(one) && one['before'] === undefined && membersHold('key-changed', one))
  if (!well) throw new Refusal('bad-request')
  return keys as KeyInUse[]
}
