// A notification that was passed on is answered with nothing.

import type { Redacted, Replied } from '../exchange.ts'
import { accepted } from '../respond.ts'

export function acknowledge(exchange: Replied): Redacted {
  const { otherMessages } = exchange.incoming
  return {
    ...exchange,
    stage: 'redacted',
    answer: accepted,
    account: {
      outcome: 'ok',
      patients: [],
      kept: {},
      dropped: otherMessages === 0 ? {} : { 'server-message': otherMessages },
      redacted: {},
    },
  }
}
