// How a connection of the app becomes one to the outside (45 CFR 164.312(e)(1)). Everything here happens before the
// first byte of the app leaves the pod; whatever throws ends the connection.

import type { Socket } from 'node:net'
import { accessDenied } from './client-hello.ts'
import { askPostgresForTls, type Dialling, dial, plain, secure, verified } from './dial.ts'
import { endTogether, join, WayBack } from './join.ts'
import { serveGate } from './model/gate.ts'
import type { Target } from './names.ts'
import { OwnTls } from './own-tls.ts'
import { fatal, notHere, readOpening, withoutChannelBinding } from './postgres.ts'
import { readBytes } from './read.ts'
import { EgressRefusal, type Reason } from './reasons.ts'

/** Of one connection, as whoever accepted it has it. */
export type Opening = Dialling & {
  app: Socket
  /** Throws when this connection may not be, at this moment. */
  permit: () => void
  /** Resolves when the opening is recorded, with what came of a model vendor's rules. */
  record: (rules?: 'rules-met' | 'rules-unproved') => Promise<void>
  /** Ends the connection. */
  end: (reason: Reason) => void
  /** Why it ended. */
  reason: EgressRefusal | undefined
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
    const { app } = opening
    const out = new OwnTls(app, target.name, (reason) => opening.end(reason))
    await out.hello()
    const back = new WayBack((chunk) => out.answered(chunk))
    const remote = await permitted(target, opening, () => dial(target, opening, plain(back.onread)))
    out.to(remote)
    back.to(app, remote)
    endTogether(app, remote, back)
  },
  refusal: () => accessDenied,
}

/** Plain PostgreSQL of the app on loopback, TLS on the wire; no byte of the app is sent before TLS stands. */
const postgres: Way = {
  open: async (target, opening) => {
    const first = await firstPacket(opening.app)
    const remote = await permitted(target, opening, () => postgresWithTls(target, opening))
    remote.write(first)
    join(opening.app, remote, withoutChannelBinding(), (error) =>
      opening.end(error instanceof EgressRefusal ? error.reason : 'internal'),
    )
  },
  refusal: ({ message }) => fatal(message),
}

/** Anything over a connection, whoever speaks first. A refusal has no words that every protocol would know. */
const tcp: Way = {
  open: async (target, opening) => {
    const back = new WayBack()
    const remote = await permitted(target, opening, () => withTls(target, opening, back))
    join(opening.app, remote, back)
  },
  refusal: () => Buffer.alloc(0),
}

/** HL7 version 2 in its frames (MLLP, release 1 and 2): a sender that frames nothing, or speaks TLS, is told by the end. */
const mllp: Way = {
  open: async (target, opening) => {
    const { bytes } = await readBytes(opening.app, framed)
    const back = new WayBack()
    const remote = await permitted(target, opening, () => withTls(target, opening, back))
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
    const { app, world } = opening
    if (target.model === undefined) throw new EgressRefusal('internal')
    opening.permit()
    const calls = new AbortController()
    app.on('close', () => calls.abort(opening.reason))
    await serveGate({
      app,
      host: target.name,
      rules: target.model,
      signal: calls.signal,
      permit: () => opening.permit(),
      credential: () => opening.credential(),
      refused: (error) => opening.refused(error),
      record: () => untilAborted(opening.record('rules-met'), calls.signal),
      connect: async () => {
        const ending = AbortSignal.any([calls.signal, AbortSignal.timeout(connectMs)])
        let begun: Socket | undefined
        const close = (): void => void begun?.destroy()
        ending.addEventListener('abort', close)
        const opened = (remote: Socket): void => void (begun = remote)
        try {
          return await withTls(target, { world, ending, opened })
        } finally {
          // The call that goes over it may take longer.
          ending.removeEventListener('abort', close)
        }
      },
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

/** Rejects as soon as `signal` aborts: a call holds its body. */
function untilAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error)
    signal.addEventListener('abort', onAbort)
    if (signal.aborted) onAbort()
    void work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}

/** What `dialled` opens, permitted, recorded before, and permitted still. */
async function permitted(target: Target, opening: Opening, dialled: () => Promise<Socket>): Promise<Socket> {
  opening.permit()
  await opening.record(target.unproved ? 'rules-unproved' : undefined)
  const remote = await dialled()
  opening.permit()
  return remote
}

/** A connection with TLS from its first byte on. */
async function withTls(target: Target, dialling: Dialling, back?: WayBack): Promise<Socket> {
  const remote = await dial(target, dialling, (place) => secure(target, place, back?.onread))
  return await verified(remote, target, dialling.ending)
}

/** A connection on which TLS is asked for first. */
async function postgresWithTls(target: Target, dialling: Dialling): Promise<Socket> {
  const socket = await dial(target, dialling, plain())
  await askPostgresForTls(socket, dialling.ending)
  const remote = secure(target, { socket })
  dialling.opened(remote)
  return await verified(remote, target, dialling.ending)
}

/** The client's startup or cancel packet. It may ask for TLS and GSSAPI first: there is neither on loopback. */
async function firstPacket(app: Socket): Promise<Buffer> {
  let held: Buffer | undefined
  for (let asked = 0; asked < 3; asked += 1) {
    const { found, bytes } = await readBytes(app, readOpening, held)
    if (found.says !== 'encrypt') return bytes
    app.write(notHere)
    held = bytes.subarray(found.size)
  }
  throw new EgressRefusal('not-postgres')
}
