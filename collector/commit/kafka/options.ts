// What a URL of a Kafka store says, and what that makes of a connection: always TLS, with the broker's name proved.

import type { Base, BaseOptions, SASLOptions } from '@platformatic/kafka'

export type KafkaOptions = {
  /** `kafka://user:password@broker:9093,broker:9093/prefix`: topics are called prefix-records and prefix-chains. */
  url: string
  /** CA of the brokers' certificates, PEM; absent: the public ones of Node. */
  ca?: string
  /** No answer to one request within this: it is given up. */
  timeoutMs?: number
}

export type KafkaPlace = { brokers: string[]; prefix: string; user?: string; password?: string }

// Several brokers stand in one authority, which the URL of WHATWG does not know.
const form = /^kafka:\/\/(?:([^:@/]+):([^@/]+)@)?([^@/?#]+)\/([A-Za-z0-9._-]{1,200})$/
const broker = /^(?:[A-Za-z0-9.-]+|\[[0-9a-fA-F:]+\]):[0-9]{1,5}$/

/** Throws a TypeError, without the URL in it: it holds a password. */
export function kafkaPlace(url: string): KafkaPlace {
  const [, user, password, hosts, prefix] = form.exec(url) ?? []
  const brokers = hosts?.split(',') ?? []
  if (prefix === undefined || !brokers.every((one) => broker.test(one)))
    throw new TypeError('a Kafka store is kafka://user:password@broker:9093,broker:9093/prefix')
  return {
    brokers,
    prefix,
    ...(user === undefined || password === undefined
      ? {}
      : { user: decodeURIComponent(user), password: decodeURIComponent(password) }),
  }
}

/** SCRAM-SHA-512 (RFC 7677's way with SHA-512) where a user is named; who is let in by an address alone needs none. */
export function connectionOf({ url, ca, timeoutMs = 10_000 }: KafkaOptions): BaseOptions {
  const { brokers, user, password } = kafkaPlace(url)
  const sasl: SASLOptions | undefined =
    user === undefined || password === undefined
      ? undefined
      : { mechanism: 'SCRAM-SHA-512', username: user, password }
  return {
    clientId: 'hipaa-mcp-collector',
    bootstrapBrokers: brokers,
    // A leader that has moved is found by one more try; more of them would only hide a broker that is away.
    retries: 2,
    retryDelay: 200,
    timeout: timeoutMs,
    connectTimeout: timeoutMs,
    requestTimeout: timeoutMs,
    tls: { minVersion: 'TLSv1.2', rejectUnauthorized: true, ...(ca === undefined ? {} : { ca }) },
    tlsServerName: true,
    ...(sasl === undefined ? {} : { sasl }),
  }
}

/**
 * A client that outlives its connections. Its pool hears the first error of a connection alone, and by Node's rule for
 * `error` a second one that nobody hears ends the process. Requests under way fail when the connection closes.
 */
export function outliving<C extends Pick<Base, 'on'>>(client: C): C {
  client.on('client:broker:connect', ({ connection }) => void connection.on('error', () => undefined))
  return client
}
