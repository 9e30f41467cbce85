// Data keys of segments, asked of the collector as the auditor who reads. Another person approves the auditor's certificate, which takes
// minutes: it is made while no segment is open, whose connection would be cut for its silence.

import type { SegmentHeader } from '../../core/sealed/segment.ts'
import type { Auditor } from '../auditor.ts'
import { dataKeyOf } from '../collector-connection.ts'

/** An auditor's certificate lives for an hour: what is left when it is renewed is more than a segment takes. */
const renewMs = 45 * 60_000

export type CollectorKeys = {
  /** Resolves when keys can be asked for without waiting for anybody. */
  ready: () => Promise<void>
  ask: (header: SegmentHeader) => Promise<Buffer>
}

/** Nobody is asked for anything before the first `ready`. `now`: milliseconds of a clock that nobody sets. */
export function collectorKeys(
  certify: () => Promise<Auditor>,
  now: () => number = () => performance.now(),
): CollectorKeys {
  let auditor: { by: Auditor; since: number } | undefined
  let making: Promise<Auditor> | undefined
  const make = async (): Promise<Auditor> => {
    const by = await certify()
    // It lives from its approval on.
    auditor = { by, since: now() }
    return by
  }
  const certified = async (): Promise<Auditor> => {
    // Years of segments take longer than a certificate lives.
    if (auditor !== undefined && now() - auditor.since <= renewMs) return auditor.by
    making ??= make().finally(() => {
      making = undefined
    })
    return await making
  }
  return {
    ready: async () => void (await certified()),
    ask: async ({ origin, segment, keyId, wrapped }) => {
      // What `ready` found is good for the segment that it was asked for, also where the time came since.
      const by = auditor?.by ?? (await certified())
      return await by(async (socket) => await dataKeyOf(socket, { origin, segment, keyId, wrapped }))
    },
  }
}
