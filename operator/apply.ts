// The only writes to what a server owns.

import { ApiError, type Client } from './cluster/client.ts'
import { isMet, type Wanted } from './desired/wanted.ts'

export type Applier = Pick<Client, 'apply' | 'create' | 'delete' | 'patch'>

/** This replica no longer leads: another one may be writing. */
export class NotLeading extends Error {
  constructor() {
    super('This replica no longer leads, so it writes nothing')
  }
}

/**
 * Makes it so, in the given order, and writes nothing that is so already. Ends at the first failure: what comes later
 * may rely on it. If the process dies between two writes, the next pass does the rest. Returns how many it wrote.
 */
export async function apply(
  client: Applier,
  wanted: readonly Wanted[],
  leading: () => boolean,
): Promise<number> {
  let written = 0
  for (const one of wanted) {
    if (isMet(one)) continue
    if (!leading()) throw new NotLeading()
    const { kind, object, current } = one
    if (one.how === 'apply') await client.apply(kind, object)
    else if (one.how === 'delete')
      await client.delete(kind, object.metadata.namespace, object.metadata.name, current?.metadata.uid)
    else if (one.how === 'merge') await merge(client, one)
    else await createOnce(client, one)
    written += 1
  }
  return written
}

async function merge(client: Applier, { kind, object, orElse }: Wanted): Promise<void> {
  const { namespace, name } = object.metadata
  try {
    await client.patch(kind, namespace, name, object, 'merge')
  } catch (error) {
    if (orElse === undefined || !(error instanceof ApiError) || error.status !== 422) throw error
    await client.patch(kind, namespace, name, orElse, 'merge')
  }
}

/** Our copy of the cluster may be late: what is there already stays as it is. */
async function createOnce(client: Applier, { kind, object }: Wanted): Promise<void> {
  try {
    await client.create(kind, object)
  } catch (error) {
    if (!(error instanceof ApiError) || error.reason !== 'AlreadyExists') throw error
  }
}
