// What a server answered, to the host: one line a message, each when it comes. Nothing is kept.

import { setTimeout as sleep } from 'node:timers/promises'
import { eventsIn } from './events.ts'
import type { Reply } from './identity.ts'
import { answers, errorAnswer, type Id, type Message, reasonIn } from './messages.ts'
import { jsonObject } from './net.ts'

export type Relaying = {
  /** The request that is answered; undefined where no answer is wanted. */
  id: Id | undefined
  /** Every message, in order, with its text as it came: it may hold line breaks. */
  out: (message: Message, line: string) => void
  /** Why the server refused. */
  refused: (reason: string) => void
  /** Takes up a stream behind an event; undefined where the server cannot. */
  resume: ((lastEvent: string) => Promise<Reply>) | undefined
  signal: AbortSignal
}

/** Times that one answer is taken up again. */
const mostResumed = 5

/** Ends with the answer, or with an error in its place. Rejects when the connection breaks in an answer of one piece. */
export async function relay(reply: Reply, relaying: Relaying): Promise<void> {
  if (typeOf(reply) === 'text/event-stream') await stream(reply, relaying)
  else await whole(reply, relaying)
}

async function whole({ status, body }: Reply, { id, out, refused }: Relaying): Promise<void> {
  const text = await body.text()
  const message = jsonObject(text)
  const reason = message === undefined ? undefined : reasonIn(message)
  if (reason !== undefined) refused(reason)
  if (id === undefined) {
    if (status >= 400 && reason === undefined) refused(`status ${status}`)
    return
  }
  const isAnswer = message !== undefined && (message['result'] ?? message['error']) !== undefined
  // Printed anew, numbers would lose digits that JavaScript does not hold.
  if (isAnswer && message['id'] === id) out(message, text)
  // Refused before it was read, an error names no request: it is the answer all the same.
  else if (isAnswer) out(message, JSON.stringify({ ...message, id }))
  else {
    const says = `The server answered ${status} and no message: is the URL that of its MCP endpoint?`
    const made = errorAnswer(id, -32603, says)
    out(jsonObject(made) ?? {}, made)
  }
}

async function stream(first: Reply, relaying: Relaying): Promise<void> {
  const { id, out, refused, resume, signal } = relaying
  let last: string | undefined
  let wait = 1_000
  let answered = false
  let reply = first
  for (let attempt = 0; ; attempt += 1) {
    try {
      const heard = (seen: { id?: string; retry?: number }): void => {
        last = seen.id ?? last
        wait = Math.min(seen.retry ?? wait, 60_000)
      }
      for await (const { data } of eventsIn(reply.body, heard)) {
        const message = jsonObject(data)
        if (message === undefined) continue
        if (id !== undefined && answers(message, id)) answered = true
        const reason = reasonIn(message)
        if (reason !== undefined) refused(reason)
        out(message, data)
      }
    } catch (error) {
      if (signal.aborted) throw error
    }
    if (answered || id === undefined || signal.aborted) return
    if (resume === undefined || last === undefined || attempt === mostResumed) break
    await sleep(wait, undefined, { signal })
    reply = await resume(last)
    if (typeOf(reply) !== 'text/event-stream') {
      await reply.body.dump()
      break
    }
  }
  const broken = errorAnswer(
    id,
    -32603,
    'The server broke off its answer. The call may have run; look before you repeat it.',
  )
  out(jsonObject(broken) ?? {}, broken)
}

function typeOf({ headers }: Reply): string {
  return String(headers['content-type'] ?? '')
    .split(';')[0]
    ?.trim()
    .toLowerCase() as string
}
