// One DNS question -> one answer (RFC 1035, RFC 2308). Pure.

import {
  AUTHORITATIVE_ANSWER,
  decode,
  encode,
  type Packet,
  RECURSION_AVAILABLE,
  RECURSION_DESIRED,
} from 'dns-packet'

/** Short: a policy that changes is followed within seconds. */
const ttlSeconds = 3

const code = { ok: 0, formatError: 1, serverFailure: 2, noSuchName: 3, notImplemented: 4 } as const
const headerSize = 12

/** `undeclared`: this name is none that the policy declares, nor one with a search domain behind it. */
export type Answered = { bytes: Buffer; undeclared?: string }

/** What names mean now; `ready` is false until a policy came. Names are in lower case, without a trailing dot. */
export type Lookup = {
  ready: boolean
  addressOf: (name: string) => string | undefined
  search: readonly string[]
  /** The pod has no IPv4 but loopback's. */
  withoutIPv4?: boolean
}

/**
 * The answer to a packet; undefined for one that is no question with a host name: it is dropped, since nothing can be
 * said that its sender would understand. Before there is a policy the answer is "try again", which no client caches.
 */
export function answerTo(bytes: Buffer, lookup: Lookup): Answered | undefined {
  const query = readQuery(bytes)
  const [question] = query?.questions ?? []
  if (query === undefined || question === undefined) return undefined
  const reply = (rcode: number, answers: Packet['answers'] = []): Buffer =>
    encode({
      id: query.id,
      type: 'response',
      flags: (query.flags & RECURSION_DESIRED) | RECURSION_AVAILABLE | AUTHORITATIVE_ANSWER | rcode,
      questions: [question],
      answers,
    })
  if (((query.flags >> 11) & 15) !== 0) return { bytes: reply(code.notImplemented) }
  if (!lookup.ready) return { bytes: reply(code.serverFailure) }
  const name = question.name.toLowerCase()
  const address = question.class === 'IN' ? lookup.addressOf(name) : undefined
  if (address === undefined) {
    const expanded = lookup.search.some(
      (domain) =>
        name.endsWith(`.${domain}`) && lookup.addressOf(name.slice(0, -domain.length - 1)) !== undefined,
    )
    // The resolver of the app goes through its search domains and goes on at this answer.
    return { bytes: reply(code.noSuchName), ...(expanded ? {} : { undeclared: name }) }
  }
  const { type } = question
  if (type !== 'A' && (type !== 'AAAA' || lookup.withoutIPv4 !== true)) return { bytes: reply(code.ok) }
  // Who asks for addresses of the pod's own families alone (AI_ADDRCONFIG, as Node's sockets do) would find none without IPv4.
  // A connection to an IPv4-mapped address is one of IPv4 to the kernel and its filter (RFC 4291 2.5.5.2, RFC 3493 3.7).
  const data = type === 'A' ? address : `::ffff:${address}`
  return { bytes: reply(code.ok, [{ name: question.name, type, class: 'IN', ttl: ttlSeconds, data }]) }
}

/** A query with one question for a host name. The counts are read first: the decoder would believe any of them. */
function readQuery(bytes: Buffer): Packet | undefined {
  if (bytes.length < headerSize) return undefined
  const [questions, answers, authorities, additionals] = [4, 6, 8, 10].map((at) => bytes.readUInt16BE(at))
  if (questions !== 1 || answers !== 0 || authorities !== 0 || (additionals ?? 0) > 4) return undefined
  try {
    const packet = decode(bytes)
    const [question] = packet.questions
    return packet.type === 'query' && /^[a-z0-9_.-]{1,253}$/i.test(question?.name ?? '') ? packet : undefined
  } catch {
    // Whatever the decoder stumbled over, it is no DNS.
    return undefined
  }
}
