// Orders of a sidecar that is its egress alone: what its policy declares, agreements in force, nothing revoked.

import { createSecretKey } from 'node:crypto'
import type { Egress, Policy } from '../../core/policy.ts'
import type { InForce, Keys, Orders } from '../../sidecar/in-force.ts'

/** `agreementActive`: every agreement at every moment, unless it is told otherwise. */
export function egressOrders(
  egress: Egress[],
  more: { agreementActive?: () => boolean; credentials?: InForce['credentials'] } = {},
): Orders {
  const { agreementActive = () => true, credentials = {} } = more
  const keys = { hashes: createSecretKey(Buffer.alloc(32, 1)) } as Keys
  const inForce = { policy: { egress } as Policy, hash: '', generation: 1, jwks: {}, keys, credentials }
  return {
    standing: () => ({ inForce }),
    agreementActive,
    revoked: () => undefined,
    grant: () => undefined,
    onChange: () => () => undefined,
  }
}
