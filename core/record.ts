// The audit record (45 CFR 164.312(b)): who, what, when, why, for every message, refusals included. A record holds
// hashes and sealed tokens, never content: nothing here has a place for an argument's value or a result.

import { canonical, type Json } from './canonical.ts'
import { recordSchema } from './record-base.ts'
import type { CallRecord } from './record-call.ts'
import type { ProcessRecord } from './record-lifecycle.ts'
import type { RegistryRecord } from './record-registry.ts'
import { isRecord, membersOf } from './record-shape.ts'

export { recordSchema } from './record-base.ts'
export type { MfaGrade, Outcome, PatientToken, Who } from './record-call.ts'
export type { OrdersInForce, Predecessor } from './record-lifecycle.ts'
export {
  type ActivityReviewed,
  type Archived,
  type Ended,
  type Ending,
  type Head,
  type LegalHold,
  type Registered,
  type RegistryArchived,
  registryKinds,
  type Signalled,
} from './record-registry.ts'

export type AuditRecord = CallRecord | ProcessRecord | RegistryRecord

/** The record without what the trail adds to it. */
export type Entry = AuditRecord extends infer R
  ? R extends AuditRecord
    ? Omit<R, 'schema' | 'at'>
    : never
  : never

/** The record of an entry. Its members stand in canonical order, in which it is written at once. */
export function recordOf(entry: Entry, at: string): AuditRecord {
  const members: { readonly [member: string]: unknown } = entry
  const record: { [member: string]: unknown } = {}
  let left = 0
  for (const _ in members) left += 1
  for (const name of membersOf(entry.kind)) {
    if (name === 'at') record['at'] = at
    else if (name === 'schema') record['schema'] = recordSchema
    else if (Object.hasOwn(members, name)) {
      record[name] = members[name]
      left -= 1
    }
  }
  // A member that no such record has is not left out in silence: isRecord refuses it.
  return (left === 0 ? record : { ...entry, schema: recordSchema, at }) as AuditRecord
}

/** Largest record, bytes: a C2SP tlog-tiles entry has a 16-bit length. */
export const recordLimit = 65_535

/** A record that would be larger than `recordLimit`: said again it is no smaller. */
export class RecordTooLarge extends RangeError {
  constructor() {
    super('The record is larger than 65,535 bytes')
  }
}

/** The bytes that the chain is made of. Throws `RecordTooLarge`. */
export function recordBytes(record: AuditRecord): Buffer {
  const bytes = Buffer.from(canonical(record as unknown as Json))
  if (bytes.length > recordLimit) throw new RecordTooLarge()
  return bytes
}

/**
 * Reads what `recordBytes` wrote. Throws on anything else, so that a changed byte never reads as another record. A member
 * that this version does not know is refused as well: it could be a place for content.
 */
export function parseRecord(bytes: Uint8Array): AuditRecord {
  if (bytes.length > recordLimit) throw new RecordTooLarge()
  // Not Buffer.toString: it would read a broken byte as U+FFFD, and that text has a canonical form.
  const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  const value: unknown = JSON.parse(text)
  if (!isRecord(value)) throw new TypeError(`Not a record of ${recordSchema}`)
  if (canonical(value) !== text) throw new TypeError('The record is not in canonical form')
  return value
}
