// How many bytes of messages are held while they arrive. Each body has its limit, and each certificate its connections;
// the two together are more than this process may have. Implements: transmission:bodies

import type { Who } from '../core/record.ts'
import { shares } from '../core/shares.ts'
import { Refusal } from './refusals.ts'

/** Bytes held at a time: of one person, and of all. The sidecar may have 512 MiB for everything. */
const most = { each: 8 * 1024 * 1024, all: 32 * 1024 * 1024 }

/** What one body takes. */
export type Room = {
  /** So many bytes more. Throws Refusal when they are more than may be held. */
  take(bytes: number): void
  /** The body is held no longer. */
  free(): void
}

export type Bodies = { room(who: Who): Room }

export function bodies(limit = most): Bodies {
  const held = shares(limit.each, limit.all)
  return {
    room({ iss, sub }) {
      const person = JSON.stringify([iss, sub])
      let own = 0
      return {
        take(bytes) {
          const lacking = held.lacks(person, bytes)
          if (lacking !== undefined)
            throw new Refusal(lacking === 'each' ? 'bodies-over-limit' : 'bodies-full', again)
          held.take(person, bytes)
          own += bytes
        },
        free() {
          held.give(person, own)
          own = 0
        },
      }
    },
  }
}

const again = { headers: { 'retry-after': '1' } }
