// A DNS resolver that knows one name.

import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { decode, encode } from 'dns-packet'

export type TestResolver = {
  /** `ip:port`. */
  address: string
  /** `TYPE name` of every question. */
  asked: string[]
  close(): void
}

/** Answers A questions for `name` with `data`, and everything else with NXDOMAIN. */
export async function aResolver(name: string, data: string): Promise<TestResolver> {
  const socket = createSocket('udp4')
  const asked: string[] = []
  socket.on('message', (message, { port, address }) => {
    const { id, questions } = decode(message)
    const [question] = questions
    asked.push(`${question?.type} ${question?.name}`)
    const knows = question?.name === name
    const answers =
      knows && question.type === 'A' ? [{ type: 'A' as const, class: 'IN' as const, name, ttl: 1, data }] : []
    socket.send(encode({ type: 'response', id, flags: knows ? 0 : 3, questions, answers }), port, address)
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return { address: `127.0.0.1:${socket.address().port}`, asked, close: () => socket.close() }
}
