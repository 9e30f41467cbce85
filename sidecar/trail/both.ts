// Both: a record is acknowledged when it is durable on the pod's own volume and the collector has committed it, by way of
// the volume as in Local. Whatever one of them loses, the other has; without either no call is served.

import type { Contact } from './contact.ts'
import type { Home } from './home.ts'
import { localHome } from './local.ts'
import type { Segments } from './segment.ts'
import type { Shipper } from './shipper.ts'

export function bothHome(segments: Segments, shipper: Shipper, contact: Contact): Home {
  const local = localHome(segments, shipper, contact)
  return {
    ...local,
    async commit(from, records) {
      await local.commit(from, records)
      // If the process dies here, nobody was told: what the volume has is shipped by the next one, and counts as unknown.
      await shipper.shipped(from + records.length)
    },
    trouble: () => local.trouble() ?? contact.trouble(),
  }
}
