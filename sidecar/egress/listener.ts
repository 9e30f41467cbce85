// The egress listener: every connection of the app to a name arrives here, and its local address says which name.

import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import type { Orders } from '../in-force.ts'
import type { World } from './dial.ts'
import { ConnectionEnding, type Ending, heardElsewhere } from './ending.ts'
import { type Names, sameTarget, type Target } from './names.ts'
import { ways } from './open.ts'
import { EgressRefusal, type Reason } from './reasons.ts'

/**
 * Connections to one name that are opened in a minute. Each is a record, and the app is hostile by assumption: it shall
 * not fill the trail of every server of the installation.
 */
const opensPerMinute = 600

/** Connections at once. Each holds two sockets and their buffers. */
const connectionLimit = 1_024

/** One for all: most connections end so, after all is done. */
const hungUp = new EgressRefusal('hung-up')

export type ListenerOptions = {
  port: number
  orders: Pick<Orders, 'standing' | 'agreementActive'>
  names: () => Names
  world: World
  /** Records an opened connection; a rejection is a refusal. */
  record: (target: Target, rules?: 'rules-met' | 'rules-unproved') => Promise<void>
  refused: (source: string, reason: Reason, error?: unknown) => void
  /** How long a connection may take until it stands, milliseconds; `review` ends one that takes longer. */
  setupMs: number
}

export type Listener = {
  port: number
  /** Ends every connection that may not be any longer. Call it when orders change, and as time passes. */
  review: () => void
  close: () => Promise<void>
}

type Connection = {
  app: Socket
  address: string
  target: Target
  /** `performance.now()` when it came. */
  came: number
  settingUp: boolean
  end: (reason: Reason) => void
}

/** Resolves when it listens; rejects when the port is taken. */
export async function startListener(options: ListenerOptions): Promise<Listener> {
  const { orders, names } = options
  const open = new Set<Connection>()

  /**
   * Why a connection to `target` may not be. A lock closes what runs to third parties, and whatever is new. It leaves a
   * store's standing connections: they serve calls alone, which are all refused, what they carry stays within the
   * server's own protection, and cutting a transaction in the middle could harm the records that we protect
   * (45 CFR 164.312(c)(1)).
   */
  const forbids = (connection: Connection): Reason | undefined => {
    const { address, target, settingUp } = connection
    const { locked } = orders.standing()
    if (locked !== undefined && (settingUp || target.kind === 'agreement')) return 'locked'
    const current = names().targets.get(address)
    if (current === undefined || !sameTarget(current, target)) return 'undeclared-name'
    // The next look is at the same object, until the policy changes again.
    connection.target = current
    if (current.kind !== 'agreement') return undefined
    return current.agreements.some((name) => orders.agreementActive(name)) ? undefined : 'agreement-over'
  }

  let minute = { began: performance.now(), opened: new Map<string, number>() }
  const countOpening = (address: string): void => {
    const now = performance.now()
    if (now - minute.began >= 60_000) minute = { began: now, opened: new Map() }
    const opened = (minute.opened.get(address) ?? 0) + 1
    if (opened > opensPerMinute) throw new EgressRefusal('too-often')
    minute.opened.set(address, opened)
  }

  const serve = async (app: Socket): Promise<void> => {
    app.on('error', heardElsewhere)
    const address = (app.localAddress ?? '').replace(/^::ffff:/, '')
    const target = names().targets.get(address)
    if (target === undefined) {
      options.refused('undeclared', 'undeclared-address')
      app.destroy()
      return
    }
    const ending = new ConnectionEnding()
    let remote: Socket | undefined
    const connection: Connection = {
      app,
      address,
      target,
      came: performance.now(),
      settingUp: true,
      end: (reason) => {
        ending.abort(new EgressRefusal(reason))
        // The catch below says no in the app's own protocol.
        if (connection.settingUp) return
        options.refused(target.declared, reason)
        app.destroy()
        remote?.destroy()
      },
    }
    open.add(connection)
    app.on('close', () => {
      open.delete(connection)
      // Also once it stands: calls at a model's gate are recorded, dialled and sent until then.
      ending.abort(hungUp)
    })
    const opening = {
      app,
      world: options.world,
      ending,
      permit: () => {
        ending.throwIfAborted()
        const reason = forbids(connection)
        if (reason !== undefined) throw new EgressRefusal(reason)
      },
      record: (rules?: 'rules-met' | 'rules-unproved') => {
        countOpening(address)
        return untilAborted(options.record(target, rules), ending)
      },
      opened: (socket: Socket) => {
        remote = socket
      },
      refused: ({ reason, cause }: EgressRefusal) => options.refused(target.declared, reason, cause),
      credential: () => {
        const { inForce } = orders.standing()
        const active = target.agreements.filter((name) => orders.agreementActive(name))
        return active.map((name) => inForce?.credentials?.[name]).find((one) => one !== undefined)
      },
      failed: (error: unknown) => connection.end(error instanceof EgressRefusal ? error.reason : 'internal'),
    }
    try {
      await ways[target.protocol].open(target, opening)
      connection.settingUp = false
    } catch (error) {
      remote?.destroy()
      const refusal = error instanceof EgressRefusal ? error : new EgressRefusal('internal', { cause: error })
      options.refused(target.declared, refusal.reason, refusal.cause)
      app.end(ways[target.protocol].refusal(refusal))
      app.destroySoon()
    }
  }

  const server = createServer({
    allowHalfOpen: true,
    pauseOnConnect: true,
    // Nobody is far away here: the kernel says at once when the app has gone.
    noDelay: true,
  })
  server.maxConnections = connectionLimit
  server.on('connection', (app) => void serve(app))
  server.on('drop', (dropped) =>
    options.refused(names().targets.get(dropped?.localAddress ?? '')?.declared ?? 'undeclared', 'too-many'),
  )
  server.listen(options.port, '0.0.0.0')
  await once(server, 'listening')

  return {
    port: (server.address() as AddressInfo).port,
    review: () => {
      const since = performance.now() - options.setupMs
      for (const connection of open) {
        const { settingUp, came } = connection
        // Not by a timer of each: most connections would set one for a millisecond.
        const reason = forbids(connection) ?? (settingUp && came <= since ? 'too-slow' : undefined)
        if (reason !== undefined) connection.end(reason)
      }
    },
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      for (const { app } of open) app.destroy()
      await closed
    },
  }
}

function untilAborted(work: Promise<void>, ending: Ending): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(ending.reason as Error)
    const settle = (done: () => void): void => {
      ending.removeEventListener('abort', onAbort)
      done()
    }
    work.then(
      () => settle(resolve),
      () => settle(() => reject(new EgressRefusal('trail-unavailable'))),
    )
    ending.addEventListener('abort', onAbort)
    if (ending.aborted) onAbort()
  })
}
