// How a connection of the app becomes one to the outside (45 CFR 164.312(e)(1)). Everything here happens before the
// first byte of the app leaves the pod; whatever throws ends the connection.

import type { Socket } from 'node:net'
import { accessDenied, helloLimit, readClientHello } from './client-hello.ts'
import { askPostgresForTls, dial, plain, secure, verified, type World } from './dial.ts'
import type { Ending } from './ending.ts'
import { join, WayBack } from './join.ts'
import { serveGate } from './model/gate.ts'
import type { Target } from './names.ts'
import { fatal, notHere, readOpening, withoutChannelBinding } from './postgres.ts'
import { readBytes } from './read.ts'
import { EgressRefusal } from './reasons.ts'

type Opening = {
  app: Socket
  world: World
  /** Throws when this connection may not be, at this moment. */
  permit: () => void
  /** Resolves when the opening is recorded, with what came of a model vendor's rules. */
  record: (rules?: 'rules-met' | 'rules-unproved') => Promise<void>
  /** Aborts with the reason why it ended. */
  ending: Ending
  /** Learns of the outside's socket as soon as there is one. */
  opened: (remote: Socket) => void
  failed: (error: unknown) => void
  /** One call was refused; the connection goes on. */
  refused: (error: EgressRefusal) => void
  /** The credential under the first active agreement that has one. */
  credential: () => string | undefined
}

/** One way for each protocol: opening it, and saying no in its own words. */
type Way = {
  open: (target: Target, opening: Opening) => Promise<void>
  refusal: (error: EgressRefusal) => Buffer
}

/**
 * TLS of the app's own, untouched: the sidecar reads the server name, which must be the one that was looked up. The
 * address is the one that the cluster's resolver gives for that name, whatever the app knows. What is said inside, an
 * HTTP Host among it, cannot be seen without ending TLS.
 */
const ownTls: Way = {
  open: async (target, opening) => {
    const { app, permit, record, ending } = opening
    const { found, bytes } = await readBytes(
      app,
      (bytes) => readClientHello(bytes) ?? (bytes.length > 2 * helloLimit ? tooLong : undefined),
      ending,
    )
    if ('refused' in found) throw new EgressRefusal(found.refused)
    if (found.serverName !== target.name) throw new EgressRefusal('server-name-other')
    permit()
    await record(target.unproved ? 'rules-unproved' : undefined)
    const back = new WayBack()
    const remote = await dial(target, opening.world, ending, plain(back.onread))
    opening.opened(remote)
    permit()
    remote.write(bytes)
    join(app, remote, back)
  },
  refusal: () => accessDenied,
}
const tooLong = { refused: 'not-tls' } as const

/** Plain PostgreSQL of the app on loopback, TLS on the wire; no byte of the app is sent before TLS stands. */
const postgres: Way = {
  open: async (target, opening) => {
    const first = await firstPacket(opening.app, opening.ending)
    const remote = await permitted(target, opening, async () => await postgresWithTls(target, opening))
    remote.write(first)
    join(opening.app, remote, withoutChannelBinding(), opening.failed)
  },
  refusal: ({ message }) => fatal(message),
}

/** Anything over a connection, whoever speaks first. A refusal has no words that every protocol would know. */
const tcp: Way = {
  open: async (target, opening) => {
    const back = new WayBack()
    const remote = await permitted(target, opening, async () => await withTls(target, opening, back))
    join(opening.app, remote, back)
  },
  refusal: () => Buffer.alloc(0),
}

/** HL7 version 2 in its frames (MLLP, release 1 and 2): a sender that frames nothing, or speaks TLS, is told by the end. */
const mllp: Way = {
  open: async (target, opening) => {
    const { bytes } = await readBytes(opening.app, framed, opening.ending)
    const back = new WayBack()
    const remote = await permitted(target, opening, async () => await withTls(target, opening, back))
    remote.write(bytes)
    join(opening.app, remote, back)
  },
  refusal: () => Buffer.alloc(0),
}
const startOfBlock = 0x0b
function framed(bytes: Buffer): true | undefined {
  if (bytes.length === 0) return undefined
  if (bytes[0] !== startOfBlock) throw new EgressRefusal('not-mllp')
  return true
}

/** How long a call waits for a connection, milliseconds. */
const connectMs = 15_000

/** HTTP to a model's vendor, read call by call. */
const model: Way = {
  open: async (target, opening) => {
    const { app, permit, record, refused, credential, ending } = opening
    if (target.model === undefined) throw new EgressRefusal('internal')
    permit()
    const calls = new AbortController()
    ending.addEventListener('abort', () => calls.abort(ending.reason))
    await serveGate({
      app,
      host: target.name,
      rules: target.model,
      signal: calls.signal,
      permit,
      credential,
      refused,
      record: async () => await record('rules-met'),
      connect: async () =>
        await withTls(target, {
          ...opening,
          ending: AbortSignal.any([calls.signal, AbortSignal.timeout(connectMs)]),
        }),
    })
  },
  refusal: () => accessDenied,
}

export const ways: { [Protocol in Target['protocol']]: Way } = {
  Tls: ownTls,
  Postgres: postgres,
  Tcp: tcp,
  Mllp: mllp,
  Model: model,
}

/** What `dialled` opens, permitted, recorded before, and permitted still. */
async function permitted(
  target: Target,
  { permit, record }: Opening,
  dialled: () => Promise<Socket>,
): Promise<Socket> {
  permit()
  await record(target.unproved ? 'rules-unproved' : undefined)
  const remote = await dialled()
  permit()
  return remote
}

type Dialling = Pick<Opening, 'world' | 'opened' | 'ending'>

/** A connection with TLS from its first byte on. */
async function withTls(target: Target, { world, opened, ending }: Dialling, back?: WayBack): Promise<Socket> {
  const remote = await dial(target, world, ending, (place) => secure(target, place, back?.onread))
  opened(remote)
  return await verified(remote, target, ending)
}

/** A connection on which TLS is asked for first. */
async function postgresWithTls(target: Target, { world, opened, ending }: Dialling): Promise<Socket> {
  const socket = await dial(target, world, ending, plain())
  opened(socket)
  await askPostgresForTls(socket, ending)
  const remote = secure(target, { socket })
  opened(remote)
  return await verified(remote, target, ending)
}

/** The client's startup or cancel packet. It may ask for TLS and GSSAPI first: there is neither on loopback. */
async function firstPacket(app: Socket, ending: Ending): Promise<Buffer> {
  let held: Buffer | undefined
  for (let asked = 0; asked < 3; asked += 1) {
    const { found, bytes } = await readBytes(app, readOpening, ending, held)
    if (found.says !== 'encrypt') return bytes
    app.write(notHere)
    held = bytes.subarray(found.size)
  }
  throw new EgressRefusal('not-postgres')
}
