// What the programs of the bench begin with: the product's own trail and policy, with keys and certificates out of the work
// instead of the operator's channel.

import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto'
import { policyHash, policyText } from '../../core/policy.ts'
import { Link } from '../../sidecar/channel/link.ts'
import type { InForce } from '../../sidecar/in-force.ts'
import { beginTrail } from '../../sidecar/trail/begin.ts'
import type { Chain } from '../../sidecar/trail/chain.ts'
import { CollectorClient } from '../../sidecar/trail/collector-client.ts'
import type { Work } from './work.ts'

export type Acknowledge = 'Stream' | 'Local'

/** A figure of a bench that went wrong would be worse than none. */
export const die = (why: unknown): never => {
  console.error(why)
  process.exit(1)
}

const secret = (): KeyObject => createSecretKey(randomBytes(32))

/** The policy of the work, in force. */
export function inForceOf(work: Work, acknowledge: Acknowledge): InForce {
  const policy = { ...work.policy, trail: { acknowledge } }
  return {
    policy,
    hash: policyHash(policyText(policy)),
    generation: 1,
    keys: { hashes: secret(), patients: secret(), seal: secret() },
    jwks: work.jwks,
  }
}

/** A chain that began, at the collector on this port; `folder`: of its segments. */
export async function chainOf(
  work: Work,
  { policy, hash }: InForce,
  collectorPort: string,
  folder: string,
): Promise<Chain> {
  const link = new Link({
    base: new URL(`https://localhost:${collectorPort}`),
    ca: work.ownCa,
    lookup: (_, options, answer) =>
      options.all === true
        ? answer(null, [{ address: '127.0.0.1', family: 4 }])
        : answer(null, '127.0.0.1', 4),
    credentials: work.sidecar,
  })
  const { chain } = await beginTrail({
    acknowledge: policy.trail.acknowledge,
    folder,
    collector: new CollectorClient(link),
    version: 'bench',
    onOver: die,
    log: { info: () => undefined, warn: console.error, error: console.error },
  })
  chain.start('Development')
  await chain.note({ kind: 'orders', generation: 1, policy: hash, breach: [] })
  return chain
}
