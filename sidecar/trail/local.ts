// Local: a record is acknowledged when it is durable on the pod's own volume; the collector follows. Checkpoints go
// through the segments as well, behind the records that they cover, so that a process that dies leaves a signed head.

import { parseNote } from '../../core/checkpoint.ts'
import type { Contact } from './contact.ts'
import { payloadOf } from './frames.ts'
import { type Home, NotRecorded } from './home.ts'
import type { Segments } from './segment.ts'
import type { Shipper } from './shipper.ts'

/** `drain`: longest time to ship what is left at the end, milliseconds. */
export function localHome(segments: Segments, shipper: Shipper, contact: Contact, drain = 10_000): Home {
  let written = 0

  async function append(kind: 'records' | 'checkpoint', payload: Buffer, records = 0): Promise<void> {
    const bytes = await segments.append(kind, payload, records)
    shipper.appended(bytes)
  }

  return {
    async commit(_from, records) {
      // Bounded lag: what only this pod has is lost with its volume. New calls were refused long before.
      if (shipper.isFull()) throw new NotRecorded('collector-behind')
      await append('records', payloadOf(records), records.length)
    },
    async witness(note) {
      const { size } = parseNote(note).checkpoint
      if (size > written) {
        await append('checkpoint', Buffer.from(note))
        written = size
      } else if (shipper.behind() === 0) {
        // A heartbeat says nothing new: it goes to the witness only. While records wait it would be refused.
        await contact.checkpoint(note)
      }
    },
    trouble: () => segments.trouble() ?? shipper.trouble(),
    pressure: () => shipper.pressure(),
    witnessed: () => contact.witnessed(),
    async close() {
      await shipper.close(drain)
      await segments.close()
    },
  }
}
