// A server on standard input and output. Its standard error is thrown away: servers say there whom they serve.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { CannotError } from '../command.ts'
import { linesOf } from '../connect/lines.ts'
import type { Message } from '../connect/messages.ts'
import { jsonObject } from '../connect/net.ts'
import { ServerError, type Wire } from './catalogue.ts'
import { resultOf, withMeta } from './http.ts'

/**
 * Longest waits for an answer, milliseconds: to the first question, which old servers may leave unanswered; to the greeting
 * of before; to all that follows. A server starts during the first two.
 */
export const patience = { probe: 6_000, greeting: 9_000, answer: 30_000 }
/** How long a server may take to end, milliseconds. */
const farewell = 2_000

/** Starts the command, in no shell. `told` hears what is asked, and undefined once there is an answer. */
export function stdioWire(
  command: string,
  args: readonly string[],
  told: (asked: string | undefined) => void,
  waits = patience,
): Wire {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'ignore'] })
  const waiting = new Map<number, (message: Message) => void>()
  const over = Promise.withResolvers<never>()
  // Whoever waits for an answer is told; nobody may be waiting.
  over.promise.catch(() => undefined)
  const ended = (why: string): void => over.reject(new CannotError(why))
  child.on('error', () => ended(`${command} cannot be started: check its name and path`))
  child.on('exit', () => ended(`${command} ended before it had answered`))
  child.stdin.on('error', () => undefined)
  listen(child, waiting).catch(() => ended(`${command} wrote what no reader of MCP takes`))
  let last = 0
  let revision = ''
  const send = (message: object): void => void child.stdin.write(`${JSON.stringify(message)}\n`)

  return {
    agreed(named) {
      revision = named
    },
    async request(method, params) {
      const id = (last += 1)
      const answer = Promise.withResolvers<Message>()
      waiting.set(id, answer.resolve)
      send({ jsonrpc: '2.0', id, method, params: withMeta(params, revision) })
      const early = method === 'server/discover'
      const longest = early ? waits.probe : method === 'initialize' ? waits.greeting : waits.answer
      told(method)
      const stop = new AbortController()
      const late = sleep(longest, undefined, { signal: stop.signal }).then(() => {
        // A server of before may say nothing to a question that it does not know.
        throw early
          ? new ServerError(0)
          : new CannotError(
              `${command} runs and does not answer ${method}: is it a server that speaks MCP on standard input and output?`,
            )
      })
      try {
        return resultOf(await Promise.race([answer.promise, over.promise, late]), 0)
      } finally {
        stop.abort()
        told(undefined)
        late.catch(() => undefined)
        waiting.delete(id)
      }
    },
    async notify(method) {
      send({ jsonrpc: '2.0', method })
      await Promise.resolve()
    },
    async end() {
      child.stdin.end()
      if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return
      const exit = once(child, 'exit')
      for (const signal of [undefined, 'SIGTERM', 'SIGKILL'] as const) {
        if (signal !== undefined) child.kill(signal)
        const gone = await Promise.race([exit.then(() => true), sleep(farewell, false, { ref: false })])
        if (gone) return
      }
    },
  }
}

/** Answers by their id. Other lines, such as a greeting, are none of ours; a server's own questions are declined. */
async function listen(child: ChildProcess, waiting: Map<number, (message: Message) => void>): Promise<void> {
  if (child.stdout === null) return
  for await (const line of linesOf(child.stdout)) {
    const message = jsonObject(line)
    if (message === undefined) continue
    const { id, method } = message
    if (typeof method === 'string') {
      if (id === undefined) continue
      const answer =
        method === 'ping' ? { result: {} } : { error: { code: -32601, message: 'Method not found' } }
      child.stdin?.write(`${JSON.stringify({ jsonrpc: '2.0', id, ...answer })}\n`)
    } else if (typeof id === 'number') waiting.get(id)?.(message)
  }
}
