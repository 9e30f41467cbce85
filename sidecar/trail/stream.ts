// Stream: a record is acknowledged when the collector has committed it. Nothing is kept in the pod.

import type { Contact } from './contact.ts'
import type { Home } from './home.ts'

export function streamHome(contact: Contact): Home {
  return {
    commit: async (from, records) => await contact.records(from, records),
    witness: async (note) => await contact.checkpoint(note),
    trouble: () => contact.trouble(),
    // What waits for the collector waits in the chain, which has bounds of its own.
    pressure: () => undefined,
    witnessed: () => contact.witnessed(),
    close: async () => await Promise.resolve(),
  }
}
