// The egress listener: every connection of the app to a name arrives here, and its local address says which name.

import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import type { Orders } from '../in-force.ts'
import type { World } from './dial.ts'
import { type Ending, heardElsewhere } from './ending.ts'
import { type Names, sameTarget, type Target } from './names.ts'
import { type Opening, ways } from './open.ts'
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

/** How a connection of the app opens and ends. Methods, not functions of its own: there is one of these for each connection. */
class Connection implements Opening {
  readonly app: Socket
  readonly #address: string
  #target: Target
  readonly #options: ListenerOptions
  readonly #countOpening: (address: string) => void
  /** `performance.now()` when it came. */
  readonly #came: number = performance.now()
  #settingUp = true
  #remote: Socket | undefined
  reason: EgressRefusal | undefined

  constructor(
    app: Socket,
    address: string,
    target: Target,
    options: ListenerOptions,
    countOpening: (address: string) => void,
  ) {
    this.app = app
    this.#address = address
    this.#target = target
    this.#options = options
    this.#countOpening = countOpening
  }

  async open(): Promise<void> {
    try {
      await ways[this.#target.protocol].open(this.#target, this)
      this.#settingUp = false
    } catch (error) {
      this.#refuse(error instanceof EgressRefusal ? error : new EgressRefusal('internal', { cause: error }))
    }
  }

  /** The app's side is closed. Most connections end so, after all is done; at a model's gate that ends its calls. */
  closed(): void {
    if (this.#settingUp) this.#refuse(hungUp)
    else this.reason ??= hungUp
  }

  /** Ends it if it may not be any longer, or was to be set up by `due`. */
  review(due: number): void {
    // Not by a timer of each: most connections would set one for a millisecond.
    const reason = this.#forbidden() ?? (this.#settingUp && this.#came <= due ? 'too-slow' : undefined)
    if (reason !== undefined) this.end(reason)
  }

  end(reason: Reason): void {
    const refusal = new EgressRefusal(reason)
    if (this.#settingUp) {
      this.#refuse(refusal)
      return
    }
    if (this.reason === undefined) {
      this.reason = refusal
      this.refused(refusal)
    }
    this.app.destroy()
    this.#remote?.destroy()
  }

  /** Says no in the app's own protocol. The first reason counts: what waits still learns of it when it goes on. */
  #refuse(refusal: EgressRefusal): void {
    if (this.reason !== undefined) return
    this.reason = refusal
    this.#remote?.destroy()
    this.refused(refusal)
    this.app.end(ways[this.#target.protocol].refusal(refusal))
    this.app.destroySoon()
  }

  /**
   * Why it may not be. A lock closes what runs to third parties, and whatever is new. It leaves a store's standing
   * connections: they serve calls alone, which are all refused, what they carry stays within the server's own protection,
   * and cutting a transaction in the middle could harm the records that we protect (45 CFR 164.312(c)(1)).
   */
  #forbidden(): Reason | undefined {
    const { orders, names } = this.#options
    const target = this.#target
    const { locked } = orders.standing()
    if (locked !== undefined && (this.#settingUp || target.kind === 'agreement')) return 'locked'
    const current = names().targets.get(this.#address)
    if (current === undefined || !sameTarget(current, target)) return 'undeclared-name'
    // The next look is at the same object, until the policy changes again.
    this.#target = current
    if (current.kind !== 'agreement') return undefined
    return current.agreements.some((name) => orders.agreementActive(name)) ? undefined : 'agreement-over'
  }

  get world(): World {
    return this.#options.world
  }
  get ending(): Ending {
    return this
  }
  throwIfAborted(): void {
    if (this.reason !== undefined) throw this.reason
  }
  permit(): void {
    this.throwIfAborted()
    const reason = this.#forbidden()
    if (reason !== undefined) throw new EgressRefusal(reason)
  }
  async record(rules?: 'rules-met' | 'rules-unproved'): Promise<void> {
    this.#countOpening(this.#address)
    try {
      await this.#options.record(this.#target, rules)
    } catch {
      throw new EgressRefusal('trail-unavailable')
    }
  }
  opened(remote: Socket): void {
    this.#remote = remote
  }
  refused({ reason, cause }: EgressRefusal): void {
    this.#options.refused(this.#target.declared, reason, cause)
  }
  credential(): string | undefined {
    const { orders } = this.#options
    const { inForce } = orders.standing()
    const active = this.#target.agreements.filter((name) => orders.agreementActive(name))
    return active.map((name) => inForce?.credentials?.[name]).find((one) => one !== undefined)
  }
}

/** Resolves when it listens; rejects when the port is taken. */
export async function startListener(options: ListenerOptions): Promise<Listener> {
  const { names } = options
  const open = new Set<Connection>()

  let minute = { began: performance.now(), opened: new Map<string, number>() }
  const countOpening = (address: string): void => {
    const now = performance.now()
    if (now - minute.began >= 60_000) minute = { began: now, opened: new Map() }
    const opened = (minute.opened.get(address) ?? 0) + 1
    if (opened > opensPerMinute) throw new EgressRefusal('too-often')
    minute.opened.set(address, opened)
  }

  const server = createServer({
    allowHalfOpen: true,
    pauseOnConnect: true,
    // Nobody is far away here: the kernel says at once when the app has gone.
    noDelay: true,
  })
  server.maxConnections = connectionLimit
  server.on('connection', (app) => {
    app.on('error', heardElsewhere)
    const { localAddress: address = '' } = app
    const target = names().targets.get(address)
    if (target === undefined) {
      options.refused('undeclared', 'undeclared-address')
      app.destroy()
      return
    }
    const connection = new Connection(app, address, target, options, countOpening)
    open.add(connection)
    app.on('close', () => {
      open.delete(connection)
      connection.closed()
    })
    void connection.open()
  })
  server.on('drop', (dropped) =>
    options.refused(names().targets.get(dropped?.localAddress ?? '')?.declared ?? 'undeclared', 'too-many'),
  )
  server.listen(options.port, '0.0.0.0')
  await once(server, 'listening')

  return {
    port: (server.address() as AddressInfo).port,
    review: () => {
      const due = performance.now() - options.setupMs
      for (const connection of open) connection.review(due)
    },
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      for (const { app } of open) app.destroy()
      await closed
    },
  }
}
