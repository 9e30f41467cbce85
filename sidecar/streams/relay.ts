// Puts through what a server sends besides its answer: each message under policy, in order, and covered by a record
// that is acknowledged before a byte of it leaves. Messages that arrive together are recorded together: the trail
// commits what waits in one go. What may not leave is counted, and a question that may not is answered for the caller.

import type { Deps } from '../deps.ts'
import type { ServerMessage } from '../hearing.ts'
import { recorded } from '../recorded.ts'
import type { Mark, Outlet } from './outlet.ts'
import { type Listening, shownMessage } from './shown-message.ts'

/** Messages whose record or sending is awaited at a time; then the server is no longer read. */
const most = 64
/** Refusals of a server's questions that are on their way to it at a time; beyond them it is not even told. */
const mostRefusals = 64
export type Relay = {
  /** Takes a message. Returns false when the server should be read no further until `room` is called. */
  take(message: ServerMessage, mark?: Mark): boolean
  /** Tells the caller where the stream can be taken up again. Returns as `take` does. */
  mark(mark: Mark): boolean
  /** Sends a text of ours in its turn, when `kept` has resolved. */
  say(text: string, kept: Promise<void>): void
  /** Resolves when everything taken has left or was withheld. Rejects when one could not be recorded. */
  settled(): Promise<void>
  /** Messages that did not leave. */
  readonly withheld: number
  /** Whether the caller was told of any place at which to take the stream up again. */
  readonly resumable: boolean
}

function noop(): void {}

/** `room`: called when a server that was to wait may be read again. */
export function relay(listening: Listening, outlet: Outlet, deps: Deps, room: () => void): Relay {
  let withheld = 0
  let waiting = 0
  let refusing = 0
  let tail: Promise<void> = Promise.resolve()
  let failed: { why: unknown } | undefined
  let resumable = false

  const withhold = (message: ServerMessage): void => {
    withheld += 1
    // Each is a request of its own: a server that asks and asks must not fill our memory with what it is told.
    if (message.id === undefined || refusing >= mostRefusals) return
    refusing += 1
    void answerFor(message.method, message.id, listening, deps).finally(() => (refusing -= 1))
  }

  /** The caller's own mark: where a stream cannot be taken up again, there is nothing to wait for either. */
  const ours = ({ id, retry }: Mark = {}): Mark | undefined => {
    const handle = id === undefined ? undefined : listening.place?.(id)
    if (handle !== undefined) resumable = true
    if (!resumable) return undefined
    const mark = {
      ...(handle === undefined ? {} : { id: handle }),
      ...(retry === undefined ? {} : { retry }),
    }
    return Object.keys(mark).length === 0 ? undefined : mark
  }
  const put = (
    text: string,
    kept: Promise<void>,
    mark: Mark | undefined,
    withheldInstead = noop,
  ): boolean => {
    waiting += 1
    tail = tail
      .then(async () => {
        await kept
        if (failed !== undefined) return
        // Whatever was ordered since the message came counts: a locked server says nothing more.
        if (
          deps.orders.standing().locked !== undefined ||
          deps.orders.revoked(listening.who, listening.authorization) !== undefined
        ) {
          withheldInstead()
          return
        }
        await outlet.event(text, mark)
      })
      .catch((why: unknown) => {
        failed ??= { why }
      })
      .then(() => {
        waiting -= 1
        if (waiting === most - 1) room()
      })
    // Whoever awaits it is the tail; without this a rejection in between would go unheard.
    kept.catch(() => undefined)
    return waiting < most
  }
  // Nothing of the server's stands in a mark: there is nothing to record.
  const markAlone = (mark: Mark | undefined): boolean => {
    const own = ours(mark)
    return own === undefined || failed !== undefined ? true : put('', Promise.resolve(), own)
  }

  return {
    take(message, mark) {
      if (failed !== undefined) return true
      const shown = shownMessage(message, listening, deps)
      if (shown === undefined) {
        withhold(message)
        // What does not leave begins no stream, but one that has begun goes on behind it.
        return resumable ? markAlone(mark) : true
      }
      return put(shown.text, recorded(deps.trail.event(shown.entry)), ours(mark), () => withhold(message))
    },
    mark: markAlone,
    say: (text, kept) => void put(text, kept, undefined),
    async settled() {
      await tail
      if (failed !== undefined) throw failed.why
    },
    get withheld() {
      return withheld
    },
    get resumable() {
      return resumable
    },
  }
}

/**
 * A server that asks what may not be asked is told so, and need not wait. Whether its caller is there (ping) it asks of the
 * connection's other end, which is here.
 */
async function answerFor(
  method: string,
  id: string | number,
  { inForce, revision, upstreamSession }: Listening,
  deps: Deps,
): Promise<void> {
  const answer =
    method === 'ping' && revision !== '2026-07-28'
      ? { result: {} }
      : { error: { code: -32601, message: 'Not permitted by the policy of this gateway' } }
  await deps.upstream
    .respond({
      path: inForce.policy.workload.path,
      revision,
      ...(upstreamSession === undefined ? {} : { session: upstreamSession }),
      id,
      ...answer,
    })
    .catch(() => undefined)
}
