// By what the API server is told from everybody else who reaches the webhooks: the last segment of the path that it calls. It is
// another every hour, because the API server names the path to whoever sent a request for which no webhook answered.

import { type KeyObject, timingSafeEqual } from 'node:crypto'
import { hmac } from '../../core/hmac.ts'

const hour = 3_600_000

/** One segment of a path, where Kubernetes takes lower-case letters and digits alone. `now`: milliseconds since 1970. */
export function pathSecret(key: KeyObject, now: number): string {
  return hmac(`${Math.floor(now / hour)}`, key)
}

/** Whether it is that of this hour, of the one before, or of the next, which a replica with another clock has written. */
export function isPathSecret(given: string, key: KeyObject, now: number): boolean {
  return [now, now - hour, now + hour].some((at) => isSame(given, pathSecret(key, at)))
}

/** How long it takes says nothing of how much is right. */
function isSame(given: string, secret: string): boolean {
  const [one, other] = [Buffer.from(given), Buffer.from(secret)]
  return one.length === other.length && timingSafeEqual(one, other)
}
