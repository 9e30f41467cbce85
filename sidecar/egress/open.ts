// How a connection of the app becomes one to the outside (45 CFR 164.312(e)(1)). Everything here happens before the
// first byte of the app leaves the pod; whatever throws ends the connection.

import type { Socket } from 'node:net'
import { accessDenied, helloLimit, readClientHello } from './client-hello.ts'
import { dial, postgresTls, type World } from './dial.ts'
import { join } from './join.ts'
import type { Target } from './names.ts'
import { fatal, notHere, readOpening, withoutChannelBinding } from './postgres.ts'
import { readBytes } from './read.ts'
import { EgressRefusal } from './reasons.ts'

type Opening = {
  app: Socket
  world: World
  /** Throws when this connection may not be, at this moment. */
  permit: () => void
  /** Resolves when the opening is recorded. */
  record: () => Promise<void>
  /** Aborts with the reason why it ended. */
  signal: AbortSignal
  /** Learns of the outside's socket as soon as there is one. */
  opened: (remote: Socket) => void
  failed: (error: unknown) => void
}

/** One way for each kind of target: opening it, and saying no in its own protocol. */
type Way<Kind extends Target['kind']> = {
  open: (target: Extract<Target, { kind: Kind }>, opening: Opening) => Promise<void>
  refusal: (error: EgressRefusal) => Buffer
}

/**
 * TLS of the app's own, untouched: the sidecar reads the server name, which must be the one that was looked up. The
 * address is the one that the cluster's resolver gives for that name, whatever the app knows.
 */
const agreement: Way<'agreement'> = {
  open: async (target, opening) => {
    const { app, permit, record, signal } = opening
    const { found, bytes } = await readBytes(
      app,
      (bytes) => readClientHello(bytes) ?? (bytes.length > 2 * helloLimit ? tooLong : undefined),
      signal,
    )
    if ('refused' in found) throw new EgressRefusal(found.refused)
    if (found.serverName !== target.name) throw new EgressRefusal('server-name-other')
    permit()
    await record()
    const remote = await dial([target.name], target.port, opening.world, signal)
    opening.opened(remote)
    permit()
    remote.write(bytes)
    join(app, remote)
  },
  refusal: () => accessDenied,
}
const tooLong = { refused: 'not-tls' } as const

/** Plain PostgreSQL of the app on loopback, TLS on the wire; no byte of the app is sent before TLS stands. */
const store: Way<'store'> = {
  open: async (target, opening) => {
    const { app, permit, record, signal } = opening
    const first = await firstPacket(app, signal)
    permit()
    await record()
    const plain = await dial(target.lookups, target.port, opening.world, signal)
    opening.opened(plain)
    const remote = await postgresTls(plain, target, signal)
    opening.opened(remote)
    permit()
    remote.write(first)
    join(app, remote, withoutChannelBinding(), opening.failed)
  },
  refusal: ({ message }) => fatal(message),
}

export const ways: { [Kind in Target['kind']]: Way<Kind> } = { agreement, store }

/** The client's startup or cancel packet. It may ask for TLS and GSSAPI first: there is neither on loopback. */
async function firstPacket(app: Socket, signal: AbortSignal): Promise<Buffer> {
  let held: Buffer | undefined
  for (let asked = 0; asked < 3; asked += 1) {
    const { found, bytes } = await readBytes(app, readOpening, signal, held)
    if (found.says !== 'encrypt') return bytes
    app.write(notHere)
    held = bytes.subarray(found.size)
  }
  throw new EgressRefusal('not-postgres')
}
