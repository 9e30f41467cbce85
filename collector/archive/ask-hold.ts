// Takes a person's word for a legal hold: a record of the registry log, durable when it resolves. It is then applied by the
// archive's next round, and the log says when it was.

import { faultOf, type HoldRequest, type HoldSummary } from '../../core/archive/hold.ts'
import { Refusal } from '../refusals.ts'
import type { Registry, RegistryEntry } from '../registry.ts'
import type { ArchiveState, Hold } from './state.ts'

/** `by`: the person, as the API server knows them. Throws `Refusal`. */
export async function askHold(
  registry: Pick<Registry, 'update'>,
  state: ArchiveState,
  asked: unknown,
  by: string,
): Promise<void> {
  if (faultOf(asked) !== undefined) throw new Refusal('bad-request')
  const request = asked as HoldRequest
  await registry.update(() => [entryOf(request, state.holds.get(request.hold), by)])
}

function entryOf(
  { hold, state, server, since, through, why }: HoldRequest,
  before: Hold | undefined,
  by: string,
): RegistryEntry {
  if (state === 'off') {
    if (before?.state !== 'on') throw new Refusal('no-such-hold')
    const { applied: _, ...scope } = before
    return { kind: 'legal-hold', ...scope, state, why, by }
  }
  // Its scope is on record: another one is another hold.
  if (before?.state === 'on') throw new Refusal('hold-exists')
  const [namespace, name] = (server ?? '').split('/') as [string, string]
  return {
    kind: 'legal-hold',
    hold,
    state,
    namespace,
    server: name,
    ...(since === undefined ? {} : { since }),
    ...(through === undefined ? {} : { through }),
    why,
    by,
  }
}

/** Every hold there ever was, in the order of the log. */
export function holdsOf(state: ArchiveState): HoldSummary[] {
  return [...state.holds.values()].map(({ namespace, server, ...rest }) => ({
    ...rest,
    server: `${namespace}/${server}`,
  }))
}
