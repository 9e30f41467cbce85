// What becomes of emergency access and of access that was ended, as records of the registry log: their objects go with a namespace, and
// the log does not. The operator tells it, and asks what is on record to find what is gone.

import { isObject } from '../core/is-object.ts'
import { membersHold } from '../core/record-shape.ts'
import {
  type AccessOnRecord,
  type AccessRequest,
  type GrantChange,
  mostAccessChanges,
  type RevocationChange,
} from '../core/wire.ts'
import { fits } from './admissions.ts'
import { objectIn } from './json-body.ts'
import type { Route } from './receive.ts'
import { Refusal } from './refusals.ts'
import type { Registry } from './registry.ts'

const limit = 1024 * 1024

export type AccessChange =
  | ({ kind: 'grant-changed' } & GrantChange)
  | ({ kind: 'revocation-changed' } & RevocationChange)

/** Of each that is not gone by what the log says: as many as the API server holds. */
export class AccessKnown {
  readonly #grants = new Map<string, { of: AccessOnRecord['grants'][number]; changes: Set<string> }>()
  readonly #revocations = new Map<string, AccessOnRecord['revocations'][number]>()

  take(change: AccessChange): void {
    if (change.kind === 'revocation-changed') {
      const { revocation } = change
      if (change.change === 'lifted') this.#revocations.delete(revocation.uid)
      else this.#revocations.set(revocation.uid, revocation)
      return
    }
    const { namespace, server, grant } = change
    const known = this.#grants.get(grant.uid) ?? { of: { namespace, server, grant }, changes: new Set() }
    known.changes.add(change.change)
    if (change.change === 'deleted') this.#grants.delete(grant.uid)
    else this.#grants.set(grant.uid, known)
  }

  /** What the log does not say yet of these, each once. That something is gone it says of what it knows. */
  news(told: readonly AccessChange[]): AccessChange[] {
    const seen = new Set<string>()
    return told.filter((change) => {
      const key = `${(change.kind === 'grant-changed' ? change.grant : change.revocation).uid} ${change.change}`
      const isNew = !seen.has(key) && !this.#has(change)
      seen.add(key)
      return isNew
    })
  }

  #has(change: AccessChange): boolean {
    if (change.kind === 'revocation-changed')
      return this.#revocations.has(change.revocation.uid) === (change.change === 'made')
    const known = this.#grants.get(change.grant.uid)
    return change.change === 'deleted' ? known === undefined : known?.changes.has(change.change) === true
  }

  onRecord(): AccessOnRecord {
    return {
      grants: [...this.#grants.values()].map(({ of }) => of),
      revocations: [...this.#revocations.values()],
    }
  }
}

export function accessRoutes(registry: Pick<Registry, 'update' | 'refresh' | 'access'>): {
  [methodAndPath: string]: Route
} {
  return {
    'POST /v1/access': {
      roles: ['operator'],
      run: async ({ body }) => {
        const told = parsed(await body(limit))
        // What can be no record is not acknowledged: nothing is opened by it.
        if (!told.every(fits)) throw new Refusal('bad-request')
        await registry.update(() => registry.access.news(told))
        return { type: 'application/json', body: '{}' }
      },
    },
    'GET /v1/access': {
      roles: ['operator'],
      run: async () => {
        await registry.refresh()
        return { type: 'application/json', body: JSON.stringify(registry.access.onRecord()) }
      },
    },
  }
}

function parsed(body: Buffer): AccessChange[] {
  const { grants, revocations, ...more } = objectIn(body)
  if (
    !areAll('grant-changed', grants) ||
    !areAll('revocation-changed', revocations) ||
    Object.keys(more).length > 0
  )
    throw new Refusal('bad-request')
  return changesIn({ grants, revocations } as AccessRequest)
}

/** As entries of the log, grants first. */
export function changesIn({ grants, revocations }: AccessRequest): AccessChange[] {
  return [
    ...grants.map((one) => ({ kind: 'grant-changed', ...one }) as const),
    ...revocations.map((one) => ({ kind: 'revocation-changed', ...one }) as const),
  ]
}

function areAll(kind: AccessChange['kind'], list: unknown): boolean {
  return (
    Array.isArray(list) &&
    list.length <= mostAccessChanges &&
    list.every((one) => isObject(one) && membersHold(kind, one))
  )
}
