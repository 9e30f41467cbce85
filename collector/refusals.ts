// What the collector answers when it does not do what it was asked. The one table of reasons; server.ts is its only
// reader. No sentence holds anything that came from outside.

import type { CollectorRefusal } from '../core/wire.ts'

const table = {
  'no-certificate': { status: 401, says: 'Show a certificate of this installation’s own CA' },
  'not-yours': { status: 403, says: 'This chain is another pod’s: write your own' },
  'not-permitted': { status: 403, says: 'Your certificate’s role may not do this' },
  'no-such-path': { status: 404, says: 'See core/wire.ts for what the collector offers' },
  'no-such-chain': { status: 404, says: 'Begin a chain first: POST /v1/chains' },
  'bad-request': { status: 400, says: 'The request is malformed: see core/wire.ts' },
  'bad-record': { status: 400, says: 'A line is no record of this schema in canonical form' },
  'bad-order': {
    status: 400,
    says: 'A chain begins with chain-started of its own origin and ends with chain-closed',
  },
  'bad-note': { status: 400, says: 'The body is no checkpoint in a signed note' },
  'bad-signature': { status: 403, says: 'The checkpoint is not signed by this chain’s key' },
  'too-large': { status: 413, says: 'Send fewer records at once' },
  gap: { status: 409, says: 'Records before these are missing: send from `size` on' },
  fork: { status: 409, says: 'Other records are committed at this place: this chain is over, begin another' },
  'chain-over': { status: 409, says: 'This chain is over: begin another' },
  truncates: { status: 409, says: 'A larger checkpoint of this chain was cosigned: this one truncates it' },
  'records-missing': {
    status: 409,
    says: 'The checkpoint covers records that are not here: send them first',
  },
  'fork-root': {
    status: 422,
    says: 'The root is not that of the records here: this chain is over, begin another',
  },
  'chain-corrupt': { status: 503, says: 'What the collector holds of this chain was changed: begin another' },
  'not-committed': { status: 503, says: 'The records are not known to be committed: send them again' },
  'not-witnessed': {
    status: 503,
    says: 'The records are committed, and no quorum of witnesses signed for them yet: send them again',
  },
  'taken-over': { status: 503, says: 'Another collector has this chain now: send it again' },
  busy: { status: 503, says: 'Too much waits to be committed: send it again' },
  'too-much-at-once': {
    status: 503,
    says: 'Too much is being received at once, from you or from all: send it again, less at a time',
  },
  'too-many-chains': {
    status: 503,
    says: 'This pod began too many chains within ten minutes: look at why its sidecar starts again and again',
  },
  'too-many-open': {
    status: 409,
    says: 'Too many calls of this chain have no result: this chain is over, begin another',
  },
  'no-key-here': { status: 404, says: 'This collector has no key: HIPAA_MCP_KMS names none' },
  'segment-not-opened': {
    status: 422,
    says: 'The key’s holder does not open this data key: the key is gone, or the segment is not what was sealed',
  },
  'development-key': {
    status: 503,
    says: 'This server’s profile is Production, and the collector’s key is one for Development',
  },
  'no-data-key': { status: 503, says: 'No key for these records can be had now: send them again' },
  'no-archive': {
    status: 409,
    says: 'No archive is configured, so nothing lies under a lock that could be held: docs/archive.md',
  },
  'hold-exists': { status: 409, says: 'A hold of this name is on: take it off, or name another' },
  'no-such-hold': { status: 404, says: 'No hold of this name is on' },
  'review-too-early': {
    status: 400,
    says: 'A period that is not over cannot have been reviewed: `until` lies in the future',
  },
  starting: { status: 503, says: 'The collector is starting: send it again' },
} as const satisfies { [reason: string]: { status: number; says: string } }

export type Reason = keyof typeof table

/** Ends a request. `size`: records of the chain that are committed. */
export class Refusal extends Error {
  readonly reason: Reason
  readonly size: number | undefined
  constructor(reason: Reason, options: { size?: number; cause?: unknown } = {}) {
    super(table[reason].says, options.cause === undefined ? {} : { cause: options.cause })
    this.name = 'Refusal'
    this.reason = reason
    this.size = options.size
  }
  get status(): number {
    return table[this.reason].status
  }
  get body(): CollectorRefusal {
    return {
      error: this.reason,
      says: table[this.reason].says,
      ...(this.size === undefined ? {} : { size: this.size }),
    }
  }
}
