// How a connection of the app becomes one to the outside (45 CFR 164.312(e)(1)). Everything here happens before the
// first byte of the app leaves the pod; whatever throws ends the connection.

import type { Socket } from 'node:net'
import { modelVendorOf } from '../../core/model-vendors.ts'
import { accessDenied, helloLimit, readClientHello } from './client-hello.ts'
import { askPostgresForTls, dial, originateTls, type World } from './dial.ts'
import { join } from './join.ts'
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
  signal: AbortSignal
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
    const { app, permit, record, signal } = opening
    const { found, bytes } = await readBytes(
      app,
      (bytes) => readClientHello(bytes) ?? (bytes.length > 2 * helloLimit ? tooLong : undefined),
      signal,
    )
    if ('refused' in found) throw new EgressRefusal(found.refused)
    if (found.serverName !== target.name) throw new EgressRefusal('server-name-other')
    permit()
    await record(unproved(target))
    const remote = await dial(target, opening.world, signal)
    opening.opened(remote)
    permit()
    remote.write(bytes)
    join(app, remote)
  },
  refusal: () => accessDenied,
}
const tooLong = { refused: 'not-tls' } as const

/** Plain PostgreSQL of the app on loopback, TLS on the wire; no byte of the app is sent before TLS stands. */
const postgres: Way = {
  open: async (target, opening) => {
    const first = await firstPacket(opening.app, opening.signal)
    const remote = await secured(target, opening, askPostgresForTls)
    remote.write(first)
    join(opening.app, remote, withoutChannelBinding(), opening.failed)
  },
  refusal: ({ message }) => fatal(message),
}

/** Anything over a connection, whoever speaks first. A refusal has no words that every protocol would know. */
const tcp: Way = {
  open: async (target, opening) => join(opening.app, await secured(target, opening)),
  refusal: () => Buffer.alloc(0),
}

/** HL7 version 2 in its frames (MLLP, release 1 and 2): a sender that frames nothing, or speaks TLS, is told by the end. */
const mllp: Way = {
  open: async (target, opening) => {
    const { bytes } = await readBytes(opening.app, framed, opening.signal)
    const remote = await secured(target, opening)
    remote.write(bytes)
    join(opening.app, remote)
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
    const { app, permit, record, refused, credential, signal } = opening
    if (target.model === undefined) throw new EgressRefusal('internal')
    permit()
    await serveGate({
      app,
      host: target.name,
      rules: target.model,
      signal,
      permit,
      credential,
      refused,
      record: async () => await record('rules-met'),
      connect: async () =>
        await dialledWithTls(target, {
          ...opening,
          signal: AbortSignal.any([signal, AbortSignal.timeout(connectMs)]),
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

/** Of the host of a model's vendor behind anything but the gate: nobody sees what is asked of it. */
function unproved({ name }: Target): 'rules-unproved' | undefined {
  return modelVendorOf(name) === undefined ? undefined : 'rules-unproved'
}

/** A connection to the target with TLS on it, permitted, recorded before, and permitted still. */
async function secured(target: Target, opening: Opening, ask?: Ask): Promise<Socket> {
  opening.permit()
  await opening.record(unproved(target))
  const remote = await dialledWithTls(target, opening, ask)
  opening.permit()
  return remote
}

/** What is said on a connection before there may be TLS on it. */
type Ask = (plain: Socket, signal: AbortSignal) => Promise<void>

async function dialledWithTls(
  target: Target,
  { world, opened, signal }: Pick<Opening, 'world' | 'opened' | 'signal'>,
  ask?: Ask,
): Promise<Socket> {
  const plain = await dial(target, world, signal)
  opened(plain)
  await ask?.(plain, signal)
  const remote = await originateTls(plain, target, signal)
  opened(remote)
  return remote
}

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
