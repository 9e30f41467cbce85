// Entries as the request path hands them in: records without what the chain adds.

import type { EntryOf } from '../../../sidecar/trail/trail.ts'
import { anOrders, aWho, anIntent as intentRecord, aResult as resultRecord } from '../../core/records.ts'

function entry<R extends { schema: string; at: string }>(record: R): Omit<R, 'schema' | 'at'> {
  const { schema: _schema, at: _at, ...rest } = record
  return rest
}

export const anIntent = (call: string): EntryOf<'intent'> => entry(intentRecord(call))
export const aResult = (call: string): EntryOf<'result'> => entry(resultRecord(call))
export const theOrders = (): EntryOf<'orders'> => entry(anOrders())
export const aRefusal = (call: string): EntryOf<'refusal'> => ({
  kind: 'refusal',
  call,
  reason: 'tool-unknown',
  stage: 'authorize',
  who: aWho(),
  peer: '10.0.0.7',
})
export const aCounted = (): EntryOf<'counted'> => ({
  kind: 'counted',
  what: 'handshake-failed',
  source: '10.0.0.7',
  count: 3,
})
