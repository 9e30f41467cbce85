// An access token that is always young: of a person who signs in again, as an agent's user would.

import type { Token } from '../../sample/sign-in.ts'

/** Also where a token lives longer: a login must not look idle to automatic logoff. Milliseconds. */
const longest = 300_000

/**
 * Gives a token that has at least half of its life before it; asks for one when there is none. Several callers at once
 * wait for the same sign-in. One that failed is tried again by the next caller. `now`: milliseconds.
 */
export function renewing(
  signIn: () => Promise<Pick<Token, 'accessToken' | 'expiresIn'>>,
  now: () => number = Date.now,
): () => Promise<string> {
  let held: { token: ReturnType<typeof signIn>; until: number } | undefined
  return async () => {
    if (held !== undefined && now() < held.until) return (await held.token).accessToken
    const mine = { token: signIn(), until: Infinity }
    held = mine
    try {
      const { accessToken, expiresIn } = await mine.token
      mine.until = now() + Math.min(longest, expiresIn * 500)
      return accessToken
    } catch (error) {
      if (held === mine) held = undefined
      throw error
    }
  }
}
