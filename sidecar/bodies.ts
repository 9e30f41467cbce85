// How many bytes of messages are held while they arrive. Each body has its limit, and each certificate its connections;
// the two together are more than this process may have. Implements: transmission:bodies

import type { Who } from '../core/record.ts'
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
  const held = new Map<string, number>()
  let all = 0
  return {
    room({ iss, sub }) {
      const person = JSON.stringify([iss, sub])
      let own = 0
      return {
        take(bytes) {
          const theirs = (held.get(person) ?? 0) + bytes
          if (theirs > limit.each) throw new Refusal('bodies-over-limit', again)
          if (all + bytes > limit.all) throw new Refusal('bodies-full', again)
          held.set(person, theirs)
          all += bytes
          own += bytes
        },
        free() {
          all -= own
          const left = (held.get(person) ?? 0) - own
          if (left > 0) held.set(person, left)
          else held.delete(person)
          own = 0
        },
      }
    },
  }
}

const again = { headers: { 'retry-after': '1' } }
