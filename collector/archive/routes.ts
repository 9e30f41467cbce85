// What the collector offers of its archive: how it is, and legal holds.

import type { HoldsResponse } from '../../core/archive/hold.ts'
import type { ArchiveResponse } from '../../core/archive/summary.ts'
import type { Answer, Route } from '../receive.ts'
import { Refusal } from '../refusals.ts'
import type { Registry } from '../registry.ts'
import type { Archive } from './archive.ts'
import { askHold, holdsOf } from './ask-hold.ts'
import type { ArchiveState } from './state.ts'

/** Undefined where none is configured. */
export type Archiving = { archive: Archive; state: ArchiveState } | undefined

const holdLimit = 8192

const json = (value: ArchiveResponse | HoldsResponse): Answer => ({
  type: 'application/json',
  body: JSON.stringify(value),
})

export function archiveRoutes(
  registry: Pick<Registry, 'update'>,
  archiving: Archiving,
): { [methodAndPath: string]: Route } {
  const holds = (): Answer => json({ holds: archiving === undefined ? [] : holdsOf(archiving.state) })
  return {
    'GET /v1/archive': {
      roles: ['operator', 'auditor'],
      run: async () => json(archiving === undefined ? {} : { archive: archiving.archive.summary() }),
    },
    'GET /v1/holds': { roles: ['auditor'], run: async () => holds() },
    'POST /v1/holds': {
      roles: ['auditor'],
      run: async ({ identity, body }) => {
        if (identity.role !== 'auditor') throw new Refusal('not-permitted')
        if (archiving === undefined) throw new Refusal('no-archive')
        await askHold(registry, archiving.state, parsed(await body(holdLimit)), identity.person)
        return holds()
      },
    },
  }
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8')) as unknown
  } catch (cause) {
    throw new Refusal('bad-request', { cause })
  }
}
